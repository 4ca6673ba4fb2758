# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool executes queued runs in order, with a limit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from ..leases import NOBODY, held_for, lapsed
from ..model import ModelServers
from ..objects import RunError
from ..owners import new_owner
from ..records import Lease, RunRecord
from ..settings import ModelOptions, Settings
from ..status import RunStatus
from ..store import Store
from ..store.tables import IS_QUEUED, RUNS
from .execution import Execution
from .ledger import Ledger, Stopped
from .pulse import Pulse
from .slot import Slot
from .subscription import Subscription

_STOPPED: RunError = {"code": "server_error", "message": "The runtime was stopped before the run ended."}


@dataclass(frozen=True)
class _Job:
    """A queued or active run of this pool, its model server, and the reader of its events."""

    run_id: str
    options: ModelOptions
    subscription: Subscription | None

    def close(self) -> None:
        """End the events for the reader."""
        if self.subscription is not None:
            self.subscription.close()


class Pool:
    """Executes the runs of a store. Runs are independent of their requests, because clients may disconnect.

    Args:
        settings: The runtime's settings.
        store: The store of the runs.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self.takes_queued = settings.executor == "served"
        """Whether queued runs without a holder are executed eventually."""
        self.stopped = False
        """Whether all runs have ended or have been handed over."""
        self.concurrent_runs = settings.concurrent_runs
        """The maximum number of runs that are executed at the same time."""
        self._settings, self._store = settings, store
        self._servers = ModelServers()
        self._owner = new_owner()
        self._queue: dict[str, _Job] = {}
        self._running: dict[str, Execution] = {}
        self._slots = 0
        self._late: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._hurry = asyncio.Event()
        self._stopping: asyncio.Task[None] | None = None
        self._pulse = Pulse(store, self._owner, settings.lease, self._running, self._queue, self._drop, self._sweep)

    def running(self) -> int:
        """Return the number of active runs."""
        return len(self._running)

    def queued(self) -> int:
        """Return the number of queued runs of this pool."""
        return len(self._queue)

    def lease(self) -> Lease:
        """Return the lease for a new queued run.

        A local run belongs to this process from its creation, because only this process knows its model server. If the
        process dies, the run is found dead. A served run belongs to the first process that has capacity for it.
        """
        if self.takes_queued:
            return NOBODY
        return self._new_lease()

    def _new_lease(self) -> Lease:
        return held_for(self._owner, self._settings.lease)

    def _room(self) -> int:
        return self.concurrent_runs - len(self._running) - len(self._queue) - self._slots

    def open(self) -> None:
        """Start the pulse. Called in the event loop."""
        self._pulse.start()

    @contextlib.contextmanager
    def slot(self, run_id: str | None = None) -> Iterator[Slot]:
        """Keep room for a run that a request is about to queue, if there is any.

        Args:
            run_id: The run; ``None``: it is new.
        """
        has_room = self._stopping is None and self._room() > 0 and run_id not in self._running
        self._slots += has_room
        try:
            yield Slot(self._new_lease if has_room else None, self._settings.run_expiry)
        finally:
            self._slots -= has_room
            self._changed.set()
            self.fill()

    def start(
        self,
        run_id: str,
        options: ModelOptions | None = None,
        *,
        events: Subscription | None = None,
        claimed: RunRecord | None = None,
    ) -> bool:
        """Execute a run in its turn, or immediately if it is already claimed.

        Args:
            run_id: The run.
            options: Its model server, or None for the one in the settings.
            events: Gets the events, or None if they will not be read.
            claimed: The run, if a `slot` has taken it up.

        Returns:
            Whether the events will come. False if the pool accepts no more runs, or has the run already.
        """
        job = _Job(run_id, options or self._settings.model, events)
        if claimed is not None:
            self._execute(job, claimed)
            return True
        if self._stopping is not None or run_id in self._queue:
            return False
        self._queue[run_id] = job
        self.fill()
        return True

    def resize(self, concurrent_runs: int) -> None:
        """Change the maximum number of active runs. Active runs continue."""
        self.concurrent_runs = concurrent_runs
        self.fill()

    def notice(self, run_id: str) -> None:
        """Check a run immediately, because a request has changed it, for example cancelled it."""
        self._drop(run_id)
        if run_id in self._running:
            self._pulse.look_now()

    def fill(self) -> None:
        """Start the next runs, as far as there is capacity."""
        while len(self._running) + self._slots < self.concurrent_runs:
            # The outputs of function calls may arrive before the previous execution of the run has ended completely.
            run_id = next((run_id for run_id in self._queue if run_id not in self._running), None)
            if run_id is None:
                return
            self._execute(self._queue.pop(run_id))

    def _execute(self, job: _Job, claimed: RunRecord | None = None) -> None:
        execution = Execution(self._store, job.run_id, self._servers, job.options, self._ledger(job))
        self._running[job.run_id] = execution
        execution.start(lambda: self._ended(job), claimed)
        if self._stopping is not None:
            self._late.append(asyncio.create_task(self._give_up(execution), name="late run"))

    async def stop(self, grace: float | None) -> None:
        """Accept no more runs, and wait until the existing runs have ended. A second call waits for the first one.

        Args:
            grace: The seconds to wait, or None for no limit. After that, served runs are returned to the queue, and
                local runs fail, because no other process can continue them. A second call with 0 ends the wait of the
                first.
        """
        if grace == 0:
            self._hurry.set()
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop(grace), name="stop")
        await asyncio.shield(self._stopping)

    async def _stop(self, grace: float | None) -> None:
        if self.takes_queued:
            self._drop_queue()
        waiting = [asyncio.create_task(self._empty()), asyncio.create_task(self._hurry.wait())]
        await asyncio.wait(waiting, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        queued = [self._ledger(job) for job in self._queue.values()]
        self._drop_queue()
        for execution in list(self._running.values()):
            await self._give_up(execution)
        for ledger in queued:
            with contextlib.suppress(Stopped):
                await ledger.end(RunStatus.FAILED, _STOPPED)
        await self._empty()
        await self._pulse.stop()
        await self._servers.close()
        self.stopped = True

    async def _empty(self) -> None:
        while self._running or self._queue or self._slots:
            self._changed.clear()
            await self._changed.wait()

    async def _give_up(self, execution: Execution) -> None:
        if self.takes_queued:
            await execution.hand_over()
        else:
            with contextlib.suppress(Stopped):
                await execution.ledger.end(RunStatus.FAILED, _STOPPED)
        execution.cut()

    def _drop_queue(self) -> None:
        for run_id in list(self._queue):
            self._drop(run_id)

    def _drop(self, run_id: str) -> None:
        """Remove a queued run."""
        job = self._queue.pop(run_id, None)
        if job is not None:
            job.close()
            self._changed.set()

    def _ledger(self, job: _Job) -> Ledger:
        return Ledger(self._store, job.run_id, self._owner, self._settings, job.subscription)

    def _ended(self, job: _Job) -> None:
        del self._running[job.run_id]
        job.close()
        self._changed.set()
        self.fill()

    async def _sweep(self) -> None:
        """Execute queued runs of the store without a holder, from servers that have ended or are busy."""
        room = self._room()
        if not self.takes_queued or self._stopping is not None or room <= 0:
            return
        runs = RUNS.table

        def find(connection: Connection) -> list[str]:
            queued = select(runs.c.id).where(IS_QUEUED, lapsed(runs)).order_by(runs.c.seq)
            return list(connection.execute(queued.limit(room + len(self._running))).scalars())

        for run_id in await self._store.read(find):
            if run_id not in self._running:
                self.start(run_id)
