# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runner writes: every change of a run under its lease, and the events that follow from it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from sqlalchemy import Connection

from .. import lifecycle
from ..leases import held_for
from ..lifecycle import WireEvent
from ..objects import RunError
from ..records import RunRecord
from ..settings import Settings
from ..status import ACTIVE_STATUSES, RunStatus
from ..store import Store, runs
from .progress import Progress
from .subscription import StreamEvent, Subscription

Write = Callable[[Connection, RunRecord], list[WireEvent]]
"""Writes to a run, which is locked, and to its parts; returns the events."""


class Stopped(Exception):  # nothing is wrong
    """The run is no longer this runner's: it has ended, or somebody else has found the runner dead."""


class Ledger:
    """The written side of one run. Whoever ends the run first, its runner or the pool's pulse, does so for good.

    Args:
        store: The store.
        run_id: The run.
        owner: Who holds the run's lease.
        settings: How long a lease lasts, and how long a run may take.
        subscription: Takes each event; None: nobody reads them.
    """

    def __init__(
        self, store: Store, run_id: str, owner: str, settings: Settings, subscription: Subscription | None
    ) -> None:
        self.over = asyncio.Event()
        self.progress = Progress()
        self.expires = math.inf
        """When the run's time is over, by the monotonic clock: nobody sets it while the run is executed."""
        self._store, self._run_id, self._owner, self._settings = store, run_id, owner, settings
        self._subscription = subscription
        self._lock = asyncio.Lock()

    async def claim(self) -> RunRecord:
        """Take the run up.

        Returns:
            The run, in progress.

        Raises:
            Stopped: It is not queued any more, or another runner was faster.
        """

        def work(connection: Connection) -> RunRecord | None:
            lease = held_for(self._owner, self._settings.lease)
            return runs.claim(connection, self._run_id, lease, self._settings.run_expiry)

        async with self._lock:
            run = await self._store.write(work)
            if run is None:
                self.over.set()
                raise Stopped
            self.begin(run)
            return run

    def begin(self, run: RunRecord) -> None:
        """Begin with a run that is taken up.

        Args:
            run: The run, in progress.
        """
        self.expires = time.monotonic() + run.expires_at - time.time()
        self.send(lifecycle.run_event(run.document))

    async def write(self, write: Write, *, last: bool = False) -> None:
        """Write to the run and its parts; a run that is being cancelled is ended here instead.

        Args:
            write: Writes; runs in the store's thread.
            last: Nothing may be written after this.

        Raises:
            Stopped: The run is no longer this runner's.
        """

        def work(connection: Connection) -> tuple[list[WireEvent], bool] | None:
            run = runs.lock_by_id(connection, self._run_id)
            if run is None or run.lease_owner != self._owner or run.status not in ACTIVE_STATUSES:
                return None
            if run.status == RunStatus.CANCELLING:
                parts = self.progress.open_parts(connection)
                return runs.apply(connection, lifecycle.end(run, parts, RunStatus.CANCELLED)), True
            return write(connection, run), False

        async with self._lock:
            if self.over.is_set():
                raise Stopped
            written = await self._store.write(work)
            if written is None:
                self.over.set()
                raise Stopped
            events, cancelled = written
            for event in events:
                self.send(event)
            if last or cancelled:
                self.over.set()
            if cancelled:
                raise Stopped

    async def look(self) -> None:
        """End the run if it is being cancelled.

        Raises:
            Stopped: The run is no longer this runner's.
        """
        await self.write(lambda _connection, _run: [])

    async def end(self, status: RunStatus, error: RunError | None = None) -> None:
        """End the run, with what has come so far.

        Args:
            status: The terminal status.
            error: With ``failed``, the wire's ``last_error``.

        Raises:
            Stopped: The run is no longer this runner's.
        """

        def write(connection: Connection, run: RunRecord) -> list[WireEvent]:
            parts = self.progress.open_parts(connection)
            return runs.apply(connection, lifecycle.end(run, parts, status, error=error))

        await self.write(write, last=True)

    @property
    def is_watched(self) -> bool:
        """Whether somebody reads the events that are sent now."""
        return self._subscription is not None and not self._subscription.is_closed and not self.over.is_set()

    def send(self, event: StreamEvent) -> None:
        """Send an event, unless the run is over or nobody reads its events."""
        if self._subscription is not None and not self.over.is_set():
            self._subscription.send(event)
