# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state machine of a run: how it ends, and what becomes of its open messages and steps with it.

Each change is written in the caller's transaction and answers with the wire's events, to be sent once that transaction
has ended (Assistants wire, sections 7, 8 and 11).
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Row

from .documents import Document
from .errors import RunNotCancellable, RunNotWaiting, ToolOutputsMismatch
from .ids import now
from .leases import NOBODY, is_held
from .status import ACTIVE_STATUSES, RESTING_STATUSES
from .store import rows
from .store.tables import MESSAGES, RUNS, STEPS, Kind

WireEvent = tuple[str, Document]

_STAMPS = {"completed": "completed_at", "failed": "failed_at", "cancelled": "cancelled_at"}
_MESSAGE_REASONS = {
    "failed": "run_failed",
    "cancelled": "run_cancelled",
    "expired": "run_expired",
    "incomplete": "max_tokens",
}
_NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
_RUNNER_DIED = {"code": "server_error", "message": "The runner of this run died before the run ended."}


def end(
    connection: Connection,
    row: Row[Any],
    status: str,
    *,
    error: Document | None = None,
    reason: str | None = None,
    contents: dict[str, list[Document]] | None = None,
) -> list[WireEvent]:
    """End a run, and with it whatever it has open.

    Args:
        connection: A writing transaction that has locked the run.
        row: The run; its ``private`` is written as it is now.
        status: The terminal status.
        error: ``failed``: the wire's ``last_error``.
        reason: ``incomplete``: the wire's ``incomplete_details.reason``.
        contents: By message id, what has come so far of a message in progress.

    Returns:
        The events.
    """
    run = row.document
    contents = contents or {}
    events = [
        close_message(connection, message, status, contents.get(message.id))
        for message in _open(connection, MESSAGES, row.id)
    ]
    events += [close_step(connection, step, status, error) for step in _open(connection, STEPS, row.id)]
    run.update(status=status, required_action=None, last_error=error, usage=row.private["usage"])
    run["incomplete_details"] = {"reason": reason} if reason else None
    if status in _STAMPS:
        run[_STAMPS[status]] = now()
    if status != "expired":  # there it says since when
        run["expires_at"] = None
    return [*events, save(connection, row, run)]


def save(connection: Connection, row: Row[Any], run: Document) -> WireEvent:
    """Write a run that has changed its status. A run that is not at work has no runner.

    Args:
        connection: A writing transaction that has locked the run.
        row: The run; its ``private`` is written as it is now.
        run: The wire's object in its desired state.

    Returns:
        The event.
    """
    released = NOBODY if run["status"] in RESTING_STATUSES else {}
    return run_event(rows.save(connection, RUNS, row, run, row.private, status=run["status"], **released))


def settle(connection: Connection, row: Row[Any], *, takes_queued: bool) -> list[WireEvent]:
    """End a run whose time is over or whose runner is dead; leave any other alone.

    Args:
        connection: A writing transaction that has locked the run.
        row: The run.
        takes_queued: A queued run without a runner is taken up by one of this store's servers.

    Returns:
        The events; none: there was nothing to settle.
    """
    status = due(row, takes_queued=takes_queued)
    if status is None:
        return []
    return end(connection, row, status, error=_RUNNER_DIED if status == "failed" else None)


def due(row: Row[Any], *, takes_queued: bool) -> str | None:
    """What a run must become because of the clock or its runner's death.

    Args:
        row: The run.
        takes_queued: As for `settle`.

    Returns:
        A terminal status, or ``None``.
    """
    if row.status not in ACTIVE_STATUSES:
        return None
    # A living runner is the first to end its run, since only it knows what has come so far, and by a clock that nobody
    # sets. A queued run waits for its turn, and its time has not begun.
    if is_held(row):
        return None
    if time.time() >= row.expires_at:
        return "cancelled" if row.status == "cancelling" else "expired"
    if row.status == "requires_action":
        return None
    if row.status == "queued":
        return None if takes_queued or row.lease_owner is None else "failed"
    return "cancelled" if row.status == "cancelling" else "failed"


def cancel(connection: Connection, row: Row[Any]) -> list[WireEvent]:
    """Cancel a run: at once if no runner holds it, otherwise by asking its runner.

    Args:
        connection: A writing transaction that has locked the run.
        row: The run.

    Returns:
        The events.

    Raises:
        RunNotCancellable: It has ended or is being cancelled.
    """
    if row.status in ("queued", "requires_action"):
        return end(connection, row, "cancelled")
    if row.status != "in_progress":
        raise RunNotCancellable(row.id, row.status)
    return [save(connection, row, {**row.document, "status": "cancelling"})]


