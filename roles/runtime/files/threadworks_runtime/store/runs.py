# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock runs in the store, and write the steps of their state machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Table, delete, func, select

from ..lifecycle import Change, Parts, WireEvent, begin, part_events
from ..objects import Kept
from ..records import Lease, MessageRecord, RunRecord, StepRecord
from ..status import ACTIVE_STATUSES, MessageStatus, RunStatus, StepStatus
from ..usage.details import spent_latest
from . import rows
from .budgets import settle
from .direct import change as change_rows
from .statements import changed_row
from .tables import MESSAGES, RUNS, STEPS, THREADS
from .usage import insert_usage

_CHANGING = ("document", "private", "status", "expires_at", "lease_owner", "lease_until", "lease_monotonic")


def lock_run(connection: Connection, thread_id: str, run_id: str) -> RunRecord:
    """Find a run, and lock it until the transaction ends.

    Args:
        connection: A writing transaction.
        thread_id: Its thread. It is always locked first, to avoid deadlocks.
        run_id: Its id.

    Returns:
        The run.

    Raises:
        NotFound: There is no such thread, or no such run in it.
    """
    rows.find(connection, THREADS, thread_id, lock=True)
    return rows.find(connection, RUNS, run_id, lock=True, thread_id=thread_id)


def lock_by_id(connection: Connection, run_id: str) -> RunRecord | None:
    """Find a run by its id alone, and lock it until the transaction ends.

    Args:
        connection: A writing transaction.
        run_id: The run.

    Returns:
        The run, or ``None``.
    """
    run = rows.get(connection, RUNS, run_id)
    if run is None or connection.dialect.name == "sqlite":  # its writer has locked everything
        return run
    rows.get(connection, THREADS, run.thread_id, lock=True)
    return rows.get(connection, RUNS, run_id, lock=True)


def claim(connection: Connection, run_id: str, lease: Lease, expiry: int) -> RunRecord | None:
    """Start to execute a queued run.

    Args:
        connection: A writing transaction.
        run_id: The run.
        lease: The lease of its runner.
        expiry: Seconds that a run may take.

    Returns:
        The run, in progress; ``None``: it is not queued any more.
    """
    run = lock_by_id(connection, run_id)
    if run is None or run.status != RunStatus.QUEUED:
        return None
    if run.private["items"]:
        run = replace(run, private={**run.private, "kept": _kept(connection, run)})
    change = begin(run, lease, expiry)
    apply(connection, change)
    return change.run


def drop_round(connection: Connection, run: RunRecord) -> None:
    """Remove the messages and steps of the current round, because the round will be restarted.

    Args:
        connection: A writing transaction that has locked the run.
        run: The run.
    """
    kept = run.private.get("kept", {"messages": 0, "steps": 0})
    for table, last in ((MESSAGES.table, kept["messages"]), (STEPS.table, kept["steps"])):
        connection.execute(delete(table).where(table.c.run_id == run.id, table.c.seq > last))


def _kept(connection: Connection, run: RunRecord) -> Kept:
    def last(table: Table) -> int:
        return connection.execute(select(func.max(table.c.seq)).where(table.c.run_id == run.id)).scalar() or 0

    return {"messages": last(MESSAGES.table), "steps": last(STEPS.table)}


def open_parts(connection: Connection, run_id: str) -> Parts:
    """Read the messages and steps of a run that are in progress.

    Args:
        connection: A transaction.
        run_id: The run.

    Returns:
        The messages and steps, oldest first.
    """
    messages = rows.all_of(connection, MESSAGES, run_id=run_id)
    steps = rows.all_of(connection, STEPS, run_id=run_id)
    return Parts(
        tuple(message for message in messages if message.document["status"] == MessageStatus.IN_PROGRESS),
        tuple(step for step in steps if step.document["status"] == StepStatus.IN_PROGRESS),
    )


def apply(connection: Connection, change: Change) -> list[WireEvent]:
    """Write a step of a run's state machine: each row once.

    Args:
        connection: A writing transaction that has locked the run.
        change: The step.

    Returns:
        The events to send after the transaction.
    """
    write_parts(connection, change.parts)
    values = {name: getattr(change.run, name) for name in _CHANGING}
    change_rows(connection, changed_row(RUNS), {"its_seq": change.run.seq, **values})
    if change.run.status not in (RunStatus.IN_PROGRESS, RunStatus.CANCELLING):
        settle(connection, change.run, spent_latest(change.run))
    if change.run.status not in ACTIVE_STATUSES:
        insert_usage(connection, change.run)
    return change.events()


def write_parts(connection: Connection, parts: Sequence[MessageRecord | StepRecord]) -> list[WireEvent]:
    """Write changed messages and steps of a run.

    Args:
        connection: A writing transaction that has locked the run.
        parts: The changed messages and steps. Metadata of kinds with a metadata filter is unchanged.

    Returns:
        The events to send after the transaction.
    """
    for part in parts:
        values = {"its_seq": part.seq, "document": part.document, "private": part.private}
        change_rows(connection, changed_row(MESSAGES if isinstance(part, MessageRecord) else STEPS), values)
    return part_events(parts)
