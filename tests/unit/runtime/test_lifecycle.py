# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machine of a run: which status is due, and what a step does to the run, its messages and its steps."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from threadworks_runtime import documents, lifecycle
from threadworks_runtime.errors import RunNotCancellable, RunNotWaiting, ToolOutputsMismatch
from threadworks_runtime.leases import NOBODY, held_for
from threadworks_runtime.lifecycle import Parts
from threadworks_runtime.owners import new_owner
from threadworks_runtime.records import AssistantRecord, MessageRecord, RunRecord, RunState, StepRecord
from threadworks_runtime.status import RunStatus

_HOST, _PID, _STARTED, _NONCE = new_owner().split("|")
_OWNERS = {
    "alive": f"{_HOST}|{_PID}|{_STARTED}|{_NONCE}",
    "dead": f"{_HOST}|{_PID}|1|{_NONCE}",
    "dead worker": f"{_HOST}|{_PID}|1|queue-{_NONCE}",
}


def _run(status: str = "queued", **private: Any) -> RunRecord:
    assistant = AssistantRecord(1, "asst_1", *documents.assistant("asst_1", {"model": "m"}))
    document, own = documents.run("run_1", documents.thread("thread_1", {}), assistant, {}, 600)
    document = {**document, "status": RunStatus(status)}
    return RunRecord(1, "run_1", document, {**own, **private}, "thread_1", RunStatus(status), 0, None, None, None)


@pytest.mark.parametrize("takes_queued", [True, False])
@pytest.mark.parametrize(
    ("status", "owner", "is_over", "expected"),
    [
        ("completed", None, True, None),
        ("in_progress", "alive", True, None),
        ("cancelling", "alive", False, None),
        ("queued", None, True, "expired"),
        ("in_progress", "dead", True, "expired"),
        ("requires_action", None, True, "expired"),
        ("cancelling", "dead", True, "cancelled"),
        ("cancelling", "dead", False, "cancelled"),
        ("queued", None, False, None),
        ("requires_action", None, False, None),
        ("in_progress", None, False, None),
        ("in_progress", "dead", False, "failed"),
        ("in_progress", "dead worker", False, None),
    ],
)
def test_which_status_is_due(
    status: str, owner: str | None, is_over: bool, expected: str | None, takes_queued: bool
) -> None:
    expires_at = int(time.time()) + (-1 if is_over else 600)
    later = None if owner is None else time.time() + 600
    monotonic = None if owner is None else time.monotonic() + 600
    run = RunState(RunStatus(status), expires_at, _OWNERS[owner] if owner else None, later, monotonic)
    assert lifecycle.due(run, takes_queued=takes_queued) == expected


@pytest.mark.parametrize(("takes_queued", "expected"), [(True, None), (False, "failed")])
def test_a_queued_run_of_a_dead_process_fails_unless_others_execute_it(
    takes_queued: bool, expected: str | None
) -> None:
    run = RunState(RunStatus.QUEUED, int(time.time()) + 600, _OWNERS["dead"], None, None)
    assert lifecycle.due(run, takes_queued=takes_queued) == expected


def test_the_time_of_a_run_starts_once() -> None:
    """A run that is queued again, because its runner has stopped or its tools have answered, keeps its expiry."""
    before = int(time.time())
    begun = lifecycle.begin(_run(), held_for(_OWNERS["alive"], 30), 600).run
    assert begun.status == begun.document["status"] == "in_progress"
    assert before <= (begun.document["started_at"] or 0) <= time.time()
    assert before + 600 <= begun.expires_at == begun.document["expires_at"] <= time.time() + 600
    assert begun.lease_owner == _OWNERS["alive"]
    queued = replace(lifecycle.give_back(begun).run, expires_at=5)
    queued = replace(queued, document={**queued.document, "started_at": 4, "expires_at": 5})
    again = lifecycle.begin(queued, held_for(_OWNERS["dead"], 30), 600).run
    assert (again.status, again.lease_owner) == ("in_progress", _OWNERS["dead"])
    assert (again.expires_at, again.document["started_at"], again.document["expires_at"]) == (5, 4, 5)


