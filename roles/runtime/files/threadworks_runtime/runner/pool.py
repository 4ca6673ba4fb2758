# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool executes queued runs in order, with a limit."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from ..leases import NOBODY, held_for, lapsed
from ..model import ModelServers
from ..objects import RunError
from ..owners import new_owner
from ..records import Lease, RunRecord
from ..settings import ModelOptions, Settings
from ..status import RunStatus
from ..store import Store
from ..store.tables import IS_QUEUED, RUNS
from ..telemetry.trace import NO_TRACE, Trace, Tracer
from .execution import Execution
from .feed import Feed
from .ledger import Ledger, Stopped
from .pulse import Pulse
from .retention import Retention
from .slot import Slot
from .subscription import Subscription

if TYPE_CHECKING:
    from ..queue.worker import Queue

_STOPPED: RunError = {"code": "server_error", "message": "The runtime was stopped before the run ended."}


class NotExecuted(Exception):
    """A run is still queued, because the process stops or has lost its store."""


@dataclass
class _Job:
    """A queued or active run of this pool, its model server, and the reader of its events."""

    run_id: str
    options: ModelOptions
    subscription: Subscription | None = None
    trace_parent: str | None = None
    is_queued: bool = True
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def close(self, *, is_queued: bool) -> None:
        """End the events for the reader."""
        self.is_queued = is_queued
        self.closed.set()
        if self.subscription is not None:
            self.subscription.close()


