# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machine of a run: the next status, and the effect on its messages and steps (sections 7 and 8).

This module does not write anything. Each step of a run is a `Change`, which `store.runs.apply` writes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from .errors import RunNotCancellable, RunNotWaiting, ToolOutputsMismatch
from .ids import now
from .leases import NOBODY, is_held
from .objects import Document, MessageObject, RunError, RunObject, StepObject, Usage
from .owners import is_of_queue
from .records import Lease, MessageRecord, RunRecord, RunState, StepRecord
from .status import ACTIVE_STATUSES, MessageStatus, RunStatus, StepStatus
from .usage.details import shown_details
from .usage.runs import ended, started, with_cut_round

WireEvent = tuple[str, Mapping[str, Any]]
"""An event of a stream: its name and its data."""

DETAILS = "details"
"""The key of the details in the object of a run."""
_STAMPS = {RunStatus.COMPLETED: "completed_at", RunStatus.FAILED: "failed_at", RunStatus.CANCELLED: "cancelled_at"}
_MESSAGE_REASONS = {
    RunStatus.FAILED: "run_failed",
    RunStatus.CANCELLED: "run_cancelled",
    RunStatus.EXPIRED: "run_expired",
    RunStatus.INCOMPLETE: "max_tokens",
}
_FILTERED = "content_filter"
_NO_USAGE: Usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
_RUNNER_DIED: RunError = {"code": "server_error", "message": "The runner of this run died before the run ended."}


@dataclass(frozen=True)
class Parts:
    """The messages and steps of a run that are in progress."""

    messages: tuple[MessageRecord, ...] = ()
    steps: tuple[StepRecord, ...] = ()


@dataclass(frozen=True)
class Change:
    """The changed run, and its messages and steps that change with it."""

    run: RunRecord
    parts: tuple[MessageRecord | StepRecord, ...] = ()

    def events(self) -> list[WireEvent]:
        """Return the events for clients that follow the run (section 11)."""
        return [*part_events(self.parts), run_event(self.run)]


def begin(run: RunRecord, lease: Lease, expiry: int) -> Change:
    """Start to execute a queued run.

    Args:
        run: The run.
        lease: The lease of its runner.
        expiry: The maximum duration of a run in seconds, without the time in the queue.

    Returns:
        The change.
    """
    if run.document["started_at"] is not None:
        return Change(_become(started(run), RunStatus.IN_PROGRESS, lease))
    expires_at = now() + expiry
    begun = _become(started(run), RunStatus.IN_PROGRESS, lease, started_at=now(), expires_at=expires_at)
    return Change(replace(begun, expires_at=expires_at))


def give_back(run: RunRecord, *, has_failed: bool = False) -> Change:
    """Return an active run to the queue.

    Args:
        run: The run.
        has_failed: Whether the runner has died or lost the store. This is counted.

    Returns:
        The change.
    """
    if has_failed:
        run = replace(run, private={**run.private, "restarts": run.private.get("restarts", 0) + 1})
    return Change(_become(run, RunStatus.QUEUED, NOBODY))


def end(
    run: RunRecord,
    parts: Parts,
    status: RunStatus,
    *,
    error: RunError | None = None,
    reason: str | None = None,
    message: str | None = None,
) -> Change:
    """End a run and its open messages and steps.

    Args:
        run: The run.
        parts: Its messages and steps in progress.
        status: The terminal status.
        error: The ``last_error`` for ``failed``.
        reason: Why the run is ``incomplete``: one of the API's reasons of a run, or ``content_filter``.
        message: An explanation of the reason, an addition of the runtime.

    Returns:
        The change.
    """
    fields: dict[str, Any] = {
        "required_action": None,
        "last_error": error,
        "usage": run.private["usage"],
        "incomplete_details": _incomplete_details(reason, message),
    }
    if status in _STAMPS:
        fields[_STAMPS[status]] = now()
    if status != RunStatus.EXPIRED:  # it keeps the time of the expiry
        fields["expires_at"] = None
    messages = (close_message(message, status, reason) for message in parts.messages)
    steps = (close_step(step, status, error) for step in parts.steps)
    return Change(_become(ended(run), status, NOBODY, **fields), (*messages, *steps))


