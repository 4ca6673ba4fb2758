# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in threads of a server's process. What this process has no thread for stays queued, for any process to take."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from ..documents import Document
from ..lifecycle import Event
from ..settings import Settings
from ..store import Store
from ..store.tables import RUNS
from .execution import Execution

_SWEEP = 1.0  # seconds between two looks at the queue
_QUIET = 1.0  # seconds without an event, after which the reader is given a sign of life
_END = None


class Threads:
    """The executor of a served runtime.

    :param settings: the runtime's settings.
    :param store: the store of the runs.
    """

    takes_queued = True
    stopped = False

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._lock = threading.Lock()
        self._executions: dict[str, Execution] = {}
        self._stopping = threading.Event()
        self._wake = threading.Event()
        threading.Thread(target=self._sweep, name="sweeper", daemon=True).start()

    def lease(self) -> dict[str, Any]:
        """Nobody holds a queued run: the first process that has room for it takes it up."""
        return {"lease_owner": None, "lease_until": None}

    def start(self, run_id: str, *, watch: bool) -> Iterator[Event | None]:
        """Start a run's thread, if there is room for one. See `Executor.start`."""
        queue: SimpleQueue = SimpleQueue()

        def tell(name: str, data: Document) -> None:
            if watch:
                queue.put((name, data))

        with self._lock:
            if self._stopping.is_set() or run_id in self._executions or not self._room():
                return iter(())
            execution = self._executions[run_id] = Execution(self._store, self._settings, run_id, tell)
        threading.Thread(target=self._run, args=(run_id, execution, queue), name=run_id, daemon=True).start()
        return _receive(queue)

    def stop(self, grace: float) -> None:
        """See `Executor.stop`."""
        self._stopping.set()
        deadline = time.monotonic() + grace
        with self._lock:
            executions = list(self._executions.values())
        for execution in executions:
            if not execution.over.wait(max(0.0, deadline - time.monotonic())):
                execution.hand_over()
        self.stopped = True

    def _run(self, run_id: str, execution: Execution, queue: SimpleQueue) -> None:
        try:
            execution.run()
        finally:
            with self._lock:
                del self._executions[run_id]
            queue.put(_END)
            self._wake.set()

    def _room(self) -> int:
        return self._settings.run_workers - len(self._executions)

    def _sweep(self) -> None:
        runs = RUNS.table
        while not self._stopping.is_set():
            unheld = or_(runs.c.lease_owner.is_(None), runs.c.lease_until < time.time())
            queued = select(runs.c.id).where(runs.c.status == "queued", unheld).order_by(runs.c.seq).limit(self._room())
            try:
                with self._store.read() as connection:
                    waiting = list(connection.execute(queued).scalars())
            except SQLAlchemyError:
                waiting = []  # the store is busy or away: it is looked at again
            for run_id in waiting:
                self.start(run_id, watch=False)
            self._wake.wait(_SWEEP)
            self._wake.clear()


def _receive(queue: SimpleQueue) -> Iterator[Event | None]:
    while True:
        try:
            event = queue.get(timeout=_QUIET)
        except Empty:
            yield None
            continue
        if event is _END:
            return
        yield event
