# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machine of a run: which status follows, and what becomes of its messages and steps (sections 7 and 8).

Nothing is changed or written here. Each step of a run is a `Change`, which `store.runs.apply` writes.
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
from .records import Lease, MessageRecord, RunRecord, StepRecord
from .status import ACTIVE_STATUSES, MessageStatus, RunStatus, StepStatus

WireEvent = tuple[str, Mapping[str, Any]]
"""An event of a stream: its name and its data."""

_STAMPS = {RunStatus.COMPLETED: "completed_at", RunStatus.FAILED: "failed_at", RunStatus.CANCELLED: "cancelled_at"}
_MESSAGE_REASONS = {
    RunStatus.FAILED: "run_failed",
    RunStatus.CANCELLED: "run_cancelled",
    RunStatus.EXPIRED: "run_expired",
    RunStatus.INCOMPLETE: "max_tokens",
}
_NO_USAGE: Usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
_RUNNER_DIED: RunError = {"code": "server_error", "message": "The runner of this run died before the run ended."}


@dataclass(frozen=True)
class Parts:
    """Messages and steps of a run that are in progress."""

    messages: tuple[MessageRecord, ...] = ()
    steps: tuple[StepRecord, ...] = ()


@dataclass(frozen=True)
class Change:
    """A run, and those of its messages and steps that change with it, as they become."""

    run: RunRecord
    parts: tuple[MessageRecord | StepRecord, ...] = ()

    def events(self) -> list[WireEvent]:
        """What is told to those who follow the run (section 11)."""
        return [*part_events(self.parts), run_event(self.run.document)]


def begin(run: RunRecord, lease: Lease, expiry: int) -> Change:
    """Take a queued run up.

    Args:
        run: The run.
        lease: Its runner.
        expiry: Seconds that a run may take. The time that it has waited for its turn does not count.

    Returns:
        The change.
    """
    if run.document["started_at"] is not None:
        return Change(_become(run, RunStatus.IN_PROGRESS, lease))
    expires_at = now() + expiry
    begun = _become(run, RunStatus.IN_PROGRESS, lease, started_at=now(), expires_at=expires_at)
    return Change(replace(begun, expires_at=expires_at))


def give_back(run: RunRecord) -> Change:
    """Put a run that is being executed back into the queue.

    Args:
        run: The run.

    Returns:
        The change.
    """
    return Change(_become(run, RunStatus.QUEUED, NOBODY))


def end(
    run: RunRecord, parts: Parts, status: RunStatus, *, error: RunError | None = None, reason: str | None = None
) -> Change:
    """End a run, and with it whatever it has open.

    Args:
        run: The run.
        parts: Its messages and steps in progress, as far as they have come.
        status: The terminal status.
        error: With ``failed``, the wire's ``last_error``.
        reason: With ``incomplete``, the wire's ``incomplete_details.reason``.

    Returns:
        The change.
    """
    fields: dict[str, Any] = {
        "required_action": None,
        "last_error": error,
        "usage": run.private["usage"],
        "incomplete_details": {"reason": reason} if reason else None,
    }
    if status in _STAMPS:
        fields[_STAMPS[status]] = now()
    if status != RunStatus.EXPIRED:  # there it says since when
        fields["expires_at"] = None
    messages = (close_message(message, status) for message in parts.messages)
    steps = (close_step(step, status, error) for step in parts.steps)
    return Change(_become(run, status, NOBODY, **fields), (*messages, *steps))


def due(run: RunRecord, *, takes_queued: bool) -> RunStatus | None:
    """What a run must become because of the clock or its runner's death.

    Args:
        run: The run.
        takes_queued: A queued run without a runner is taken up by one of this store's servers.

    Returns:
        A terminal status, or ``None``.
    """
    if run.status not in ACTIVE_STATUSES:
        return None
    # A living runner is the first to end its run, since only it knows what has come so far, and by a clock that nobody
    # sets. A queued run waits for its turn, and its time has not begun.
    if is_held(run):
        return None
    if time.time() >= run.expires_at:
        return RunStatus.CANCELLED if run.status == RunStatus.CANCELLING else RunStatus.EXPIRED
    if run.status == RunStatus.REQUIRES_ACTION:
        return None
    if run.status == RunStatus.QUEUED:
        return None if takes_queued or run.lease_owner is None else RunStatus.FAILED
    return RunStatus.CANCELLED if run.status == RunStatus.CANCELLING else RunStatus.FAILED


def settle(run: RunRecord, parts: Parts, status: RunStatus) -> Change:
    """End a run as `due` says.

    Args:
        run: The run.
        parts: Its messages and steps in progress.
        status: What is due.

    Returns:
        The change.
    """
    return end(run, parts, status, error=_RUNNER_DIED if status == RunStatus.FAILED else None)


def cancel(run: RunRecord, parts: Parts) -> Change:
    """Cancel a run: at once if no runner holds it, otherwise by asking its runner.

    Args:
        run: The run.
        parts: Its messages and steps in progress.

    Returns:
        The change.

    Raises:
        RunNotCancellable: It has ended or is being cancelled.
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
        parts: Its messages and steps in progress, as far as they have come.
        calls: The wire's tool calls, as in a step; ``problem``, the runtime's addition, says how the arguments of a
            call break the function's schema.

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
    """Take the outputs of the function calls a run waits for, and queue it again.

    Args:
        run: The run.
        parts: Its messages and steps in progress.
        outputs: The validated ``tool_outputs``.
        lease: Whoever is going to execute it.

    Returns:
        The change.

    Raises:
        RunNotWaiting: It does not wait for outputs.
        ToolOutputsMismatch: It does not wait for exactly these.
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