def submit(connection: Connection, row: Row[Any], outputs: list[Document], lease: dict[str, Any]) -> list[WireEvent]:
    """Take the outputs of the function calls a run waits for, and queue it again.

    Args:
        connection: A writing transaction that has locked the run.
        row: The run.
        outputs: The validated ``tool_outputs``.
        lease: The columns of whoever is going to execute it.

    Returns:
        The events.

    Raises:
        RunNotWaiting: It does not wait for outputs.
        ToolOutputsMismatch: It does not wait for exactly these.
    """
    if row.status != "requires_action":
        raise RunNotWaiting(row.id, row.status)
    run, given = row.document, {output["tool_call_id"]: output.get("output", "") for output in outputs}
    expected = [call["id"] for call in run["required_action"]["submit_tool_outputs"]["tool_calls"]]
    answered = [output["tool_call_id"] for output in outputs]
    if sorted(expected) != sorted(answered):
        raise ToolOutputsMismatch(row.id, expected, answered)
    events = [close_step(connection, _answered(step, given), "completed") for step in _open(connection, STEPS, row.id)]
    items = [{"type": "function_call_output", "call_id": id, "output": given[id]} for id in expected]
    private = {**row.private, "items": [*row.private["items"], *items]}
    run.update(status="queued", required_action=None)
    return [*events, run_event(rows.save(connection, RUNS, row, run, private, status="queued", **lease))]


def run_event(run: Document) -> WireEvent:
    """The event that tells a run's status."""
    return f"thread.run.{run['status']}", run


def wait(connection: Connection, row: Row[Any], calls: list[Document]) -> WireEvent:
    """Let a run wait for the outputs of its function calls.

    Args:
        connection: A writing transaction that has locked the run.
        row: The run; its ``private`` is written as it is now.
        calls: The wire's tool calls, as in a step; ``problem``, the runtime's addition, says how the arguments of a
            call break the function's schema.

    Returns:
        The event.
    """
    names = ("name", "arguments", "problem")
    asked = [{**call, "function": {name: call["function"][name] for name in names}} for call in calls]
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": asked}}
    return save(connection, row, {**row.document, "status": "requires_action", "required_action": action})


def close_message(
    connection: Connection, row: Row[Any], status: str, content: list[Document] | None = None
) -> WireEvent:
    """End a message in progress, as its run does.

    Args:
        connection: A writing transaction that has locked the run.
        row: The message.
        status: The run's status, or ``completed``.
        content: What has come of it; ``None``: what is stored.

    Returns:
        The event.
    """
    message = row.document
    if content is not None:
        message["content"] = content
    if status == "completed":
        message.update(status="completed", completed_at=now())
    else:
        reason = {"reason": _MESSAGE_REASONS[status]}
        message.update(status="incomplete", incomplete_at=now(), incomplete_details=reason)
    return f"thread.message.{message['status']}", rows.save(connection, MESSAGES, row, message)


def close_step(connection: Connection, row: Row[Any], status: str, error: Document | None = None) -> WireEvent:
    """End a step in progress, as its run does.

    Args:
        connection: A writing transaction that has locked the run.
        row: The step.
        status: The run's status, or ``completed``.
        error: ``failed``: the run's ``last_error``.

    Returns:
        The event.
    """
    if status == "incomplete":  # no step is: what it did is done (Assistants wire, section 8)
        status = "completed"
    step = row.document
    step.update({"status": status, f"{status}_at": now(), "usage": row.private.get("usage", _NO_USAGE)})
    if error is not None:
        # A step's errors have no code for a refused prompt.
        step["last_error"] = {**error, "code": "server_error"} if error["code"] == "invalid_prompt" else error
    return f"thread.run.step.{status}", rows.save(connection, STEPS, row, step)


def _open(connection: Connection, kind: Kind, run_id: str) -> list[Row[Any]]:
    return [row for row in rows.all_of(connection, kind, run_id=run_id) if row.document["status"] == "in_progress"]


def _answered(row: Row[Any], outputs: dict[str, str]) -> Row[Any]:
    for call in row.document["step_details"].get("tool_calls", []):
        if call["type"] == "function":
            call["function"]["output"] = outputs[call["id"]]
    return row
