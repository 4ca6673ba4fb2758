# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes old runs with their steps, and expired idempotency keys, in small transactions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import SQLAlchemyError

from ..ending import end_tasks
from ..status import ACTIVE_STATUSES, RunStatus
from ..store import Store
from ..store.idempotency import remove_expired
from ..store.tables import RUNS

_LOG = logging.getLogger("threadworks.runtime")
_DAY = 86400  # seconds
_BETWEEN = 600.0  # seconds between two searches
_BATCH = 200  # runs in a transaction, so that other writers do not wait long
_PAUSE = 0.05  # seconds between two transactions
_ENDED = [str(status) for status in RunStatus if status not in ACTIVE_STATUSES]


class Retention:
    """Removes what is too old. Messages are kept: they are the thread's.

    Args:
        store: The store.
        days: How long ended runs are kept after their creation.
    """

    def __init__(self, store: Store, days: float) -> None:
        self._store, self._days = store, days
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start. Called in the event loop."""
        self._task = asyncio.create_task(self._repeat(), name="retention")

    async def stop(self) -> None:
        """Stop."""
        if self._task is not None:
            await end_tasks([self._task])

    async def _repeat(self) -> None:
        while True:
            # The processes of a store do not search at the same time.
            await asyncio.sleep(random.uniform(0, min(_BETWEEN, self._days * _DAY)))  # noqa: S311
            with contextlib.suppress(SQLAlchemyError):
                removed = await self.remove()
                if removed:
                    _LOG.info("%d old runs have been removed", removed)

    async def remove(self) -> int:
        """Remove what is too old now.

        Returns:
            The number of removed runs.
        """
        oldest = int(time.time() - self._days * _DAY)
        removed = 0
        for status in _ENDED:
            removed += await self._in_batches(partial(_remove, status=status, oldest=oldest))
        await self._in_batches(remove_expired)
        return removed

    async def _in_batches(self, remove: Callable[[Connection], int]) -> int:
        removed = 0
        while number := await self._store.write(remove):
            removed += number
            await asyncio.sleep(_PAUSE)
        return removed


def _remove(connection: Connection, *, status: str, oldest: int) -> int:
    """Remove a batch of runs. Their steps and metadata are removed with them."""
    runs = RUNS.table
    found = select(runs.c.seq).where(runs.c.status == status, runs.c.created_at < oldest)
    found = found.order_by(runs.c.created_at, runs.c.seq).limit(_BATCH)
    seqs = list(connection.execute(found.with_for_update(skip_locked=True)).scalars())
    if seqs:
        connection.execute(delete(runs).where(runs.c.seq.in_(seqs)))
    return len(seqs)
