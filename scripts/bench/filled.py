# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fill a large store: copy data that the runtime has written, in SQL, with different ids.

All ids that belong to a thread have a common part, so that one replacement in each text is enough to copy the thread.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

_THREAD, _TURN = "copy-of-thread", "copy-of-turn00"
_TABLES = ("messages", "runs", "steps")
_PREFIXES = {"messages": "msg", "runs": "run", "steps": "step"}
_Names = dict[str, str]


def number_ids(store: Path) -> _Names:
    """Replace the ids of threads and their objects with ids that can be copied. No runtime must be running.

    Returns:
        The new ids by the old ids.
    """
    with _opened(store) as connection:
        names: _Names = {}
        for (id,) in connection.execute("SELECT id FROM threads"):
            names[id] = f"thread_{len(names):04x}{_THREAD}"
        for table, prefix in _PREFIXES.items():
            for (id,) in connection.execute(f"SELECT id FROM {table} ORDER BY seq"):
                names[id] = f"{prefix}_{len(names):04x}{_TURN}"
        connection.create_function("named", 1, lambda text: _replaced(text, names))
        for table in _tables(connection):
            columns = ", ".join(f"{column} = named({column})" for column in _columns(connection, table))
            connection.execute(f"UPDATE {table} SET {columns}")
    return names


def copy_threads(store: Path, thread_id: str, number: int) -> None:
    """Copy a thread with all its objects."""
    with _opened(store) as connection:
        _copy(connection, "threads", "id = ?", thread_id, number)
        for table in _TABLES:
            _copy(connection, table, _in_thread(table), thread_id, number)


def copy_turns(store: Path, thread_id: str, number: int) -> None:
    """Copy all messages and runs of a thread within it."""
    with _opened(store) as connection:
        for table in _TABLES:
            _copy(connection, table, _in_thread(table), thread_id, number, thread=_THREAD)


def copy_assistant(store: Path, assistant_id: str, name: str, number: int) -> None:
    """Copy an assistant. Each copy has a different name."""
    with _opened(store) as connection:
        _copy(connection, "assistants", "id = ?", assistant_id, number, named={assistant_id: "asst_", name: f"{name}-"})


def _copy(
    connection: sqlite3.Connection,
    table: str,
    condition: str,
    id: str,
    number: int,
    thread: str = "",
    named: _Names | None = None,
) -> None:
    """Copy the rows that meet a condition, and their metadata.

    Args:
        connection: The store.
        table: The table of the rows.
        condition: The condition, with a placeholder for `id`.
        id: The value for the placeholder.
        number: The number of copies.
        thread: The common part of the thread's ids, if the copies are in the same thread.
        named: Further texts to replace. Each is replaced with another text and the number of the copy.
    """

    def renamed(column: str) -> str:
        text = f"replace({column}, '{_THREAD}', {new('t', thread)})"
        text = f"replace({text}, '{_TURN}', {new('u')})"
        for old, start in (named or {}).items():
            text = f"replace({text}, '{old}', '{start}' || i)"
        return text

    def new(letter: str, fixed: str = "") -> str:
        return f"'{fixed}'" if fixed else f"printf('{letter}%0{len(_THREAD) - 1}x', i)"

    numbers = f"WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {number})"
    columns = [column for column in _columns(connection, table) if column != "seq"]
    copied = ", ".join(renamed(f"old.{column}") for column in columns)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) {numbers} SELECT {copied} FROM numbers, {table} old "
        f"WHERE {condition.replace('id', 'old.id', 1)} ORDER BY i, old.seq",
        (id,),
    )
    if f"{table}_metadata" in _tables(connection):
        columns = [column for column in _columns(connection, f"{table}_metadata") if column != "seq"]
        copied = ", ".join(renamed(f"pair.{column}") for column in columns)
        connection.execute(
            f"INSERT INTO {table}_metadata (seq, {', '.join(columns)}) {numbers} SELECT new.seq, {copied} "
            f"FROM numbers, {table} old JOIN {table}_metadata pair ON pair.seq = old.seq "
            f"JOIN {table} new ON new.id = {renamed('old.id')} "
            f"WHERE {condition.replace('id', 'old.id', 1)} ORDER BY i, old.seq",
            (id,),
        )


def _in_thread(table: str) -> str:
    if table == "steps":
        return "id IN (SELECT steps.id FROM steps JOIN runs ON runs.id = steps.run_id WHERE runs.thread_id = ?)"
    return "id = old.id AND old.thread_id = ?"


def _tables(connection: sqlite3.Connection) -> list[str]:
    known = ("assistants", "threads", *_TABLES)
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return [name for (name,) in found if name.removesuffix("_metadata") in known]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]


def _replaced(text: Any, names: _Names) -> Any:
    if isinstance(text, str):
        for old, new in names.items():
            text = text.replace(old, new)
    return text


@contextlib.contextmanager
def _opened(store: Path) -> Any:
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # the store can be created again
        with connection:
            yield connection
