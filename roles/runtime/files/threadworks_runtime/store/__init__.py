# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: a database, opened once, read and written in short transactions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from ..settings import Settings
from .engine import IDLE_TIMEOUT, LIVENESS, instant_engine, is_there, open_engine, writing_engine
from .kept import KeptConnection
from .migrations import migrate
from .writer import GroupWriter

_T = TypeVar("_T")
_Transaction = Callable[[], AbstractContextManager[Connection]]
_READERS = 4
_WRITERS = 8


class Store:
    """A database of the runtime.

    Transactions run in threads of the store's own, so that the event loop does not wait for a disk. SQLite has one
    writer at a time anyway: there a single thread writes for all. Single rows of SQLite are read in the event loop, and
    brief transactions are written there without their commit, because handing the statements over to a thread takes
    longer than the statements.

    Args:
        engine: The database, at the runtime's version.
        writing: The engine for transactions that write.

    Attributes:
        engine: The database.
    """

    def __init__(self, engine: Engine, writing: Engine) -> None:
        self.engine, self._writing = engine, writing
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="reader")
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._kept = threading.local()
        self._all_kept: list[KeptConnection] = []
        self._instant_engine = instant_engine(engine) if self._is_sqlite else None
        self._instant = KeptConnection(self._instant_engine) if self._instant_engine else None
        self._instant_writing = instant_engine(engine, writing=True) if self._is_sqlite else None
        self._writer = (
            GroupWriter(self._writing, self._instant_writing) if self._instant_writing else _Writers(self.writing)
        )

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        """Run a function in a read transaction, which sees a consistent state of the store.

        Args:
            work: Called with the connection, in another thread.

        Returns:
            What the function returns.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._readers, _run, self._reading_here if self._is_sqlite else self.reading, work
        )

    async def get(self, work: Callable[[Connection], _T]) -> _T:
        """Run a function that reads single rows by their ids.

        Args:
            work: Called with the connection. Each statement may see another state.

        Returns:
            What the function returns.
        """
        if self._instant is not None and self.is_there():
            # If another process has locked the database, the function is called again in a thread, which waits.
            with suppress(OperationalError):
                return _run(self._instant.statements, work)
        return await self.read(work)

    async def write(self, work: Callable[[Connection], _T], *, is_brief: bool = False) -> _T:
        """Run a function in a write transaction. If it raises an exception, nothing is written.

        Args:
            work: Called with the connection, in any thread.
            is_brief: Whether it only executes a few statements, each of them with an index.

        Returns:
            What the function returns.
        """
        return await self._writer.write(work, is_brief=is_brief)

    def is_there(self) -> bool:
        """Return whether the store can still be found by other processes: its file was not removed or replaced."""
        return is_there(self.engine)

    def connection_options(self) -> dict[str, Any]:
        """Return the arguments with which the driver connects to the database."""
        return {**LIVENESS, **self.engine.dialect.create_connect_args(self.engine.url)[1]}

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a read transaction in the caller's thread."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a read transaction in the caller's thread that sees the same state until it ends."""
        # In SQLite, each transaction does.
        is_postgresql = self.engine.dialect.name == "postgresql"
        level = {"isolation_level": "REPEATABLE READ"} if is_postgresql else {}
        with self.engine.execution_options(**level).begin() as connection:
            if is_postgresql:
                # Between two statements, this transaction may wait for a slow client. It has no locks.
                connection.exec_driver_sql(f"SET LOCAL {IDLE_TIMEOUT} = 0")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a write transaction in the caller's thread."""
        with self._writing.begin() as connection:
            yield connection

    def _reading_here(self) -> AbstractContextManager[Connection]:
        """Open a read transaction in this thread's own connection. PostgreSQL could close it, SQLite does not."""
        kept: KeptConnection | None = getattr(self._kept, "connection", None)
        if kept is None:
            kept = self._kept.connection = KeptConnection(self.engine)
            self._all_kept.append(kept)
        return kept.transaction()

    def close(self) -> None:
        """End the threads and close the connections."""
        self._writer.close()
        self._readers.shutdown()
        for connection in self._all_kept:
            connection.close()
        if self._instant is not None and self._instant_engine is not None:
            self._instant.close()
            self._instant_engine.dispose()
        if self._instant_writing is not None:
            self._instant_writing.dispose()
        self.engine.dispose()
        self._writing.dispose()


class _Writers:
    """Writes in several threads, for a database that has several writers."""

    def __init__(self, transaction: _Transaction) -> None:
        self._transaction = transaction
        self._threads = ThreadPoolExecutor(_WRITERS, thread_name_prefix="writer")

    def write(self, work: Callable[[Connection], _T], *, is_brief: bool) -> asyncio.Future[_T]:
        return asyncio.wrap_future(self._threads.submit(_run, self._transaction, work))

    def close(self) -> None:
        self._threads.shutdown()


def _run(transaction: _Transaction, work: Callable[[Connection], _T]) -> _T:
    with transaction() as connection:
        return work(connection)


def open_store(settings: Settings) -> Store:
    """Open the store. It is created if it does not exist, and upgraded if it is older.

    Args:
        settings: The settings with the store.

    Returns:
        The store.

    Raises:
        StoreError: It cannot be reached, created or read, or is newer than this runtime.
    """
    engine = open_engine(settings.store, settings.lease)
    writing = writing_engine(engine)
    try:
        migrate(engine, writing)
    except BaseException:
        engine.dispose()
        writing.dispose()
        raise
    return Store(engine, writing)
