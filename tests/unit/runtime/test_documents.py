# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sampling parameters were asked for, and objects that a step of a run leaves as they are."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from threadworks_runtime import documents, lifecycle
from threadworks_runtime.errors import RunNotCancellable
from threadworks_runtime.records import AssistantRecord, RunRecord
from threadworks_runtime.status import RunStatus

_THREAD = documents.thread("thread_1", {})


def _assistant(**fields: Any) -> AssistantRecord:
    return AssistantRecord(1, "asst_1", *documents.assistant("asst_1", {"model": "m", **fields}))


def _run(assistant: AssistantRecord, **fields: Any) -> RunRecord:
    document, private = documents.run("run_1", _THREAD, assistant, fields, 600)
    return RunRecord(1, "run_1", document, private, "thread_1", document["status"], 0, None, None, None)


def test_what_was_not_asked_for_is_shown_as_1_and_not_noted() -> None:
    run = _run(_assistant())
    assert (run.document["temperature"], run.document["top_p"]) == (1.0, 1.0)
    assert run.private["sampling"] == []


def test_a_run_takes_what_it_is_not_given_from_its_assistant() -> None:
    run = _run(_assistant(temperature=0.5, top_p=0.3), temperature=0, top_p=None)
    assert (run.document["temperature"], run.document["top_p"]) == (0, 0.3)
    assert run.private["sampling"] == ["temperature", "top_p"]


def test_null_takes_back_what_was_asked_for() -> None:
    before = _assistant(temperature=0.5, top_p=0.3)
    document, private = documents.changed_assistant(before.document, before.private, {"temperature": None})
    assert (document["temperature"], document["top_p"], private["sampling"]) == (1.0, 0.3, ["top_p"])


def test_older_stores_have_the_values_besides() -> None:
    new = _assistant(temperature=0.5)
    old: Any = {"reasoning_effort": None, "sampling": {"temperature": 0.5}}
    run = _run(AssistantRecord(1, "asst_1", new.document, old), top_p=0.3)
    assert (run.document["temperature"], run.document["top_p"]) == (0.5, 0.3)
    assert run.private["sampling"] == ["temperature", "top_p"]
    assert documents.changed_assistant(new.document, old, {"name": "x"})[1]["sampling"] == ["temperature"]


def test_a_step_of_a_run_is_a_new_value() -> None:
    run = _run(_assistant())
    before = copy.deepcopy(run)
    ended = lifecycle.end(run, lifecycle.Parts(), RunStatus.CANCELLED).run
    assert (ended.status, ended.document["status"]) == ("cancelled", "cancelled")
    assert run == before


@pytest.mark.parametrize(
    ("status", "becomes"),
    [("queued", "cancelled"), ("in_progress", "cancelling"), ("requires_action", "cancelled")],
)
def test_an_active_run_can_be_cancelled(status: str, becomes: str) -> None:
    run = replace(_run(_assistant()), status=RunStatus(status))
    assert lifecycle.cancel(run, lifecycle.Parts()).run.status == becomes


@pytest.mark.parametrize("status", ["cancelling", "completed", "failed", "cancelled", "incomplete", "expired"])
def test_any_other_run_cannot_be_cancelled(status: str) -> None:
    run = replace(_run(_assistant()), status=RunStatus(status))
    with pytest.raises(RunNotCancellable) as refused:
        lifecycle.cancel(run, lifecycle.Parts())
    assert (refused.value.run_id, refused.value.run_status) == ("run_1", status)
