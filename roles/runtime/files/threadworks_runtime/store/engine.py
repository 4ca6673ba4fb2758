# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Database engines. SQLite and PostgreSQL are configured to behave alike."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from ..errors import StoreError
from .encoding import dump, load
from .files import prepare, watch
from .wording import StoreMoved, because, is_busy, shown

_WAIT = 30  # seconds that a writer waits for others
_LONGEST_TIMEOUT = 2**31 - 1  # milliseconds, in PostgreSQL
LIVENESS: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,
}
"""The options of connections to PostgreSQL with which a lost one is noticed after 10 to 15 seconds."""
IDLE_TIMEOUT = "idle_in_transaction_session_timeout"
"""The setting of PostgreSQL for the time that a transaction may wait for its next statement, in milliseconds."""
# The execution option with the function that returns whether the file of an SQLite store is still there.
_IS_THERE = "is_there"
# Each thread of the store uses a connection.
_OPTIONS: dict[str, Any] = {
    "poolclass": QueuePool,
    "pool_size": 16,
    "max_overflow": 16,
    "json_serializer": dump,
    "json_deserializer": load,
}


def open_engine(address: str, lease: float) -> Engine:
    """Create the engine of a store and test it.

    Args:
        address: An SQLAlchemy URL or a path.
        lease: The duration of a lease in seconds. PostgreSQL ends the transaction of a process that is silent for so
            long. Its locks would block the processes that take over its runs.

    Returns:
        The engine.

    Raises:
        StoreError: It cannot be used. The message contains the store and the reason.
    """
    url = _url(address)
    try:
        if url.get_backend_name() == "sqlite":
            return _sqlite(url)
        return _postgresql(url, lease)
    except OSError as error:
        raise StoreError(f"The store {shown(url)} cannot be opened{because(error)}") from error
    except ImportError as error:
        remedy = "pip install procrastinate 'psycopg[binary]'"
        raise StoreError(f"The store {shown(url)} needs libraries that are not installed: {remedy}.") from error
    except DBAPIError as error:
        raise StoreError(f"The store {shown(url)} cannot be opened{because(error.orig)}") from error


def is_missing(address: str) -> bool:
    """Return whether a store is an SQLite file that does not exist.

    Args:
        address: An SQLAlchemy URL or a path.

    Raises:
        StoreError: The address is not valid.
    """
    url = _url(address)
    return url.get_backend_name() == "sqlite" and not os.path.exists(str(url.database))


def _url(address: str) -> URL:
    if not address:
        raise StoreError("The address of the store is empty. Set a path or a database URL.")
    if "\0" in address:
        raise StoreError("The address of the store contains a null character. Set a path or a database URL.")
    if "://" not in address:
        return _file(address)
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise StoreError("The address of the store is neither a path nor a database URL.") from error
    backend = url.drivername.partition("+")[0]
    if backend in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise StoreError(f"The store cannot be a {backend} database. Use sqlite or postgresql.")
    if url.database in (None, "", ":memory:"):
        raise StoreError("The store cannot be in memory, because it must outlive the runtime. Set a path.")
    if url.query:
        raise StoreError("The URL of the store has options, which are not supported for SQLite. Set only the path.")
    return _file(str(url.database))


def _file(path: str) -> URL:
    """Return the URL of an SQLite store, the same for all paths of the file."""
    try:
        return URL.create("sqlite", database=os.path.realpath(os.path.expanduser(path)))
    except ValueError as error:
        raise StoreError("The path of the store is not valid on this system. Choose another path.") from error


def is_there(engine: Engine) -> bool:
    """Return whether the file of a store is still the one that was opened. A PostgreSQL store has no file.

    Args:
        engine: An engine of the store.
    """
    check: Callable[[], bool] | None = engine.get_execution_options().get(_IS_THERE)
    return check is None or check()


def _sqlite(url: URL) -> Engine:
    path = str(url.database)
    try:
        prepare(Path(path), _WAIT)
    except sqlite3.Error as error:
        raise DBAPIError("open", None, error) from error
    engine = _sqlite_engine(url, {_IS_THERE: watch(path)})
    _use_write_ahead_log(engine)
    return engine


def writing_engine(engine: Engine) -> Engine:
    """Return the engine for transactions that write. SQLite needs another one.

    Args:
        engine: The engine of the store.
    """
    if engine.dialect.name != "sqlite":
        return engine.execution_options(writing=True)
    return _sqlite_engine(engine.url, engine.get_execution_options(), writing=True)


def instant_engine(engine: Engine, *, writing: bool = False) -> Engine:
    """Return an engine for an SQLite store that does not wait for other processes.

    Args:
        engine: The engine of the store.
        writing: Whether it is for transactions that write.
    """
    return _sqlite_engine(engine.url, engine.get_execution_options(), writing=writing, wait=0)


def _sqlite_engine(url: URL, options: Mapping[str, Any], *, writing: bool = False, wait: int = _WAIT) -> Engine:
    options = {**options, "writing": writing}
    engine = create_engine(url, connect_args={"timeout": wait}, execution_options=options, **_OPTIONS)
    # A writer takes the lock immediately. A transaction that started as a reader could not wait for it.
    statement = "BEGIN IMMEDIATE" if writing else "BEGIN"
    # Not a listener for the event, because each statement takes longer if there is one.
    dialect: Any = engine.dialect

    def check() -> None:
        # SQLite would go on with the old file, which no other process can find, or create an empty one.
        if not is_there(engine):
            raise StoreMoved

    def begin(connection: Any) -> None:
        check()
        connection.driver_connection.execute(statement)

    def commit(connection: Any) -> None:
        connection.commit()
        check()

    dialect.do_begin = begin
    if writing:
        dialect.do_commit = commit

    @event.listens_for(engine, "do_connect")
    def _refuse(*_arguments: Any) -> None:
        check()

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are started below, for reading or writing
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            # A commit is on the disk when it returns. The second pragma is needed on macOS.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA fullfsync = ON")
        except sqlite3.Error as error:  # SQLAlchemy does not convert it here
            raise DBAPIError("PRAGMA", None, error) from error

    return engine


def _use_write_ahead_log(engine: Engine) -> None:
    deadline = time.monotonic() + _WAIT
    try:
        with contextlib.closing(engine.raw_connection()) as raw:
            while raw.cursor().execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                try:
                    raw.cursor().execute("PRAGMA journal_mode = WAL")
                    return
                except sqlite3.OperationalError as error:  # SQLite does not wait for this lock on its own
                    if time.monotonic() > deadline or not is_busy(error):
                        raise
                    time.sleep(0.02)
    except sqlite3.Error as error:
        raise DBAPIError("PRAGMA journal_mode", None, error) from error


def _postgresql(url: URL, lease: float) -> Engine:
    arguments = {name: value for name, value in LIVENESS.items() if name not in url.query}
    given = url.query.get("options", "")
    # The last one counts if the user has set it too.
    arguments["options"] = (
        f"-c {IDLE_TIMEOUT}={1000 * lease:.0f} {given if isinstance(given, str) else ' '.join(given)}"
    )
    engine = create_engine(url, connect_args=arguments, **_OPTIONS)
    engine.connect().close()
    return engine
