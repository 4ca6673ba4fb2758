# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow runs of other processes through the store. One query serves all followers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from ..lifecycle import WireEvent
from ..records import RunRecord
from ..store import Store
from ..store.tables import MESSAGES, RUNS, STEPS

_AT_ONCE = 500  # runs per statement, because the number of parameters is limited
_BETWEEN = 0.05  # seconds between two queries


class Look(NamedTuple):
    """A run with its messages and steps.

    Args:
        run: The run.
        parts: Its messages and steps, each as the event for its status.
    """

    run: RunRecord
    parts: list[WireEvent]


class Followers:
    """Reads runs.

    Args:
        store: The store of the runs.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wanted: dict[str, asyncio.Future[Look | None]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def look(self, run_id: str) -> Look | None:
        """Read a run.

        Args:
            run_id: The run.

        Returns:
            The current state of the run, or None if it does not exist.

        Raises:
            SQLAlchemyError: The store cannot be read.
        """
        wanted = self._wanted.setdefault(run_id, asyncio.get_running_loop().create_future())
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="followers")
        return await asyncio.shield(wanted)  # others may wait for the same query

    async def _look(self) -> None:
        while self._wanted:
            ids = list(self._wanted)[:_AT_ONCE]
            wanted = {run_id: self._wanted.pop(run_id) for run_id in ids}
            try:
                found = await self._store.read(lambda connection, ids=ids: _find(connection, ids))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001  # it is the followers' matter
                for future in wanted.values():
                    future.set_exception(error)
                    future.exception()  # the followers may have disconnected
            else:
                for run_id, future in wanted.items():
                    future.set_result(found.get(run_id))
            await asyncio.sleep(_BETWEEN)
        self._looking = None


def _find(connection: Connection, ids: Sequence[str]) -> dict[str, Look]:
    runs = RUNS.table
    statement = select(*RUNS.columns).where(runs.c.id.in_(ids))
    found = {row.id: Look(RunRecord(*row), []) for row in connection.execute(statement)}
    for name, kind in (("thread.message", MESSAGES), ("thread.run.step", STEPS)):
        table = kind.table
        parts = select(table.c.run_id, table.c.document).where(table.c.run_id.in_(found)).order_by(table.c.seq)
        for run_id, document in connection.execute(parts):
            found[run_id].parts.append((f"{name}.{document['status']}", document))
    return found
