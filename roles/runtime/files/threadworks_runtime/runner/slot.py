# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Room in a pool for one run, while a request creates the run or continues it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from ..records import Lease, RunRecord
from ..store import runs


class Slot:
    """Takes the run up in the transaction that makes it: one commit less, and a served run never waits for a sweep.

    Args:
        lease: The lease of a run that is taken up; ``None``: there is no room, and the run is queued.
        expiry: Seconds that a run may take.
    """

    def __init__(self, lease: Callable[[], Lease] | None, expiry: int) -> None:
        self._lease, self._expiry = lease, expiry

    def claim(self, connection: Connection, run_id: str) -> RunRecord | None:
        """Take a run up.

        Args:
            connection: The writing transaction that has queued the run.
            run_id: The run.

        Returns:
            The run, in progress, to be handed to `Pool.start`; ``None``: there is no room.
        """
        if self._lease is None:
            return None
        return runs.claim(connection, run_id, self._lease(), self._expiry)
