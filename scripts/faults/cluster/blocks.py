# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watches in the store for how long runs have no living runner, and so block their threads."""

from __future__ import annotations

import threading
import time

import psycopg

_BETWEEN = 0.1  # seconds between two looks
_LOOK = (
    "SELECT id, status = 'queued', lease_until FROM runs WHERE status IN ('queued', 'in_progress', 'cancelling') "
    "ORDER BY id"
)


class Blocks(threading.Thread):
    """Measures from the latest sign of life of a run's runner until a runner renews its lease, or the run ends.

    A new run, and one that is returned to the queue, waits in the same way for its runner. While the database is down,
    nothing can be executed. This time is not counted.

    Args:
        address: The address of the database.
        lease: The duration of a lease.
    """

    def __init__(self, address: str, lease: float) -> None:
        super().__init__(name="blocks")
        self._address, self._lease = address, lease
        self._stopped = threading.Event()
        self._signs: dict[str, float] = {}
        self.longest = 0.0
        """The longest block in seconds."""
        self.longest_run = ""
        self.down = 0.0
        """The seconds without a database."""

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        self.join()

    def run(self) -> None:
        """Watch until stopped."""
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                with psycopg.connect(self._address, autocommit=True, connect_timeout=2) as connection:
                    self.down += time.monotonic() - began
                    while not self._stopped.wait(_BETWEEN):
                        began = time.monotonic()
                        self._take(connection.execute(_LOOK).fetchall())
            except psycopg.Error:
                self._stopped.wait(_BETWEEN)
                self.down += time.monotonic() - began

    def _take(self, found: list[tuple[str, bool, float | None]]) -> None:
        wall, now = time.time(), time.monotonic() - self.down
        signs: dict[str, float] = {}
        for run_id, is_queued, until in found:
            earlier = self._signs.get(run_id)
            if earlier is None:
                signs[run_id] = now
            elif is_queued or until is None:
                signs[run_id] = earlier
            else:
                signs[run_id] = max(earlier, now - (wall - until + self._lease))
            if now - signs[run_id] > self.longest:
                self.longest, self.longest_run = now - signs[run_id], run_id
        self._signs = signs