def close_message(message: MessageRecord, status: RunStatus) -> MessageRecord:
    """End a message in progress, as its run does.

    Args:
        message: The message, as far as it has come.
        status: The run's status, or ``completed``.

    Returns:
        The change.
    """
    document: MessageObject
    if status == RunStatus.COMPLETED:
        document = {**message.document, "status": MessageStatus.COMPLETED, "completed_at": now()}
    else:
        reason = {"reason": _MESSAGE_REASONS[status]}
        ended = {"status": MessageStatus.INCOMPLETE, "incomplete_at": now(), "incomplete_details": reason}
        document = {**message.document, **ended}  # type: ignore[typeddict-item]
    return replace(message, document=document)


def close_step(step: StepRecord, status: RunStatus, error: RunError | None = None) -> StepRecord:
    """End a step in progress, as its run does.

    Args:
        step: The step, as far as it has come.
        status: The run's status, or ``completed``.
        error: With ``failed``, the run's ``last_error``.

    Returns:
        The change.
    """
    # No step is incomplete: what it did is done (Assistants wire, section 8).
    ended = StepStatus.COMPLETED if status == RunStatus.INCOMPLETE else StepStatus(status)
    usage = step.private.get("usage", _NO_USAGE)
    fields: dict[str, Any] = {"status": ended, f"{ended}_at": now(), "usage": usage}
    if error is not None:
        # A step's errors have no code for a refused prompt.
        code = "server_error" if error["code"] == "invalid_prompt" else error["code"]
        fields["last_error"] = {**error, "code": code}
    return replace(step, document={**step.document, **fields})  # type: ignore[typeddict-item]


def with_items(run: RunRecord, items: list[Document]) -> RunRecord:
    """A run whose next round sends further items.

    Args:
        run: The run.
        items: The model's raw output items, or the outputs of function calls.

    Returns:
        The run as it becomes.
    """
    return replace(run, private={**run.private, "items": [*run.private["items"], *items]})


def with_summaries(run: RunRecord, summaries: list[str]) -> RunRecord:
    """A run whose model has summarised its reasoning; only a run that asked for that shows it.

    Args:
        run: The run.
        summaries: The summaries of one round.

    Returns:
        The run as it becomes.
    """
    shown = cast(Document, run.document)
    if not summaries or "reasoning_summary" not in shown:
        return run
    every = [*shown.get("reasoning_summaries", []), *summaries]
    return replace(run, document=cast(RunObject, {**shown, "reasoning_summaries": every}))


def with_usage(run: RunRecord, usage: Usage) -> RunRecord:
    """A run that has used more tokens.

    Args:
        run: The run.
        usage: The tokens of one round, as far as they are known.

    Returns:
        The run as it becomes.
    """
    before = run.private["usage"]
    total: Usage = {
        "prompt_tokens": before["prompt_tokens"] + usage.get("prompt_tokens", 0),
        "completion_tokens": before["completion_tokens"] + usage.get("completion_tokens", 0),
        "total_tokens": before["total_tokens"] + usage.get("total_tokens", 0),
    }
    return replace(run, private={**run.private, "usage": total})


def with_calls(step: StepRecord, calls: list[Document]) -> StepRecord:
    """A step with other tool calls.

    Args:
        step: The step.
        calls: The wire's tool calls.

    Returns:
        The step as it becomes.
    """
    details = {**step.document["step_details"], "tool_calls": calls}
    return replace(step, document={**step.document, "step_details": details})


def run_event(run: RunObject) -> WireEvent:
    """The event that tells a run's status."""
    return f"thread.run.{run['status']}", run


def created_events(run: RunObject) -> list[WireEvent]:
    """The events that tell of a new run."""
    return [("thread.run.created", run), run_event(run)]


def part_events(parts: Iterable[MessageRecord | StepRecord]) -> list[WireEvent]:
    """The events that tell of messages and steps that they have ended.

    Args:
        parts: Messages and steps. Those in progress have nothing to tell.

    Returns:
        The events.
    """
    ended = (part for part in parts if part.document["status"] != "in_progress")
    return [(f"{_kind(part)}.{part.document['status']}", part.document) for part in ended]


def begun_events(kind: str, part: MessageObject | StepObject) -> list[WireEvent]:
    """The events that tell of a new message or step.

    Args:
        kind: What the names of its events start with.
        part: The message or step.

    Returns:
        The events.
    """
    return [(f"{kind}.created", part), (f"{kind}.in_progress", part)]


def _kind(part: MessageRecord | StepRecord) -> str:
    return "thread.message" if isinstance(part, MessageRecord) else "thread.run.step"


def _is_of_calls(step: StepRecord) -> bool:
    return step.document["type"] == "tool_calls"


def _become(run: RunRecord, status: RunStatus, lease: Lease | None = None, **fields: Any) -> RunRecord:
    """A run with another status; with another lease, if one is given, and other fields of the wire's object."""
    document: RunObject = {**run.document, "status": status, **fields}  # type: ignore[typeddict-item]
    changed = replace(run, document=document, status=status)
    return replace(changed, **lease) if lease else changed


def _answered(step: StepRecord, outputs: dict[str, str]) -> StepRecord:
    def answered(call: Document) -> Document:
        if call["type"] != "function":
            return call
        return {**call, "function": {**call["function"], "output": outputs[call["id"]]}}

    return with_calls(step, [answered(call) for call in step.document["step_details"].get("tool_calls", [])])
