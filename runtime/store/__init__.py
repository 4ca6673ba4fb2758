# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: a database, opened once, read and written in short transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from ..settings import Settings
from .engine import open_engine
from .migrations import migrate


class Store:
    """A database of the runtime.

    :param engine: the database, at the runtime's version.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writing=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one state of the store."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: all of it happens, or, with an exception, nothing."""
        with self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections that are kept for reuse."""
        self._engine.dispose()


def open_store(settings: Settings) -> Store:
    """Open the settings' store; make it where there is none, bring it up to date where it is older.

    :param settings: which store, and whether this process forks.
    :return: the store.
    :raise StoreError: it cannot be reached, made or read, or is newer than this runtime.
    """
    engine = open_engine(settings.store, pooled=settings.executor == "threads")
    migrate(engine)
    return Store(engine)
