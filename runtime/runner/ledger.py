# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runner writes: only while it holds the run's lease, and every write told to whoever watches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from .. import lifecycle
from ..documents import Document
from ..ids import now
from ..lifecycle import Event
from ..store import Store, rows
from ..store.tables import RUNS, THREADS
from .draft import Draft
from .identity import new_owner


class Stopped(Exception):
    """The run is no longer this runner's: it has ended, or somebody else has found the runner dead."""


@dataclass
class Entry:
    """A write in the making.

    :param connection: its transaction.
    :param row: the run, locked.
    :param events: to be told once it is written.
    """

    connection: Connection
    row: Row
    events: list[Event] = field(default_factory=list)


class Ledger:
    """The written side of one run. Runner and pulse share it: the first of them to end the run does so for good.

    :param store: the store.
    :param run_id: the run.
    :param lease: seconds the run is held without a sign of life.
    :param tell: takes each event.
    """

    def __init__(self, store: Store, run_id: str, lease: float, tell: Callable[[str, Document], None]) -> None:
        self.over = threading.Event()
        self.draft: Draft | None = None
        """What has come so far of the message in progress."""
        self._store, self._run_id, self._lease, self._tell = store, run_id, lease, tell
        self._owner = new_owner()
        self._lock = threading.RLock()

    def claim(self) -> Row:
        """Take the run up.

        :return: the run, in progress.
        :raise Stopped: it is not queued any more, or another runner was faster.
        """
        with self._lock, self._store.write() as connection:
            row = self._locked(connection)
            if row is None or row.status != "queued":
                self.over.set()
                raise Stopped
            run = row.document
            run.update(status="in_progress", started_at=run["started_at"] or now())
            held = {"lease_owner": self._owner, "lease_until": time.time() + self._lease}
            event = lifecycle.run_event(rows.save(connection, RUNS, row, run, status="in_progress", **held))
        self.tell(event)
        return row

    @contextmanager
    def writing(self, *, last: bool = False) -> Iterator[Entry]:
        """A write to the run and its parts; a run that is being cancelled is ended here instead.

        :param last: nothing may be written after this.
        :raise Stopped: the run is no longer this runner's.
        """
        with self._lock:
            if self.over.is_set():
                raise Stopped
            with self._store.write() as connection:
                row = self._locked(connection)
                if row is None or row.lease_owner != self._owner or row.status not in ("in_progress", "cancelling"):
                    self.over.set()
                    raise Stopped
                entry = Entry(connection, row)
                cancelled = row.status == "cancelling"
                if cancelled:
                    self.end_within(entry, "cancelled")
                else:
                    yield entry
            for event in entry.events:
                self.tell(event)
            if last or cancelled:
                self.over.set()
        if cancelled:
            raise Stopped

    def end(self, status: str, **details: Any) -> None:
        """End the run, with what has come so far.

        :param status: the terminal status.
        :param details: as for `lifecycle.end`.
        :raise Stopped: the run is no longer this runner's.
        """
        with self.writing(last=True) as entry:
            self.end_within(entry, status, **details)

    def end_within(self, entry: Entry, status: str, **details: Any) -> None:
        """End the run as part of a write that is its last.

        :param entry: the write.
        :param status: the terminal status.
        :param details: as for `lifecycle.end`.
        """
        contents = {self.draft.message_id: self.draft.content()} if self.draft else {}
        entry.events.extend(lifecycle.end(entry.connection, entry.row, status, contents=contents, **details))

    def tell(self, event: Event) -> None:
        """Tell an event that is not written, unless the run is over."""
        with self._lock:
            if not self.over.is_set():
                self._tell(*event)

    def renew(self) -> None:
        """Prolong the lease.

        :raise Stopped: it is not this runner's any more.
        """
        with self.writing() as entry:
            until = time.time() + self._lease
            rows.save(entry.connection, RUNS, entry.row, entry.row.document, lease_until=until)

    def _locked(self, connection: Connection) -> Row | None:
        row = rows.get(connection, RUNS, self._run_id)
        if row is None:
            return None
        # The thread first, then the run: the same order everywhere, so that no two wait for each other.
        rows.get(connection, THREADS, row.thread_id, lock=True)
        return rows.get(connection, RUNS, self._run_id, lock=True)
