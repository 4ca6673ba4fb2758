# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy the only thread of a store a million times, with its messages, its run, and what belongs to the run.

The statements are the same for SQLite and PostgreSQL. No runtime must be running.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import Any, TypeAlias

import psycopg

_TABLES = ("threads", "messages", "runs", "steps")
_AT_ONCE = 50_000  # threads in a transaction
_DIGITS = 22
_ZEROS = "0" * _DIGITS


_Cursor: TypeAlias = sqlite3.Cursor | psycopg.Cursor[Any]


def multiply(connection: sqlite3.Connection | psycopg.Connection[Any], number: int) -> None:
    """Copy the thread.

    Args:
        connection: The store.
        number: The number of copies.
    """
    cursor: _Cursor = connection.cursor()
    names: dict[str, str] = {}
    for table in _TABLES:
        cursor.execute(f"SELECT id FROM {table} ORDER BY seq")
        for (id,) in cursor.fetchall():
            # As long as a real id, and different for each object of a thread.
            names[id] = f"'{id.partition('_')[0]}_{len(names):02}' || " + _padded("n")
    columns = {
        table: [column for column in _columns(cursor, table) if column != "seq"]
        for table in (*_TABLES, "runs_metadata", "run_usage")
    }
    for start in range(0, number, _AT_ONCE):
        print(f"one million runs: {start} copied", file=sys.stderr)
        for table in _TABLES:
            _copy(cursor, table, columns[table], names, start)
        connection.commit()
    # The copies are all rows but the first one.
    copies = "runs, {0} old WHERE runs.seq > (SELECT min(seq) FROM runs)"
    taken = {"thread_id": "runs.thread_id", "created_at": "runs.created_at", "run_seq": "runs.seq"}
    for table, number_of in (("runs_metadata", "seq"), ("run_usage", "run_seq")):
        others = [column for column in columns[table] if column != number_of]
        values = ", ".join(taken.get(column, f"old.{column}") for column in others)
        cursor.execute(
            f"INSERT INTO {table} ({number_of}, {', '.join(others)}) SELECT runs.seq, {values} "
            f"FROM {copies.format(table)}"
        )
        connection.commit()


def _copy(cursor: _Cursor, table: str, columns: list[str], names: dict[str, str], start: int) -> None:
    """Copy the rows of the thread that was there first. Rows of a table are all alike, so the oldest ones are."""

    def copied(column: str) -> str:
        if column == "created_at":
            return "old.created_at - 1000000 + n / 10"
        if column not in ("id", "thread_id", "run_id", "document", "private"):
            return f"old.{column}"
        value = f"CAST(old.{column} AS TEXT)"
        for old, new in names.items():
            value = f"replace({value}, '{old}', {new})"
        return f"CAST({value} AS JSON)" if column in ("document", "private") and _is_postgresql(cursor) else value

    oldest = ", ".join(f"'{old}'" for old in names)
    numbers = f"WITH RECURSIVE numbers (n) AS (SELECT {start + 1} UNION ALL SELECT n + 1 FROM numbers WHERE n < "
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) {numbers}{start + _AT_ONCE}) "
        f"SELECT {', '.join(map(copied, columns))} FROM numbers, {table} old WHERE old.id IN ({oldest})"
    )


def _padded(number: str) -> str:
    return f"substr('{_ZEROS}', 1, {_DIGITS} - length(CAST({number} AS TEXT))) || CAST({number} AS TEXT)"


def _columns(cursor: _Cursor, table: str) -> list[str]:
    cursor.execute(f"SELECT * FROM {table} LIMIT 1")
    cursor.fetchall()
    return [column[0] for column in cursor.description or ()]


def _is_postgresql(cursor: _Cursor) -> bool:
    return isinstance(cursor, psycopg.Cursor)
