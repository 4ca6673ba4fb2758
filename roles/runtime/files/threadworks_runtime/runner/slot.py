# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A free place in the pool for a run, while a request creates or continues the run."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from ..records import Lease, RunRecord
from ..store import runs


class Slot:
    """Claims a run in the transaction that creates it. This saves a commit, and the run does not wait for a sweep.

    Args:
        lease: Returns a lease for the run. ``None`` if the pool is full: the run is queued.
        expiry: The maximum duration of a run, in seconds.
    """

    def __init__(self, lease: Callable[[], Lease] | None, expiry: int) -> None:
        self._lease, self._expiry = lease, expiry

    def claim(self, connection: Connection, run_id: str) -> RunRecord | None:
        """Claim a run.

        Args:
            connection: The writing transaction that has queued the run.
            run_id: The run.

        Returns:
            The run, in progress, for `Pool.start`, or ``None`` if the pool is full.
        """
        if self._lease is None:
            return None
        return runs.claim(connection, run_id, self._lease(), self._expiry)
