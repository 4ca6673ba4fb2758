# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A free place in the pool for a run, while a request creates or continues the run."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from ..objects import RunObject
from ..records import Lease, RunRecord
from ..store import runs

Put = Callable[[Connection, RunObject], None]
"""Queues a run for other processes, in the transaction that queues it in the store."""


class Slot:
    """Claims a run in the transaction that creates it. This saves a commit, and the run does not wait for a sweep.

    Args:
        lease: Returns a lease for the run. ``None`` if the pool is full: the run is queued.
        expiry: The maximum duration of a run, in seconds.
        put: Queues a run that is not claimed, or None if the pool finds it.
    """

    def __init__(self, lease: Callable[[], Lease] | None, expiry: int, put: Put | None) -> None:
        self._lease, self._expiry, self._put = lease, expiry, put

    def claim(self, connection: Connection, run: RunObject) -> RunRecord | None:
        """Claim a run.

        Args:
            connection: The writing transaction that has queued the run.
            run: The run.

        Returns:
            The run, in progress, for `Pool.start`, or ``None`` if the pool is full.
        """
        if self._lease is None:
            if self._put is not None:
                self._put(connection, run)
            return None
        return runs.claim(connection, run["id"], self._lease(), self._expiry)
