# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of the report: the conversations of a task's runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._task import Task
from ansible_collections.threadworks.openai.plugins.plugin_utils._environment import JOURNAL
from ansible_collections.threadworks.openai.plugins.plugin_utils._run_journal import note_runs, read
from ansible_collections.threadworks.openai.tests.unit.plugins.run_states import Thread
from ansible_collections.threadworks.openai.tests.world import Json


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = str(tmp_path / "journal.jsonl")
    monkeypatch.setenv(JOURNAL, path)
    return path


def _note(thread: Thread, result: Json) -> None:
    task = Task({}, False, False, print, print)
    task._wire = thread.world.wire
    note_runs(task, result, {"secret"})


def test_the_conversation_of_a_run(thread: Thread, journal: str) -> None:
    thread.answers({"text": "A secret."})
    result = thread.run().result
    _note(thread, result)
    entry = read(journal)[result["run_id"]]
    assert (entry["thread_id"], entry["assistant"], entry["is_cut"]) == (thread.id, "A", False)
    assert [each["role"] for each in entry["messages"]] == ["user", "assistant"]
    assert "secret" not in str(entry)


def test_a_task_without_a_run(thread: Thread, journal: str) -> None:
    result = thread.run(state="cancelled").result
    assert (result["run_id"], result["status"]) == (None, None)
    _note(thread, result)
    assert read(journal) == {}