@pytest.mark.parametrize(
    ("before", "after"), [("queued", "cancelled"), ("requires_action", "cancelled"), ("in_progress", "cancelling")]
)
def test_the_runner_of_a_run_cancels_it(before: str, after: str) -> None:
    run = replace(_run(before), lease_owner=_OWNERS["alive"])
    cancelled = lifecycle.cancel(run, Parts()).run
    assert cancelled.status == after
    assert (cancelled.lease_owner is None) == (after == "cancelled")


@pytest.mark.parametrize("status", ["completed", "failed", "expired", "cancelling"])
def test_a_run_that_ends_cannot_be_cancelled(status: str) -> None:
    with pytest.raises(RunNotCancellable):
        lifecycle.cancel(_run(status), Parts())


@pytest.mark.parametrize(
    ("before", "due", "rounds"),
    [("in_progress", "failed", 1), ("cancelling", "cancelled", 1), ("queued", "expired", 0)],
)
def test_a_round_that_was_cut_off_counts(before: str, due: str, rounds: int) -> None:
    settled = lifecycle.settle(_run(before), Parts(), RunStatus(due)).run
    assert settled.private["details"]["rounds"] == rounds
    assert settled.status == settled.document["status"] == due
    assert (settled.document["last_error"] is not None) == (due == "failed")


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "incomplete", "expired"])
def test_only_an_expired_run_keeps_its_expiry_in_the_api(status: str) -> None:
    run = _run("in_progress")
    run = replace(run, document={**run.document, "expires_at": 1795716000})
    ended = lifecycle.end(run, Parts(), RunStatus(status)).run.document
    assert ended["expires_at"] == (1795716000 if status == "expired" else None)
    stamps = {name for name in ("completed_at", "failed_at", "cancelled_at") if ended[name] is not None}
    assert stamps == ({f"{status}_at"} if status in ("completed", "failed", "cancelled") else set())


def test_only_failures_count_as_restarts() -> None:
    run = lifecycle.give_back(_run("in_progress")).run
    assert "restarts" not in run.private
    for number in (1, 2):
        run = lifecycle.give_back(run, has_failed=True).run
        assert run.private["restarts"] == number
    assert (run.status, run.lease_owner) == ("queued", None)


@pytest.mark.parametrize(
    ("status", "reason", "shown", "why"),
    [
        ("completed", None, "completed", None),
        ("failed", None, "incomplete", "run_failed"),
        ("cancelled", None, "incomplete", "run_cancelled"),
        ("expired", None, "incomplete", "run_expired"),
        ("incomplete", "max_completion_tokens", "incomplete", "max_tokens"),
        ("incomplete", "content_filter", "incomplete", "content_filter"),
    ],
)
def test_an_open_message_ends_with_its_run(status: str, reason: str | None, shown: str, why: str | None) -> None:
    document: Any = {"id": "msg_1", "status": "in_progress", "completed_at": None, "incomplete_at": None}
    message = MessageRecord(1, "msg_1", {**document, "incomplete_details": None}, {}, "thread_1", "run_1")
    ended: Any = lifecycle.close_message(message, RunStatus(status), reason).document
    assert ended["status"] == shown
    assert ended["incomplete_details"] == (why and {"reason": why})
    assert (ended["completed_at"] is None) == (ended["incomplete_at"] is not None) == (shown == "incomplete")


