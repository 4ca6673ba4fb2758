# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that a thread keeps between its transactions. Taking one from the pool costs more than a short query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine


class KeptConnection:
    """The connection of one thread. It is opened with the first transaction, and after an error.

    Args:
        engine: The engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction. It is rolled back after an exception."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            with self._connection.begin():
                yield self._connection
        except BaseException:
            self.close()
            raise

    @contextmanager
    def statements(self) -> Iterator[Connection]:
        """Read without a transaction. Each statement sees the latest state."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            yield self._connection
        finally:
            self._connection.rollback()  # SQLAlchemy starts a transaction on its own

    def close(self) -> None:
        """Return the connection to the pool."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
