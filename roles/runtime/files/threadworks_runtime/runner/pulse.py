# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pulse of all runs in a process. It renews their leases, and ends cancelled and expired runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import SQLAlchemyError

from ..ending import end_tasks
from ..leases import held_for
from ..status import RunStatus
from ..store import Store
from ..store.tables import RUNS
from .execution import Execution
from .ledger import Stopped

_LOG = logging.getLogger("threadworks.runtime")
_LOOK = 0.5  # seconds between two queries: how long a cancellation by another process waits at most
_CHUNK = 500  # ids in one statement
_State = tuple["str | None", "str | None"]
_NO_STATE: _State = (None, None)  # of a run that was deleted


class Pulse:
    """Watches the runs of one pool.

    Args:
        store: The store.
        owner: The start of the names of the holders of the leases.
        lease: The duration of a lease in seconds.
        running: The active runs of the pool by id. The mapping changes.
        queued: The queued runs of the pool by id. The mapping changes.
        drop: Called for a run that is no longer queued.
        sweep: Called at each check.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        lease: float,
        running: Mapping[str, Execution],
        queued: Mapping[str, object],
        drop: Callable[[str], None],
        sweep: Callable[[], Awaitable[None]],
    ) -> None:
        self._store, self._owner, self._lease = store, owner, lease
        self._running, self._queued = running, queued
        self._drop, self._sweep = drop, sweep
        self._renewed = time.monotonic()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start. Called in the event loop."""
        self._task = asyncio.create_task(self._beat(), name="pulse")

    async def stop(self) -> None:
        """Stop."""
        if self._task is not None:
            await end_tasks([self._task])

    def look_now(self) -> None:
        """Check the runs immediately."""
        self._wake.set()

    async def _beat(self) -> None:
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(_LOOK, self._lease / 6))
            self._wake.clear()
            try:
                await self._look()
                if time.monotonic() - self._renewed > self._lease / 6:
                    await self._renew()
                await self._sweep()
            except SQLAlchemyError as error:
                # The store is not available. If the leases expire, other processes may end the runs.
                if time.monotonic() - self._renewed >= self._lease:
                    self._give_up(error)

    def _give_up(self, error: SQLAlchemyError) -> None:
        running = list(self._running.values())
        count = sum(not execution.ledger.over.is_set() for execution in running)
        if count:
            _LOG.error("leases cannot be renewed (%s), number of runs given up: %d", type(error).__name__, count)
        for execution in running:
            execution.ledger.over.set()
            execution.cut()

    async def _look(self) -> None:
        watched, waiting = list(self._running.items()), list(self._queued.items())
        if not watched and not waiting:
            return
        runs = RUNS.table

        def read(connection: Connection) -> dict[str, _State]:
            found: dict[str, _State] = {}
            for ids in _chunks([run_id for run_id, _it in (*watched, *waiting)]):
                statement = select(runs.c.id, runs.c.status, runs.c.lease_owner).where(runs.c.id.in_(ids))
                found |= {row.id: (row.status, row.lease_owner) for row in connection.execute(statement)}
            return found

        states = await self._store.read(read)
        for run_id, job in waiting:
            # Another process has cancelled, deleted or taken over the run.
            if states.get(run_id, _NO_STATE)[0] != RunStatus.QUEUED and self._queued.get(run_id) is job:
                self._drop(run_id)
        for run_id, execution in watched:
            status, owner = states.get(run_id, _NO_STATE)
            is_taken = status == RunStatus.IN_PROGRESS and owner != execution.ledger.owner
            if is_taken or status not in (RunStatus.QUEUED, RunStatus.IN_PROGRESS):
                # The ledger handles the changed status or holder.
                await self._end(execution, execution.ledger.look())
            elif status == RunStatus.IN_PROGRESS and time.monotonic() >= execution.ledger.expires:
                await self._end(execution, execution.ledger.end(RunStatus.EXPIRED))

    @staticmethod
    async def _end(execution: Execution, write: Awaitable[None]) -> None:
        # If the end of one run cannot be stored, the leases of the others are still renewed.
        with contextlib.suppress(Stopped, SQLAlchemyError):
            await write
        if execution.ledger.over.is_set():
            execution.cut()

    async def _renew(self) -> None:
        held = [*self._running, *self._queued]
        runs = RUNS.table

        def write(connection: Connection) -> None:
            for ids in _chunks(held):
                mine = update(runs).where(
                    runs.c.id.in_(ids), runs.c.lease_owner.startswith(self._owner, autoescape=True)
                )
                # The holders keep their names.
                lease = held_for(self._owner, self._lease)
                times = {"lease_until": lease["lease_until"], "lease_monotonic": lease["lease_monotonic"]}
                connection.execute(mine.values(**times))

        if held:
            await self._store.write(write)
        self._renewed = time.monotonic()


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]