def due(run: RunRecord | RunState, *, takes_queued: bool) -> RunStatus | None:
    """Return the status that a run must get because it has expired or its runner has died.

    Args:
        run: The run.
        takes_queued: Whether a server of this store executes queued runs without a runner.

    Returns:
        A terminal status, or None if nothing is due.
    """
    # A running runner ends its run itself, because only it knows the data received so far, and it uses the monotonic
    # clock. The time of a queued run has not started.
    if run.status not in ACTIVE_STATUSES or is_held(run):
        return None
    if time.time() >= run.expires_at:
        return RunStatus.CANCELLED if run.status == RunStatus.CANCELLING else RunStatus.EXPIRED
    if run.status == RunStatus.CANCELLING:
        return RunStatus.CANCELLED
    if run.status == RunStatus.QUEUED:
        is_taken_over = takes_queued or run.lease_owner is None
    else:
        is_taken_over = run.lease_owner is None or is_of_queue(run.lease_owner)
    return None if is_taken_over else RunStatus.FAILED


def settle(run: RunRecord, parts: Parts, status: RunStatus) -> Change:
    """End a run as `due` says.

    Args:
        run: The run.
        parts: Its messages and steps in progress.
        status: The status that is due.

    Returns:
        The change.
    """
    if run.status in (RunStatus.IN_PROGRESS, RunStatus.CANCELLING):
        run = with_cut_round(run)
    return end(run, parts, status, error=_RUNNER_DIED if status == RunStatus.FAILED else None)


def cancel(run: RunRecord, parts: Parts) -> Change:
    """Cancel a run. If a runner holds it, the runner is asked to cancel it.

    Args:
        run: The run.
        parts: Its messages and steps in progress.

    Returns:
        The change.

    Raises:
        RunNotCancellable: The run has ended or is already being cancelled.
    """
    if run.status in (RunStatus.QUEUED, RunStatus.REQUIRES_ACTION):
        return end(run, parts, RunStatus.CANCELLED)
    if run.status != RunStatus.IN_PROGRESS:
        raise RunNotCancellable(run.id, run.status)
    return Change(_become(run, RunStatus.CANCELLING))


def wait(run: RunRecord, parts: Parts, calls: list[Document]) -> Change:
    """Let a run wait for the outputs of its function calls. The step of these calls stays in progress.

    Args:
        run: The run.
        parts: Its messages and steps in progress.
        calls: The tool calls of the API, as in a step. ``problem``, an addition of the runtime, describes how the
            arguments of a call violate the schema of the function.

    Returns:
        The change.
    """
    names = ("name", "arguments", "problem")
    asked = [{**call, "function": {name: call["function"][name] for name in names}} for call in calls]
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": asked}}
    messages = (close_message(message, RunStatus.COMPLETED) for message in parts.messages)
    steps = (step if _is_of_calls(step) else close_step(step, RunStatus.COMPLETED) for step in parts.steps)
    return Change(_become(run, RunStatus.REQUIRES_ACTION, NOBODY, required_action=action), (*messages, *steps))


def submit(run: RunRecord, parts: Parts, outputs: list[Document], lease: Lease) -> Change:
    """Add the outputs of the function calls that a run waits for, and queue the run again.

    Args:
        run: The run.
        parts: Its messages and steps in progress.
        outputs: The validated ``tool_outputs``.
        lease: The lease of the runner that will execute it.

    Returns:
        The change.

    Raises:
        RunNotWaiting: The run does not wait for outputs.
        ToolOutputsMismatch: The outputs do not match the waiting calls.
    """
    action = run.document["required_action"]
    if run.status != RunStatus.REQUIRES_ACTION or action is None:
        raise RunNotWaiting(run.id, run.status)
    given = {output["tool_call_id"]: output.get("output", "") for output in outputs}
    expected = [call["id"] for call in action["submit_tool_outputs"]["tool_calls"]]
    answered = [output["tool_call_id"] for output in outputs]
    if sorted(expected) != sorted(answered):
        raise ToolOutputsMismatch(run.id, expected, answered)
    items = [{"type": "function_call_output", "call_id": id, "output": given[id]} for id in expected]
    steps = tuple(close_step(_answered(step, given), RunStatus.COMPLETED) for step in parts.steps)
    return Change(_become(with_items(run, items), RunStatus.QUEUED, lease, required_action=None), steps)


def close_message(message: MessageRecord, status: RunStatus, reason: str | None = None) -> MessageRecord:
    """End a message in progress when its run ends.

    Args:
        message: The message in progress.
        status: The status of the run, or ``completed``.
        reason: Why the run is ``incomplete``.

    Returns:
        The change.
    """
    document: MessageObject
    if status == RunStatus.COMPLETED:
        document = {**message.document, "status": MessageStatus.COMPLETED, "completed_at": now()}
    else:
        why = {"reason": _FILTERED if reason == _FILTERED else _MESSAGE_REASONS[status]}
        ended = {"status": MessageStatus.INCOMPLETE, "incomplete_at": now(), "incomplete_details": why}
        document = {**message.document, **ended}  # type: ignore[typeddict-item]
    return replace(message, document=document)


