# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runner writes: every change of a run under its lease, and the events that follow from it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from .. import lifecycle
from ..documents import Document
from ..ids import now
from ..leases import held_for
from ..lifecycle import WireEvent
from ..settings import Settings
from ..status import ACTIVE_STATUSES, RunStatus
from ..store import Store, rows
from ..store.tables import RUNS, STEPS, THREADS
from .draft import Calls, Draft


class Stopped(Exception):
    """The run is no longer this runner's: it has ended, or somebody else has found the runner dead."""


@dataclass
class Entry:
    """A write in the making.

    Args:
        connection: Its transaction.
        row: The run, locked.
        events: To be sent once it is written.
    """

    connection: Connection
    row: Row[Any]
    events: list[WireEvent] = field(default_factory=list)


class Ledger:
    """The written side of one run. Whoever ends the run first, its runner or the pool's pulse, does so for good.

    Args:
        store: The store.
        run_id: The run.
        owner: Who holds the run's lease.
        settings: How long a lease lasts, and how long a run may take.
        send: Takes each event.
    """

    def __init__(
        self, store: Store, run_id: str, owner: str, settings: Settings, send: Callable[[WireEvent], None]
    ) -> None:
        self.over = asyncio.Event()
        self.draft: Draft | None = None
        """What has come so far of the message in progress."""
        self.calls: Calls | None = None
        """The tool calls so far of the step in progress: written all at once, however many there are."""
        self.expires = math.inf
        """When the run's time is over, by the monotonic clock: nobody sets it while the run is executed."""
        self._store, self._run_id, self._owner, self._settings, self._send = store, run_id, owner, settings, send
        self._lock = asyncio.Lock()

    async def claim(self) -> Row[Any]:
        """Take the run up.

        Returns:
            The run, in progress.

        Raises:
            Stopped: It is not queued any more, or another runner was faster.
        """

        def work(connection: Connection) -> tuple[Row[Any], WireEvent] | None:
            row = self._locked(connection)
            if row is None or row.status != RunStatus.QUEUED:
                return None
            run = row.document
            if run["started_at"] is None:
                # The time that it waited for its turn does not count.
                run.update(started_at=now(), expires_at=now() + self._settings.run_expiry)
            run["status"] = RunStatus.IN_PROGRESS
            columns = {"status": run["status"], "expires_at": run["expires_at"]}
            columns |= held_for(self._owner, self._settings.lease)
            return row, lifecycle.run_event(rows.save(connection, RUNS, row, run, **columns))

        async with self._lock:
            claimed = await self._store.write(work)
            if claimed is None:
                self.over.set()
                raise Stopped
            row, event = claimed
            self.expires = time.monotonic() + row.document["expires_at"] - time.time()
            self.send(event)
            return row

    async def write(self, change: Callable[[Entry], None], *, last: bool = False) -> None:
        """Write to the run and its parts; a run that is being cancelled is ended here instead.

        Args:
            change: Makes the change; runs in the store's thread.
            last: Nothing may be written after this.

        Raises:
            Stopped: The run is no longer this runner's.
        """

        def work(connection: Connection) -> tuple[list[WireEvent], bool] | None:
            row = self._locked(connection)
            if row is None or row.lease_owner != self._owner or row.status not in ACTIVE_STATUSES:
                return None
            entry = Entry(connection, row)
            cancelled = row.status == RunStatus.CANCELLING
            if cancelled:
                self.end_within(entry, RunStatus.CANCELLED)
            else:
                change(entry)
            return entry.events, cancelled

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

    async def end(self, status: str, **details: Any) -> None:
        """End the run, with what has come so far.

        Args:
            status: The terminal status.
            details: As for `lifecycle.end`.

        Raises:
            Stopped: The run is no longer this runner's.
        """
        await self.write(lambda entry: self.end_within(entry, status, **details), last=True)

    def end_within(self, entry: Entry, status: str, **details: Any) -> None:
        """End the run as part of a write that is its last.

        Args:
            entry: The write.
            status: The terminal status.
            details: As for `lifecycle.end`.
        """
        self.keep_calls(entry)
        contents: dict[str, list[Document]] = {self.draft.message_id: self.draft.content()} if self.draft else {}
        entry.events.extend(lifecycle.end(entry.connection, entry.row, status, contents=contents, **details))

    def keep_calls(self, entry: Entry) -> None:
        """Write the tool calls so far.

        Args:
            entry: The write that they are part of.
        """
        if self.calls is not None:
            row = rows.find(entry.connection, STEPS, self.calls.step_id)
            row.document["step_details"]["tool_calls"] = self.calls.all()
            rows.save(entry.connection, STEPS, row, row.document)

    def send(self, event: WireEvent) -> None:
        """Send an event, unless the run is over."""
        if not self.over.is_set():
            self._send(event)

    def _locked(self, connection: Connection) -> Row[Any] | None:
        row = rows.get(connection, RUNS, self._run_id)
        if row is None:
            return None
        # The thread first, then the run: the same order everywhere, so that no two wait for each other.
        rows.get(connection, THREADS, row.thread_id, lock=True)
        return rows.get(connection, RUNS, self._run_id, lock=True)
