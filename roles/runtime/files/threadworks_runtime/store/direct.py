# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execute the statements of each run. On SQLite, SQLAlchemy only compiles them: its execution takes longer than theirs.

The statements must be the same objects each time, because each one is compiled once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from .encoding import dump, load

_Values = Mapping[str, Any]


def fetch(connection: Connection, statement: Select[Any], values: _Values) -> Sequence[Sequence[Any]]:
    """Return the selected rows.

    Args:
        connection: A transaction.
        statement: A cached statement, without lists of parameters.
        values: The parameters.

    Raises:
        DBAPIError: The database refuses the statement.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, values).all()
    return _prepared(statement, tuple(values)).fetch(_driver(connection), values)


def change(connection: Connection, statement: Insert | Update, *rows: _Values) -> None:
    """Insert or update rows.

    Args:
        connection: A writing transaction.
        statement: A cached statement.
        rows: The parameters for each row, all with the same names.

    Raises:
        DBAPIError: The database refuses a row.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(statement, [*rows] if len(rows) > 1 else rows[0])
    else:
        _prepared(statement, tuple(rows[0])).change(_driver(connection), rows)


class _Prepared:
    """A compiled statement, and how its parameters and columns are converted."""

    def __init__(self, statement: Insert | Select[Any] | Update, names: Sequence[str]) -> None:
        dialect = _dialect()
        compiled: Any = statement.compile(dialect=dialect, column_keys=names)
        types = {name: parameter.type for parameter, name in compiled.bind_names.items()}
        self._text = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if name not in names}
        self._parameters = [(name, _own(types[name], dialect).bind_processor(dialect)) for name in compiled.positiontup]
        columns = [_own(column.type, dialect) for column in getattr(statement, "selected_columns", ())]
        self._columns = [column.result_processor(dialect, None) for column in columns]

    def fetch(self, driver: sqlite3.Connection, values: _Values) -> list[list[Any]]:
        try:
            found = driver.execute(self._text, self._converted(values)).fetchall()
        except sqlite3.Error as error:
            raise self._translated(error) from error
        columns = self._columns
        return [[read(value) if read else value for read, value in zip(columns, row, strict=True)] for row in found]

    def change(self, driver: sqlite3.Connection, rows: Sequence[_Values]) -> None:
        try:
            driver.executemany(self._text, [self._converted(row) for row in rows])
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def _converted(self, values: _Values) -> list[Any]:
        given = {**self._constants, **values} if self._constants else values
        return [convert(given[name]) if convert else given[name] for name, convert in self._parameters]

    def _translated(self, error: sqlite3.Error) -> BaseException:
        return DBAPIError.instance(self._text, None, error, sqlite3.Error)


def _own(type: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """Return how a database stores a type."""
    return type.dialect_impl(dialect)


@cache
def _prepared(statement: Insert | Select[Any] | Update, names: tuple[str, ...]) -> _Prepared:
    return _Prepared(statement, names)


@cache
def _dialect() -> Dialect:
    """Return the dialect for all stores of this process: that of an engine would be kept after the store is closed."""
    # A PostgreSQL store does not need it.
    from sqlalchemy.dialects.sqlite.pysqlite import dialect

    return dialect(json_serializer=dump, json_deserializer=load)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