def close_step(step: StepRecord, status: RunStatus, error: RunError | None = None) -> StepRecord:
    """End a step in progress when its run ends.

    Args:
        step: The step in progress.
        status: The status of the run, or ``completed``.
        error: The ``last_error`` of the run for ``failed``.

    Returns:
        The change.
    """
    # Steps have no status incomplete (Assistants wire, section 8).
    ended = StepStatus.COMPLETED if status == RunStatus.INCOMPLETE else StepStatus(status)
    usage = step.private.get("usage", _NO_USAGE)
    fields: dict[str, Any] = {"status": ended, f"{ended}_at": now(), "usage": usage}
    if error is not None:
        # The errors of a step have no code for a refused prompt.
        code = "server_error" if error["code"] == "invalid_prompt" else error["code"]
        fields["last_error"] = {**error, "code": code}
    return replace(step, document={**step.document, **fields})  # type: ignore[typeddict-item]


def with_items(run: RunRecord, items: list[Document]) -> RunRecord:
    """Return a run with further items for the next round.

    Args:
        run: The run.
        items: The model's raw output items, or the outputs of function calls.

    Returns:
        The changed run.
    """
    return replace(run, private={**run.private, "items": [*run.private["items"], *items]})


def with_summaries(run: RunRecord, summaries: list[str]) -> RunRecord:
    """Return a run with the summaries of the model's reasoning, if the run requested summaries.

    Args:
        run: The run.
        summaries: The summaries of one round.

    Returns:
        The changed run.
    """
    shown = cast(Document, run.document)
    if not summaries or "reasoning_summary" not in shown:
        return run
    every = [*shown.get("reasoning_summaries", []), *summaries]
    return replace(run, document=cast(RunObject, {**shown, "reasoning_summaries": every}))


def with_calls(step: StepRecord, calls: list[Document]) -> StepRecord:
    """Return a step with changed tool calls.

    Args:
        step: The step.
        calls: The tool calls of the API.

    Returns:
        The changed step.
    """
    details = {**step.document["step_details"], "tool_calls": calls}
    return replace(step, document={**step.document, "step_details": details})


def run_event(run: RunRecord) -> WireEvent:
    """Return the event for the status of a run, with the details that only some clients get."""
    return f"thread.run.{run.status}", {**run.document, DETAILS: shown_details(run)}


def created_events(run: RunObject) -> list[WireEvent]:
    """Return the events for a new run."""
    return [("thread.run.created", run), (f"thread.run.{run['status']}", run)]


def part_events(parts: Iterable[MessageRecord | StepRecord]) -> list[WireEvent]:
    """Return the events for messages and steps that have ended.

    Args:
        parts: Messages and steps. Those in progress have no events.

    Returns:
        The events.
    """
    open_statuses = (MessageStatus.IN_PROGRESS, StepStatus.IN_PROGRESS)
    ended = (part for part in parts if part.document["status"] not in open_statuses)
    return [(f"{_kind(part)}.{part.document['status']}", part.document) for part in ended]


def begun_events(kind: str, part: MessageObject | StepObject) -> list[WireEvent]:
    """Return the events for a new message or step.

    Args:
        kind: The prefix of the event names.
        part: The message or step.

    Returns:
        The events.
    """
    return [(f"{kind}.created", part), (f"{kind}.in_progress", part)]


def _incomplete_details(reason: str | None, message: str | None) -> dict[str, str] | None:
    if reason == _FILTERED:
        # The API has this reason for messages only. Clients that check the reason of a run would refuse it.
        return {"code": reason, "message": "The content filter of the model server stopped the answer."}
    return {"reason": reason, **({"message": message} if message else {})} if reason else None


def _kind(part: MessageRecord | StepRecord) -> str:
    return "thread.message" if isinstance(part, MessageRecord) else "thread.run.step"


def _is_of_calls(step: StepRecord) -> bool:
    return step.document["type"] == "tool_calls"


def _become(run: RunRecord, status: RunStatus, lease: Lease | None = None, **fields: Any) -> RunRecord:
    """Return a run with a changed status, lease (if given) and fields."""
    document: RunObject = {**run.document, "status": status, **fields}  # type: ignore[typeddict-item]
    changed = replace(run, document=document, status=status)
    return replace(changed, **lease) if lease else changed


def _answered(step: StepRecord, outputs: dict[str, str]) -> StepRecord:
    def answered(call: Document) -> Document:
        if call["type"] != "function":
            return call
        return {**call, "function": {**call["function"], "output": outputs[call["id"]]}}

    return with_calls(step, [answered(call) for call in step.document["step_details"].get("tool_calls", [])])
