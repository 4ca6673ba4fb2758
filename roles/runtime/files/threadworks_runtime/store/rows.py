# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the API as rows: insert, find, change, delete, list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, delete, select

from ..errors import CursorNotFound, NotFound
from ..records import MessageRecord, Record
from . import statements
from .direct import change, fetch
from .encoding import searchable
from .tables import MESSAGES, Kind

R = TypeVar("R", bound=Record[Any, Any])
D = TypeVar("D", bound=Mapping[str, Any])


@dataclass(frozen=True)
class Page:
    """A page of a list (Assistants wire, section 10).

    Args:
        limit: The number of objects, from 1 to 100.
        order: ``asc`` or ``desc``, by creation.
        after: The list starts after this id.
        before: The list ends before this id.
        metadata: Pairs that each object must have.
    """

    limit: int = 20
    order: str = "desc"
    after: str | None = None
    before: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


class New(NamedTuple):
    """A new object.

    Attributes:
        document: The object.
        private: Its private part.
        columns: The further columns of its kind.
    """

    document: Mapping[str, Any]
    private: Mapping[str, Any]
    columns: Mapping[str, Any]


def insert(
    connection: Connection, kind: Kind[R], document: D, private: Mapping[str, Any] | None = None, **columns: object
) -> D:
    """Write a new object.

    Args:
        connection: A writing transaction.
        kind: The object's kind.
        document: The object.
        private: The private part of the object.
        columns: The further columns of this kind.

    Returns:
        The document.
    """
    insert_all(connection, kind, [document], private, **columns)
    return document


def insert_all(
    connection: Connection,
    kind: Kind[R],
    documents: Sequence[Mapping[str, Any]],
    private: Mapping[str, Any] | None = None,
    **columns: object,
) -> None:
    """Write new objects in order, with two statements for any number of objects, because other writers wait.

    Args:
        connection: A writing transaction.
        kind: The objects' kind.
        documents: The objects.
        private: The private part of each object.
        columns: The further columns of this kind, the same for all.
    """
    insert_each(connection, kind, [New(document, private or {}, columns) for document in documents])


def insert_each(connection: Connection, kind: Kind[R], things: Sequence[New]) -> None:
    """Write new objects that have different columns, in order, with two statements.

    Args:
        connection: A writing transaction.
        kind: The objects' kind.
        things: The objects.
    """
    if things:
        values = [
            {
                "id": thing.document["id"],
                "document": thing.document,
                "private": thing.private,
                **_searched(kind, thing.document),
                **thing.columns,
            }
            for thing in things
        ]
        change(connection, statements.new_rows(kind), *values)
        _write_pairs(connection, kind, [thing.document for thing in things])


def with_ids(connection: Connection, kind: Kind[R], ids: Sequence[str]) -> dict[str, R]:
    """Return the existing objects with these ids, by their ids."""
    if not ids:
        return {}
    found = connection.execute(select(*kind.columns).where(kind.table.c.id.in_(ids)))
    return {record.id: record for record in (kind.record(*row) for row in found)}


def get(connection: Connection, kind: Kind[R], id: str, *, lock: bool = False, **owner: str) -> R | None:
    """Find an object.

    Args:
        connection: A transaction.
        kind: The object's kind.
        id: Its id from the request.
        lock: Lock it until this transaction ends.
        owner: Columns that must match, for example the thread.

    Returns:
        The object, or ``None``.
    """
    if any("\0" in text for text in (id, *owner.values())):  # PostgreSQL does not support null characters
        return None
    statement = statements.rows_by(kind, "id", *owner, lock=lock)
    found = fetch(connection, statement, {"id": id, **owner})
    return kind.record(*found[0]) if found else None


def find(connection: Connection, kind: Kind[R], id: str, *, lock: bool = False, **owner: str) -> R:
    """Find an object that must exist.

    Raises:
        NotFound: It does not exist.
    """
    record = get(connection, kind, id, lock=lock, **owner)
    if record is None:
        raise NotFound(kind.noun, id)
    return record


