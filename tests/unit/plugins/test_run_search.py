# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How openai_run finds its run on a thread with more runs than it reads at a time."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _run_search
from ansible_collections.threadworks.openai.tests.unit.plugins.run_states import (
    CREATE,
    MESSAGES,
    RUNS,
    Thread,
    completed,
    failed,
)
from ansible_collections.threadworks.openai.tests.world import World


@pytest.fixture
def thread(world: World, monkeypatch: pytest.MonkeyPatch) -> Thread:
    monkeypatch.setattr(_run_search, "_PAGE", 2)
    monkeypatch.setattr(_run_search, "_NEWEST", {"limit": 2, "order": "desc"})
    return Thread(world)


def test_the_newest_of_many_runs(thread: Thread) -> None:
    for _each in range(4):
        completed(force=True)(thread)
    again = thread.run()
    assert (again.result["changed"], again.result["run_id"]) == (False, thread.runs[-1]["id"])
    assert again.read.count(RUNS) == 1


def test_a_completed_run_before_many_that_failed(thread: Thread) -> None:
    completed()(thread)
    for _each in range(3):
        failed(force=True)(thread)
    again = thread.run()
    assert (again.result["changed"], again.result["run_id"]) == (False, thread.runs[0]["id"])
    assert again.read[:3] == [RUNS, MESSAGES, RUNS]


def test_a_completed_run_of_a_key_before_many_that_failed(thread: Thread) -> None:
    completed(key="k")(thread)
    for _each in range(3):
        failed(key="k", force=True)(thread)
    again = thread.run(key="k")
    assert (again.result["changed"], again.result["run_id"]) == (False, thread.runs[0]["id"])


def test_a_new_message_after_many_runs(thread: Thread) -> None:
    for _each in range(3):
        completed(force=True)(thread)
    thread.say("And now?")
    new = thread.run()
    assert (new.result["changed"], new.sent) == (True, [CREATE])
    assert new.read[:3] == [RUNS, MESSAGES, RUNS]


def test_other_messages_than_those_that_a_run_has_added(thread: Thread) -> None:
    """Somebody has replaced the message that the completed run has added."""
    options = {"additional_messages": [{"content": "And?"}]}
    completed(**options)(thread)
    assert not thread.run(**options).result["changed"]
    added = next(each for each in thread.world.wire.list("threads", thread.id, "messages") if each["role"] == "user")
    thread.world.do("message", thread_id=thread.id, message_id=added["id"], state="absent")
    thread.say("Something else")
    assert thread.run(**options).result["changed"]


def test_a_run_that_failed_has_added_its_messages(thread: Thread) -> None:
    def texts() -> list[str]:
        messages = thread.world.wire.list("threads", thread.id, "messages", query={"order": "asc"})
        return [each["content"][0]["text"]["value"] for each in messages if each["role"] == "user"]

    options = {"additional_messages": [{"content": "And?"}]}
    failed(**options)(thread)
    assert thread.run(**options).result["changed"]
    assert texts() == ["Hello", "And?"]
    assert not thread.run(**options).result["changed"]
    assert thread.run(**options, force=True).result["changed"]
    assert texts() == ["Hello", "And?", "And?"]


def test_the_messages_since_the_latest_question_oldest_first() -> None:
    newest_first = [{"id": str(number), "role": "user" if number < 3 else "assistant"} for number in range(5, 0, -1)]
    asked, written = _run_search._latest(cast(Any, newest_first), 0)
    assert [message["id"] for message in asked] == ["2"]
    assert [message["id"] for message in written] == ["3", "4", "5"]