@pytest.mark.parametrize(
    ("status", "code", "shown", "shown_code"),
    [
        ("completed", None, "completed", None),
        ("incomplete", None, "completed", None),
        ("cancelled", None, "cancelled", None),
        ("failed", "rate_limit_exceeded", "failed", "rate_limit_exceeded"),
        ("failed", "invalid_prompt", "failed", "server_error"),
    ],
)
def test_an_open_step_ends_with_its_run(status: str, code: str | None, shown: str, shown_code: str | None) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    document: Any = {"id": "step_1", "status": "in_progress", "last_error": None, "type": "message_creation"}
    step = StepRecord(1, "step_1", document, {"usage": usage}, "run_1")  # type: ignore[typeddict-item]
    error: Any = code and {"code": code, "message": "No."}
    ended: Any = lifecycle.close_step(step, RunStatus(status), error).document
    assert (ended["status"], ended["usage"]) == (shown, usage)
    assert ended[f"{shown}_at"] is not None
    assert ended["last_error"] == (shown_code and {"code": shown_code, "message": "No."})
    unused: Any = lifecycle.close_step(replace(step, private={}), RunStatus(status)).document
    assert unused["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


@pytest.mark.parametrize(
    ("reason", "message", "details"),
    [
        (None, None, None),
        ("max_prompt_tokens", None, {"reason": "max_prompt_tokens"}),
        ("budget_exceeded", "Too much.", {"reason": "budget_exceeded", "message": "Too much."}),
    ],
)
def test_why_a_run_is_incomplete(reason: str | None, message: str | None, details: Any) -> None:
    ended = lifecycle.end(_run("in_progress"), Parts(), RunStatus.INCOMPLETE, reason=reason, message=message)
    assert ended.run.document["incomplete_details"] == details


def test_summaries_are_added_if_the_run_asked_for_them() -> None:
    run = _run("in_progress")
    assert lifecycle.with_summaries(run, ["One."]) == run
    asked = replace(run, document={**run.document, "reasoning_summary": "auto"})  # type: ignore[typeddict-unknown-key]
    assert lifecycle.with_summaries(asked, []) == asked
    shown: Any = lifecycle.with_summaries(lifecycle.with_summaries(asked, ["One."]), ["Two.", "Three."]).document
    assert shown["reasoning_summaries"] == ["One.", "Two.", "Three."]


def _call(number: int) -> dict[str, Any]:
    function = {"name": "disk", "arguments": "{}", "output": None, "problem": None}
    return {"id": f"call_{number}", "type": "function", "function": function}


def _waiting() -> tuple[RunRecord, Parts]:
    """Return a run that waits for the outputs of two calls, and its open step."""
    details: Any = {"type": "tool_calls", "tool_calls": [_call(1), _call(2)]}
    document: Any = {"id": "step_1", "status": "in_progress", "type": "tool_calls", "step_details": details}
    parts = Parts((), (StepRecord(1, "step_1", document, {}, "run_1"),))
    change = lifecycle.wait(_run("in_progress"), parts, [_call(1), _call(2)])
    assert change.parts == parts.steps
    return change.run, parts


def test_outputs_continue_a_run_that_waits_for_them() -> None:
    run, parts = _waiting()
    assert (run.status, run.lease_owner) == ("requires_action", None)
    outputs: list[Any] = [{"tool_call_id": "call_2", "output": "b"}, {"tool_call_id": "call_1"}]
    change = lifecycle.submit(run, parts, outputs, held_for(_OWNERS["alive"], 30))
    assert (change.run.status, change.run.document["required_action"]) == ("queued", None)
    assert [item["output"] for item in change.run.private["items"]] == ["", "b"]
    (step,) = change.parts
    calls = step.document["step_details"]["tool_calls"]  # type: ignore[typeddict-item]
    assert (step.document["status"], [call["function"]["output"] for call in calls]) == ("completed", ["", "b"])


@pytest.mark.parametrize("given", [[], ["call_1"], ["call_1", "call_3"], ["call_1", "call_1", "call_2"]])
def test_outputs_must_match_the_calls(given: list[str]) -> None:
    run, parts = _waiting()
    with pytest.raises(ToolOutputsMismatch):
        lifecycle.submit(run, parts, [{"tool_call_id": id} for id in given], NOBODY)


def test_a_run_that_does_not_wait_takes_no_outputs() -> None:
    waiting, parts = _waiting()
    outputs: list[Any] = [{"tool_call_id": f"call_{number}"} for number in (1, 2)]
    for run in (_run("in_progress"), _run("requires_action"), replace(waiting, status=RunStatus.EXPIRED)):
        with pytest.raises(RunNotWaiting):
            lifecycle.submit(run, parts, outputs, NOBODY)
