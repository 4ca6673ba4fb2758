# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The current state of runs. The first reader ends a run that has expired or whose runner has died."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from ..errors import NotFound
from ..lifecycle import due, settle
from ..records import RunRecord, RunState
from ..store import rows, runs
from ..store.direct import fetch
from ..store.tables import IS_ACTIVE, RUNS, THREADS
from .context import Context
from .followers import Look


def active_run(context: Context, connection: Connection, thread_id: str) -> RunRecord | None:
    """Return the active run of a thread (Assistants wire, section 7).

    Args:
        context: The parts of the application.
        connection: A writing transaction that has locked the thread.
        thread_id: The thread.

    Returns:
        The run, or None if there is none.
    """
    found = fetch(connection, _active(), {"thread_id": thread_id})
    if not found:
        return None
    run = RunRecord(*found[0])
    return None if _settle(context, connection, run) else run


@cache
def _active() -> Select[Any]:
    """Return the statement that selects and locks the active run of the thread `thread_id`."""
    table = RUNS.table
    statement = select(*RUNS.columns).where(table.c.thread_id == bindparam("thread_id"), IS_ACTIVE)
    return statement.with_for_update()


async def current_run(context: Context, thread_id: str, run_id: str) -> RunRecord:
    """Return the current state of a run.

    Args:
        context: The parts of the application.
        thread_id: Its thread.
        run_id: Its id.

    Returns:
        The run.

    Raises:
        NotFound: There is no such thread, or no such run in it.
    """

    def read(connection: Connection) -> RunRecord:
        run = rows.get(connection, RUNS, run_id, thread_id=thread_id)
        if run is None:
            rows.find(connection, THREADS, thread_id)
            raise NotFound(RUNS.noun, run_id)
        return run

    def write(connection: Connection) -> RunRecord:
        run = runs.lock_run(connection, thread_id, run_id)
        return _settle(context, connection, run) or run

    run = await context.store.get(read)
    if due(run, takes_queued=context.executor.takes_queued) is None:
        return run
    return await context.store.write(write)


async def look(context: Context, run_id: str) -> Look:
    """Return the current state of a run, with its messages and steps.

    Args:
        context: The parts of the application.
        run_id: Its id.

    Returns:
        The run and its parts.

    Raises:
        NotFound: There is no such run.
    """
    while True:
        found = await context.followers.look(run_id)
        if found is None:
            raise NotFound(RUNS.noun, run_id)
        if due(found.run, takes_queued=context.executor.takes_queued) is None:
            return found
        await current_run(context, found.run.document["thread_id"], run_id)


async def settle_all(context: Context) -> None:
    """End all runs that have expired or whose runners have died. This costs one query if there are none.

    Args:
        context: The parts of the application.
    """
    table = RUNS.table
    # Without the documents, which can be large.
    state = [table.c[name] for name in RunState.__annotations__]
    statement = select(table.c.thread_id, table.c.id, *state).where(IS_ACTIVE)

    def read(connection: Connection) -> list[tuple[str, str]]:
        found = [(thread_id, id, RunState(*rest)) for thread_id, id, *rest in connection.execute(statement)]
        takes_queued = context.executor.takes_queued
        return [(thread_id, id) for thread_id, id, run in found if due(run, takes_queued=takes_queued)]

    for thread_id, run_id in await context.store.read(read):
        with contextlib.suppress(NotFound):
            await current_run(context, thread_id, run_id)


def _settle(context: Context, connection: Connection, run: RunRecord) -> RunRecord | None:
    """End a locked run if it has expired or its runner has died.

    Returns:
        The run if it has ended, or None if it was not changed.
    """
    status = due(run, takes_queued=context.executor.takes_queued)
    if status is None:
        return None
    change = settle(run, runs.open_parts(connection, run.id), status)
    runs.apply(connection, change)
    return change.run
