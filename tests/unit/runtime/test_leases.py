# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases: which clock counts, and that the database's condition agrees."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import select
from threadworks_runtime.leases import NOBODY, held_for, is_held, lapsed
from threadworks_runtime.owners import is_here, new_owner
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store, rows
from threadworks_runtime.store.tables import RUNS, THREADS

_HOST, _PID, _STARTED, _NONCE = new_owner().split("|")
_ALIVE = f"{_HOST}|{_PID}|{_STARTED}|{_NONCE}"
# By names, because the names of tests have to be the same in every process.
_OWNERS = {
    "nobody": None,
    "alive": _ALIVE,
    "dead": f"{_HOST}|{_PID}|1|{_NONCE}",
    "elsewhere": f"elsewhere_%|{_PID}|{_STARTED}|{_NONCE}",
}


@pytest.mark.parametrize(
    ("owner", "wall", "monotonic", "held", "free_for_the_database"),
    [
        ("nobody", None, None, False, True),
        ("alive", 30, 30, True, False),
        ("alive", -3600, 30, True, False),
        ("alive", 3600, -1, False, True),
        # A version that knows the wall clock only.
        ("alive", 30, None, True, False),
        ("alive", -1, None, False, True),
        ("elsewhere", 30, -1, True, False),
        ("elsewhere", -1, 30, False, True),
        # The database does not see who is dead.
        ("dead", 30, 30, False, False),
    ],
)
def test_who_holds_a_run(
    store_address: str,
    owner: str,
    wall: float | None,
    monotonic: float | None,
    held: bool,
    free_for_the_database: bool,
) -> None:
    columns: dict[str, Any] = {
        "lease_owner": _OWNERS[owner],
        "lease_until": wall and time.time() + wall,
        "lease_monotonic": monotonic and time.monotonic() + monotonic,
    }
    store = open_store(Settings(store=store_address))
    with store.writing() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}})
        document = {"id": "run_1", "metadata": {}}
        rows.insert(connection, RUNS, document, thread_id="thread_1", status="queued", expires_at=0, **columns)
        assert is_held(rows.find(connection, RUNS, "run_1")) is held
        free = connection.execute(select(RUNS.table.c.id).where(lapsed(RUNS.table))).scalars().all()
    assert free == (["run_1"] if free_for_the_database else [])
    store.close()


def test_a_lease_names_all_columns() -> None:
    assert held_for(_ALIVE, 1).keys() == NOBODY.keys()
    assert NOBODY.keys() == {name for name in RUNS.table.c.keys() if name.startswith("lease_")}  # noqa: SIM118


def test_whose_process_can_be_seen() -> None:
    assert is_here(_ALIVE)
    assert is_here(_OWNERS["dead"])
    assert not is_here(_OWNERS["elsewhere"])
    assert not is_here(f"{_HOST}|{_PID}|-|{_NONCE}"), "the platform does not show processes"
