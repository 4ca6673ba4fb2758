# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes that a runner writes under its lease, and their events."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from .. import lifecycle
from ..leases import held_for
from ..objects import RunError
from ..records import RunRecord
from ..settings import Settings
from ..status import ACTIVE_STATUSES, RunStatus
from ..store import Store, runs
from ..store.wording import is_out_of_space
from ..telemetry.trace import NO_TRACE, Trace
from .progress import Progress
from .subscription import DeltaEvent, StreamEvent, Subscription

_Delta = TypeVar("_Delta")
_T = TypeVar("_T")
_AGAIN = 0.5  # seconds between two attempts to write
Write = Callable[[Connection, RunRecord], Sequence[StreamEvent]]
"""Writes to a locked run and its parts, and returns the events."""


class Stopped(Exception):  # not an error
    """The run no longer belongs to this runner. It has ended, or another process considers the runner dead."""


class Ledger:
    """Writes the changes of one run. Either the runner or the pulse of the pool ends the run, whichever is first.

    Args:
        store: The store.
        run_id: The run.
        owner: The holder of the run's lease.
        settings: The durations of a lease and of a run.
        subscription: Receives all events, or None if there is no reader.
        trace: Takes note of what has been written.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        owner: str,
        settings: Settings,
        subscription: Subscription | None,
        trace: Trace = NO_TRACE,
    ) -> None:
        self.over = asyncio.Event()
        self.is_hurried = False
        """Whether the process stops, and does not wait for the store."""
        self.progress = Progress()
        self.expires = math.inf
        """The expiry of the run on the monotonic clock, which cannot be changed."""
        self.owner = owner
        self.trace = trace
        self._store, self._run_id, self._settings = store, run_id, settings
        self._subscriptions = [] if subscription is None else [subscription]
        self._lock = asyncio.Lock()

    @property
    def has_deltas(self) -> bool:
        """Whether a reader gets the deltas."""
        return any(each.has_deltas and not each.is_closed for each in self._subscriptions)

    async def claim(self) -> RunRecord:
        """Start to execute the run.

        Returns:
            The run, in progress.

        Raises:
            Stopped: The run is no longer queued, or another runner was faster.
        """

        def work(connection: Connection) -> RunRecord | None:
            lease = held_for(self.owner, self._settings.lease)
            return runs.claim(connection, self._run_id, lease, self._settings.run_expiry)

        async def attempt() -> RunRecord:
            async with self._lock:
                run = await self._stored(work)
                if run is None:
                    self.over.set()
                    raise Stopped
                self.begin(run)
                return run

        return await self._repeated(attempt)

    def begin(self, run: RunRecord) -> None:
        """Start with a claimed run.

        Args:
            run: The run, in progress.
        """
        self.expires = time.monotonic() + run.expires_at - time.time()
        self._note(lifecycle.run_event(run))

    def _note(self, event: StreamEvent) -> None:
        """Send an event that has been stored."""
        if not isinstance(event, bytes):
            self.trace.event(event)
        self.send(event)

    async def write(self, write: Write, *, last: bool = False, is_patient: bool = True) -> None:
        """Write to the run and its parts. If the run is being cancelled, end it instead.

        Args:
            write: The function that writes.
            last: Whether this is the last write.
            is_patient: Whether to wait for free space if the disk is full.

        Raises:
            Stopped: The run no longer belongs to this runner.
        """

        def work(connection: Connection) -> tuple[Sequence[StreamEvent], bool] | None:
            run = runs.lock_by_id(connection, self._run_id)
            if run is None or run.lease_owner != self.owner or run.status not in ACTIVE_STATUSES:
                return None
            if run.status == RunStatus.CANCELLING:
                parts = self.progress.open_parts(connection)
                ended = lifecycle.end(self.progress.with_cut_round(run), parts, RunStatus.CANCELLED)
                # A request has written this status, and the events of a run have one source.
                return [lifecycle.run_event(run), *runs.apply(connection, ended)], True
            return write(connection, run), False

        async def attempt() -> None:
            async with self._lock:
                if self.over.is_set():
                    raise Stopped
                written = await self._stored(work)
                if written is None:
                    self.over.set()
                    raise Stopped
                events, cancelled = written
                for event in events:
                    self._note(event)
                if last or cancelled:
                    self.over.set()
                if cancelled:
                    raise Stopped

        await (self._repeated(attempt) if is_patient else attempt())

    async def _stored(self, work: Callable[[Connection], _T]) -> _T:
        restore = self.progress.saved()
        try:
            return await self._store.write(work, is_brief=True)
        except Exception:
            restore()
            raise

    async def _repeated(self, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """Write. If the disk is full, try again as long as nobody else can take over the run."""
        end = time.monotonic() + self._settings.lease
        while True:
            try:
                return await attempt()
            except DBAPIError as error:
                if not is_out_of_space(error.orig) or self.is_hurried or time.monotonic() >= end:
                    raise
            await asyncio.sleep(_AGAIN)

    async def look(self) -> None:
        """End the run if it is being cancelled.

        Raises:
            Stopped: The run no longer belongs to this runner.
        """
        await self.write(lambda _connection, _run: [], is_patient=False)

    async def end(self, status: RunStatus, error: RunError | None = None) -> None:
        """End the run with its current data.

        Args:
            status: The terminal status.
            error: The ``last_error`` for ``failed``.

        Raises:
            Stopped: The run no longer belongs to this runner.
        """

        def write(connection: Connection, run: RunRecord) -> list[StreamEvent]:
            parts = self.progress.open_parts(connection)
            run = self.progress.with_cut_round(run)
            return [*runs.apply(connection, lifecycle.end(run, parts, status, error=error))]

        await self.write(write, last=True, is_patient=False)

    def send_delta(self, encode: Callable[[_Delta], bytes], delta: _Delta) -> None:
        """Send a delta. It is only encoded if there is a subscriber.

        Args:
            encode: Returns the event of a delta.
            delta: The delta.
        """
        if not self._subscriptions or self.over.is_set():
            return
        encoded: bytes | None = None
        for subscription in self._subscriptions:
            if subscription.is_closed:
                continue
            if not subscription.has_deltas:
                subscription.count_delta()
                continue
            encoded = encoded or encode(delta)
            subscription.send(encoded)

    def report_waiting(self, is_waiting: bool) -> None:
        """Report whether the run waits until the model server accepts its request."""
        for subscription in self._subscriptions:
            subscription.is_waiting = is_waiting

    def send(self, event: StreamEvent) -> None:
        """Send an event, unless the run has ended."""
        if not self.over.is_set():
            for subscription in self._subscriptions:
                if subscription.has_deltas or not isinstance(event, DeltaEvent):
                    subscription.send(event)

    def subscribe(self, subscription: Subscription) -> None:
        """Send all further events to another reader, too."""
        self._subscriptions.append(subscription)

    def close(self) -> None:
        """End the events for all readers."""
        for subscription in self._subscriptions:
            subscription.close()
