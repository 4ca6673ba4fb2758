# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take runs away from workers that have died, hang, or have lost the database."""

from __future__ import annotations

import time

from sqlalchemy import Connection, select

from ..leases import is_held, lapsed
from ..lifecycle import give_back, settle
from ..owners import MARK, is_gone, this_host
from ..records import RunRecord
from ..status import RunStatus
from ..store import Store, runs
from ..store.tables import IS_HELD, RUNS
from ..usage.runs import with_cut_round
from .jobs import put

_AT_ONCE = 100
_MOST = 5  # a run that has taken so many workers with it fails


async def rescue(store: Store) -> None:
    """Queue the runs again whose runner does not renew its lease. The next runner restarts their current round.

    Args:
        store: The store.
    """
    for run_id in await store.read(_abandoned):
        await store.write(lambda connection, run_id=run_id: _take(connection, run_id))  # type: ignore[misc]


def _abandoned(connection: Connection) -> list[str]:
    table = RUNS.table
    # The runner of a local runtime is the only one that knows the model server of its runs.
    ours = table.c.lease_owner.contains(MARK, autoescape=True)
    held = select(table.c.id, table.c.lease_owner).where(IS_HELD, ours).order_by(table.c.seq)
    expired = connection.execute(held.where(lapsed(table)).limit(_AT_ONCE)).all()
    # The processes of this machine are known to be dead at once.
    here = connection.execute(held.where(table.c.lease_owner.startswith(this_host(), autoescape=True))).all()
    dead = {owner for owner in {row.lease_owner for row in here} if is_gone(owner)}
    return [*dict.fromkeys([row.id for row in expired] + [row.id for row in here if row.lease_owner in dead])]


def _take(connection: Connection, run_id: str) -> None:
    run = runs.lock_by_id(connection, run_id)
    if run is None or run.status not in (RunStatus.IN_PROGRESS, RunStatus.CANCELLING) or is_held(run):
        return
    ended = _ended(run)
    if ended is not None:
        runs.apply(connection, settle(run, runs.open_parts(connection, run_id), ended))
        return
    runs.drop_round(connection, run)
    change = give_back(with_cut_round(run), has_failed=True)
    runs.apply(connection, change)
    put(connection, change.run.document)


def _ended(run: RunRecord) -> RunStatus | None:
    """Return the status of a run that is not executed again."""
    if run.status == RunStatus.CANCELLING:
        return RunStatus.CANCELLED
    if time.time() >= run.expires_at:
        return RunStatus.EXPIRED
    return RunStatus.FAILED if run.private.get("restarts", 0) >= _MOST else None
