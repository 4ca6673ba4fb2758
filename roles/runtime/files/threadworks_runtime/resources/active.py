# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs as they stand now: whoever reads one first ends it, if its time is over or its runner has died."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from ..lifecycle import due, settle
from ..status import ACTIVE_STATUSES
from ..store import rows
from ..store.tables import RUNS, THREADS
from .context import Context


def active_run(context: Context, connection: Connection, thread_id: str) -> Row[Any] | None:
    """The run that keeps a thread locked (Assistants wire, section 7).

    Args:
        context: The application's parts.
        connection: A writing transaction that has locked the thread.
        thread_id: The thread.

    Returns:
        The run, or ``None``: the thread is free.
    """
    runs = RUNS.table
    statement = select(runs).where(runs.c.thread_id == thread_id, runs.c.status.in_(ACTIVE_STATUSES)).with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None or settle(connection, row, takes_queued=context.executor.takes_queued):
        return None
    return row


async def current_run(context: Context, thread_id: str, run_id: str) -> Row[Any]:
    """A run as it stands.

    Args:
        context: The application's parts.
        thread_id: Its thread.
        run_id: Its id.

    Returns:
        Its row.

    Raises:
        NotFound: There is no such thread, or no such run in it.
    """

    def read(connection: Connection) -> Row[Any]:
        rows.find(connection, THREADS, thread_id)
        return rows.find(connection, RUNS, run_id, thread_id=thread_id)

    def write(connection: Connection) -> Row[Any]:
        row = locked_run(connection, thread_id, run_id)
        settle(connection, row, takes_queued=context.executor.takes_queued)
        return rows.find(connection, RUNS, run_id)

    row = await context.store.read(read)
    if due(row, takes_queued=context.executor.takes_queued) is None:
        return row
    return await context.store.write(write)


def locked_run(connection: Connection, thread_id: str, run_id: str) -> Row[Any]:
    """A run that nobody else changes until the transaction ends.

    Args:
        connection: A writing transaction.
        thread_id: Its thread; always locked first, so that no two transactions wait for each other.
        run_id: Its id.

    Returns:
        Its row.

    Raises:
        NotFound: There is no such thread, or no such run in it.
    """
    rows.find(connection, THREADS, thread_id, lock=True)
    return rows.find(connection, RUNS, run_id, lock=True, thread_id=thread_id)
