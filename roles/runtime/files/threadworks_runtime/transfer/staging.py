# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A temporary database with the objects of an import. SQLite deletes its file as soon as it is open.

It groups objects by their threads, and brings them into the order of their creation, whatever the order in the source.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..objects import Document
from .objects import Thing

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE things (
    place INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, thread_id TEXT, run_id TEXT,
    created_at INTEGER NOT NULL, page INTEGER NOT NULL, is_ordered INTEGER NOT NULL, is_reversed INTEGER,
    document TEXT NOT NULL, private TEXT, source TEXT NOT NULL
);
CREATE UNIQUE INDEX by_id ON things (kind, id);
CREATE TABLE refused (thread_id TEXT PRIMARY KEY);
CREATE TABLE files (id TEXT PRIMARY KEY, name TEXT, used_by TEXT);
"""
_INDEX = "CREATE INDEX by_thread ON things (thread_id, kind, place)"
# A page of a list whose objects were all created in the same second does not show its order.
_PAGES = """
SELECT page, kind, CASE kind WHEN 'thread' THEN NULL ELSE thread_id END AS owner, min(place), max(place)
FROM things WHERE NOT is_ordered GROUP BY page, kind, owner HAVING count(*) > 1
"""


@dataclass(frozen=True)
class Page:
    """Objects that came together.

    Args:
        number: Its number.
        is_ordered: Whether the objects are known to be in the order of their creation, oldest first.
        is_list: Whether it is a list page of the API, whose default order is newest first.
    """

    number: int
    is_ordered: bool
    is_list: bool = False


class Staging:
    """The objects of an import. It is used by one thread at a time.

    Attributes:
        guessed: The number of pages whose order is not visible, because all objects have the same time.
    """

    def __init__(self) -> None:
        # An empty name is a temporary database, which SQLite keeps in memory while it is small.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(_SCHEMA)
        self._lists: set[int] = set()
        self.guessed = 0

    def add(self, thing: Thing, page: Page, source: str) -> Thing | None:
        """Add an object.

        Args:
            thing: The object.
            page: The objects that it came with.
            source: Where it comes from, for messages.

        Returns:
            The object with the same id that is already there, or None.
        """
        if page.is_list:
            self._lists.add(page.number)
        document = thing.document
        values = (
            thing.kind,
            document["id"],
            thing.thread_id,
            document.get("run_id"),
            document["created_at"],
            page.number,
            page.is_ordered,
            json.dumps(document),
            None if thing.private is None else json.dumps(thing.private),
            source,
        )
        added = self._database.execute(
            "INSERT OR IGNORE INTO things (kind, id, thread_id, run_id, created_at, page, is_ordered, document, "
            "private, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )
        if added.rowcount:
            return None
        found = self._database.execute(
            "SELECT document, private FROM things WHERE kind = ? AND id = ?", (thing.kind, document["id"])
        )
        return _thing(thing.kind, *found.fetchone())

    def refuse(self, thread_id: str) -> None:
        """Leave a thread out."""
        self._database.execute("INSERT OR IGNORE INTO refused VALUES (?)", (thread_id,))

    def refuse_assistant(self, id: str) -> None:
        """Leave an assistant out."""
        self._database.execute("DELETE FROM things WHERE kind = 'assistant' AND id = ?", (id,))

    def add_file(self, id: str, *, name: str | None = None, used_by: str | None = None) -> None:
        """Add a file or a vector store that an object uses, or its name."""
        self._database.execute(
            "INSERT INTO files VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = coalesce(name, excluded.name), "
            "used_by = coalesce(used_by, excluded.used_by)",
            (id, name, used_by),
        )

    def finish(self) -> None:
        """Find the order of the objects. After this, none can be added."""
        self._database.execute(_INDEX)
        ascending: Counter[str] = Counter()
        descending: Counter[str] = Counter()
        unknown = []
        for page, kind, owner, first, last in self._database.execute(_PAGES).fetchall():
            begin, end = (self._created_at(place) for place in (first, last))
            if begin == end:
                unknown.append((page, kind, owner, first, last))
            elif begin < end:
                ascending[kind] += 1
            else:
                descending[kind] += 1
                self._reverse(page, kind, owner, first, last)
        for page, kind, owner, first, last in unknown:
            by_default = page in self._lists and not ascending[kind]
            self.guessed += ascending[kind] == descending[kind]
            if descending[kind] > ascending[kind] or by_default:
                self._reverse(page, kind, owner, first, last)

    def _created_at(self, place: int) -> int:
        (found,) = self._database.execute("SELECT created_at FROM things WHERE place = ?", (place,)).fetchone()
        return int(found)

    def _reverse(self, page: int, kind: str, owner: str | None, first: int, last: int) -> None:
        self._database.execute(
            "UPDATE things SET is_reversed = 1 WHERE place BETWEEN ? AND ? AND page = ? AND kind = ? "
            "AND (thread_id IS ? OR kind = 'thread')",
            (first, last, page, kind, owner),
        )

    def threads(self) -> list[str]:
        """Return the ids of all threads, in the order of their creation, without those that are left out."""
        order = self._order("kind = 'thread'", ())
        # Objects can also belong to threads that the store already has. Assistants belong to none.
        found = self._database.execute(
            "SELECT id FROM things WHERE kind = 'thread' AND id NOT IN refused "  # noqa: S608  # chosen from two
            f"ORDER BY {order}"
        )
        ids = [id for (id,) in found]
        more = self._database.execute(
            "SELECT thread_id FROM things WHERE thread_id IS NOT NULL AND thread_id NOT IN refused "
            "AND thread_id NOT IN (SELECT id FROM things WHERE kind = 'thread') GROUP BY thread_id ORDER BY min(place)"
        )
        return [*ids, *(id for (id,) in more)]

    def things(self, kind: str, thread_id: str | None, batch: int) -> Iterator[list[tuple[Thing, str]]]:
        """Yield the objects of a kind and a thread in batches, oldest first, each with its source."""
        where, values = "kind = ? AND thread_id IS ?", (kind, thread_id)
        order = self._order(where, values)
        statement = f"SELECT document, private, source FROM things WHERE {where} ORDER BY {order}"  # noqa: S608  # see above
        cursor = self._database.execute(statement, values)
        while rows := cursor.fetchmany(batch):
            yield [(_thing(kind, document, private), source) for document, private, source in rows]

    def has(self, kind: str, id: str, thread_id: str) -> bool:
        """Return whether an object of a thread is there."""
        found = self._database.execute(
            "SELECT 1 FROM things WHERE kind = ? AND id = ? AND thread_id = ?", (kind, id, thread_id)
        )
        return found.fetchone() is not None

    def files(self, most: int) -> tuple[list[Document], int]:
        """Return the used files and vector stores, and their number.

        Args:
            most: The maximum number to return.
        """
        used = "FROM files WHERE used_by IS NOT NULL"
        (count,) = self._database.execute(f"SELECT count(*) {used}").fetchone()
        found = self._database.execute(f"SELECT id, name, used_by {used} ORDER BY id LIMIT ?", (most,))
        return [{"id": id, "name": name, "used_by": used_by} for id, name, used_by in found], count

    def close(self) -> None:
        """Delete the database."""
        self._database.close()

    def _order(self, where: str, values: tuple[Any, ...]) -> str:
        """Return the order of objects: that of the source if it is known, or that of their times."""
        unordered = f"SELECT 1 FROM things WHERE {where} AND NOT is_ordered LIMIT 1"  # noqa: S608  # constant parts
        found = self._database.execute(unordered, values).fetchone()
        return "created_at, CASE WHEN is_reversed THEN -place ELSE place END" if found else "place"


def _thing(kind: str, document: str, private: str | None) -> Thing:
    return Thing(kind, json.loads(document), None if private is None else json.loads(private))