class Pool:
    """Executes the runs of a store. Runs are independent of their requests, because clients may disconnect.

    Args:
        settings: The runtime's settings.
        store: The store of the runs.
        queue: The queue in the store, or None if the store has none.
        tracer: Traces the executions.
    """

    def __init__(
        self, settings: Settings, store: Store, queue: Queue | None = None, tracer: Tracer | None = None
    ) -> None:
        self.takes_queued = settings.executor == "served"
        """Whether queued runs without a holder are executed eventually."""
        self.stopped = False
        """Whether all runs have ended or have been handed over."""
        self.concurrent_runs = settings.concurrent_runs
        """The maximum number of runs that are executed at the same time."""
        self._settings, self._store, self._jobs = settings, store, queue
        self._put = None if queue is None else queue.put
        self._servers = ModelServers()
        self._tracer = tracer or Tracer()
        self._owner = new_owner(of_queue=queue is not None)
        self._retention = None if settings.retention is None else Retention(store, settings.retention)
        self._claims = itertools.count(1)
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
        return held_for(self._new_owner(), self._settings.lease)

    def _new_owner(self) -> str:
        """Return the name of a holder. With a queue, this process may lose a run and get it again."""
        return self._owner if self._jobs is None else f"{self._owner}.{next(self._claims)}"

    def has_room(self) -> bool:
        """Return whether a run would start at once."""
        return self._room() > 0

    def _room(self) -> int:
        return self.concurrent_runs - len(self._running) - len(self._queue) - self._slots

    def open(self) -> None:
        """Start the pulse, and take runs of the queue. Called in the event loop."""
        self._pulse.start()
        if self._retention is not None:
            self._retention.start()
        if self._jobs is not None:
            self._jobs.start(self.execute, self.has_room)

    @contextlib.contextmanager
    def slot(self, run_id: str | None = None, *, streamed: bool = False) -> Iterator[Slot]:
        """Keep room for a run that a request is about to queue, if there is any.

        Args:
            run_id: The run; ``None``: it is new.
            streamed: Whether the client waits for the events. Other runs may be left to the workers.
        """
        has_room = self._stopping is None and self._room() > 0 and run_id not in self._running
        has_room = has_room and (streamed or self._settings.executes)
        self._slots += has_room
        try:
            yield Slot(self._new_lease if has_room else None, self._settings.run_expiry, self._put)
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
        trace_parent: str | None = None,
    ) -> bool:
        """Execute a run in its turn, or immediately if it is already claimed.

        Args:
            run_id: The run.
            options: Its model server, or None for the one in the settings.
            events: Gets the events, or None if they will not be read.
            claimed: The run, if a `slot` has taken it up.
            trace_parent: The trace that the request belongs to, as in the header ``traceparent``.

        Returns:
            Whether the events will come. False if the pool accepts no more runs, or has the run already.
        """
        job = _Job(run_id, options or self._settings.model, events, trace_parent)
        if claimed is not None:
            self._execute(job, claimed)
            return True
        if self._jobs is not None:
            return False
        return self._enqueue(job)

    async def execute(self, run_id: str) -> None:
        """Execute the run of a job of the queue in its turn, until it ends or waits.

        Args:
            run_id: The run.

        Raises:
            NotExecuted: The run is still queued. Another process has to execute it.
        """
        job = _Job(run_id, self._settings.model)
        # A client may have taken the place since the job was fetched. Other processes may have one.
        if self.has_room() and self._enqueue(job):
            await job.closed.wait()
        if job.is_queued and (self._queue.get(run_id) is None):
            raise NotExecuted

    def _enqueue(self, job: _Job) -> bool:
        if self._stopping is not None or job.run_id in self._queue:
            return False
        self._queue[job.run_id] = job
        self.fill()
        return True

    def feed(self, run_id: str) -> AbstractContextManager[Feed]:
        """Return the events of a run that another process may execute."""
        return contextlib.nullcontext(Feed()) if self._jobs is None else self._jobs.exchange.feed(run_id)

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
        owner = self._new_owner() if claimed is None else str(claimed.lease_owner)
        ledger = self._ledger(job, owner, self._tracer.begin(job.run_id, job.trace_parent))
        execution = Execution(self._store, job.run_id, self._servers, job.options, ledger, self._put)
        self._running[job.run_id] = execution
        if self._jobs is not None:
            self._jobs.exchange.begin(execution)
        execution.start(lambda: self._ended(job, execution), claimed)
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
        if self._jobs is not None:
            self._jobs.finish()
        if self.takes_queued:
            self._drop_queue()
        waiting = [asyncio.create_task(self._empty()), asyncio.create_task(self._hurry.wait())]
        await asyncio.wait(waiting, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        queued = [self._ledger(job, self._owner) for job in self._queue.values()]
        self._drop_queue()
        # Together, because each of them can wait for a store that is busy.
        await asyncio.gather(*map(self._give_up, list(self._running.values())), *map(_fail, queued))
        await self._empty()
        if self._retention is not None:
            await self._retention.stop()
        if self._jobs is not None:
            await self._jobs.finished()
        await self._pulse.stop()
        await self._servers.close()
        self.stopped = True
        # The collector may not answer. Nothing else waits for it.
        await asyncio.to_thread(self._tracer.close)

    async def _empty(self) -> None:
        while self._running or self._queue or self._slots:
            self._changed.clear()
            await self._changed.wait()

    async def _give_up(self, execution: Execution) -> None:
        execution.ledger.is_hurried = True
        if self.takes_queued:
            await execution.hand_over()
        else:
            await _fail(execution.ledger)
        execution.cut()

    def _drop_queue(self) -> None:
        for run_id in list(self._queue):
            self._drop(run_id, is_queued=True)

    def _drop(self, run_id: str, *, is_queued: bool = False) -> None:
        """Remove a run that is not queued any more, or that another process has to execute."""
        job = self._queue.pop(run_id, None)
        if job is not None:
            job.close(is_queued=is_queued)
            self._changed.set()

    def _ledger(self, job: _Job, owner: str, trace: Trace = NO_TRACE) -> Ledger:
        return Ledger(self._store, job.run_id, owner, self._settings, job.subscription, trace)

    def _ended(self, job: _Job, execution: Execution) -> None:
        del self._running[job.run_id]
        execution.ledger.close()
        if self._jobs is not None:
            self._jobs.exchange.end(execution)
        job.close(is_queued=execution.is_queued)
        self._changed.set()
        self.fill()

    async def _sweep(self) -> None:
        """Execute queued runs of the store without a holder, from servers that have ended or are busy."""
        room = self._room()
        if not self.takes_queued or self._jobs is not None or self._stopping is not None or room <= 0:
            return
        runs = RUNS.table

        def find(connection: Connection) -> list[str]:
            queued = select(runs.c.id).where(IS_QUEUED, lapsed(runs)).order_by(runs.c.seq)
            return list(connection.execute(queued.limit(room + len(self._running))).scalars())

        for run_id in await self._store.read(find):
            if run_id not in self._running:
                self.start(run_id)


async def _fail(ledger: Ledger) -> None:
    """End a run because the process stops. If the store fails, the run is found dead."""
    with contextlib.suppress(Stopped, SQLAlchemyError):
        await ledger.end(RunStatus.FAILED, _STOPPED)