def save(connection: Connection, kind: Kind[R], record: R, document: D, private: Mapping[str, Any] | None = None) -> D:
    """Write a changed object.

    Args:
        connection: A write transaction that has read the object.
        kind: The object's kind.
        record: The stored object.
        document: The changed object.
        private: The private part, or None to keep it.

    Returns:
        The document.
    """
    values: dict[str, Any] = {"document": document, **_searched(kind, document)}
    if private is not None:
        values["private"] = private
    change(connection, statements.changed_row(kind), {"its_seq": record.seq, **values})
    if kind.pairs is not None and document["metadata"] != record.document["metadata"]:
        connection.execute(delete(kind.pairs).where(kind.pairs.c.seq == record.seq))
        _write_pairs(connection, kind, [document])
    return document


def remove(connection: Connection, kind: Kind[R], record: R) -> None:
    """Delete an object and everything that belongs to it."""
    connection.execute(delete(kind.table).where(kind.table.c.seq == record.seq))


def all_of(connection: Connection, kind: Kind[R], **owner: str) -> list[R]:
    """Return all objects with these column values, oldest first."""
    found = fetch(connection, statements.rows_by(kind, *owner, lock=False), owner)
    return [kind.record(*row) for row in found]


def has_more_than(connection: Connection, kind: Kind[R], number: int, **owner: str) -> bool:
    """Return whether there are more than this number of rows with these column values, which must have an index."""
    return bool(fetch(connection, statements.row_behind(kind, *owner), {**owner, "number": number}))


def of_runs(connection: Connection, run_ids: list[str]) -> list[MessageRecord]:
    """Return all messages that these runs have written, oldest first."""
    messages = MESSAGES.table
    statement = select(*MESSAGES.columns).where(messages.c.run_id.in_(run_ids)).order_by(messages.c.seq)
    return [MessageRecord(*row) for row in connection.execute(statement)]


def list_page(connection: Connection, kind: Kind[R], page: Page, **owner: str) -> tuple[list[R], bool]:
    """Return one page of a list. Its cost only depends on the page, because there is an index for each order.

    Args:
        connection: A transaction.
        kind: The objects' kind.
        page: The page.
        owner: Columns that must match.

    Returns:
        The objects, and whether there are further objects.

    Raises:
        CursorNotFound: A cursor is not in this list.
    """
    # A page before a cursor is read backwards from the cursor, and then reversed.
    backwards = page.before is not None and page.after is None
    values: dict[str, Any] = {**owner, "number": page.limit + 1}
    for number, (key, value) in enumerate(page.metadata.items()):
        values |= {f"key_{number}": key, f"value_{number}": value}
    cursors = {name: cursor for name in ("after", "before") if (cursor := getattr(page, name)) is not None}
    values |= {name: _cursor(connection, kind, name, cursor, **owner) for name, cursor in cursors.items()}
    lower, upper = ("after", "before") if page.order == "asc" else ("before", "after")
    statement = statements.page_of(
        kind,
        *owner,
        pairs=len(page.metadata),
        ascending=(page.order == "asc") != backwards,
        above=lower if lower in cursors else "",
        below=upper if upper in cursors else "",
    )
    found = [kind.record(*row) for row in connection.execute(statement, values)]
    listed = found[: page.limit]
    return (listed[::-1] if backwards else listed), len(found) > page.limit


def _cursor(connection: Connection, kind: Kind[R], parameter: str, id: str, **owner: str) -> int:
    record = get(connection, kind, id, lock=False, **owner)
    if record is None:
        raise CursorNotFound(parameter, kind.noun, id)
    return record.seq


def _searched(kind: Kind[R], document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: searchable(document.get(name)) for name in kind.searched}


def _write_pairs(connection: Connection, kind: Kind[R], documents: Sequence[Mapping[str, Any]]) -> None:
    pairs = [
        {"of": document["id"], "its_key": key, "its_value": value}
        for document in documents
        for key, value in document["metadata"].items()
    ]
    if kind.pairs is not None and pairs:
        change(connection, statements.new_pairs(kind, kind.pairs), *pairs)
