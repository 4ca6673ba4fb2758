# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire's objects as rows: insert, find, change, delete, list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, select

from ..errors import CursorNotFound, NotFound
from ..records import MessageRecord, Record
from . import statements
from .encoding import searchable
from .tables import MESSAGES, Kind

R = TypeVar("R", bound=Record[Any, Any])
D = TypeVar("D", bound=Mapping[str, Any])


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for (Assistants wire, section 10).

    Args:
        limit: 1..100 objects.
        order: ``asc`` or ``desc``, by creation.
        after: The list starts behind this id.
        before: The list ends in front of this id.
        metadata: Pairs that each object must have.
    """

    limit: int = 20
    order: str = "desc"
    after: str | None = None
    before: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def insert(
    connection: Connection, kind: Kind[R], document: D, private: Mapping[str, Any] | None = None, **columns: object
) -> D:
    """Write a new object.

    Args:
        connection: A writing transaction.
        kind: The object's kind.
        document: The wire's object.
        private: What the wire does not show.
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
    """Write new objects in their order. All other writers wait for it, so two statements do it, for any number.

    Args:
        connection: A writing transaction.
        kind: The objects' kind.
        documents: The wire's objects.
        private: What the wire does not show of each of them.
        columns: The further columns of this kind, the same for all.
    """
    if documents:
        shared = {"private": private or {}, **columns}
        values = [
            {"id": document["id"], "document": document, **_searched(kind, document), **shared}
            for document in documents
        ]
        connection.execute(statements.new_rows(kind), values)
        _write_pairs(connection, kind, documents)


def get(connection: Connection, kind: Kind[R], id: str, *, lock: bool = False, **owner: str) -> R | None:
    """Find an object.

    Args:
        connection: A transaction.
        kind: The object's kind.
        id: Its id, as it was sent.
        lock: Keep others from changing it until this transaction ends.
        owner: Columns that must match: an object of another thread is not found.

    Returns:
        The object, or ``None``.
    """
    if "\0" in id:  # PostgreSQL knows no such text
        return None
    statement = statements.rows_by(kind, "id", *owner, lock=lock)
    row = connection.execute(statement, {"id": id, **owner}).one_or_none()
    return None if row is None else kind.record(*row)


def find(connection: Connection, kind: Kind[R], id: str, *, lock: bool = False, **owner: str) -> R:
    """Find an object that must be there: `get`, but with an error.

    Raises:
        NotFound: There is none.
    """
    record = get(connection, kind, id, lock=lock, **owner)
    if record is None:
        raise NotFound(kind.noun, id)
    return record


def save(connection: Connection, kind: Kind[R], record: R, document: D, private: Mapping[str, Any] | None = None) -> D:
    """Write a changed object.

    Args:
        connection: A writing transaction, which has read the object itself.
        kind: The object's kind.
        record: The object as it was.
        document: The wire's object in its desired state.
        private: What the wire does not show; ``None``: as it was.

    Returns:
        The document.
    """
    values: dict[str, Any] = {"document": document, **_searched(kind, document)}
    if private is not None:
        values["private"] = private
    connection.execute(statements.changed_row(kind), {"its_seq": record.seq, **values})
    if kind.pairs is not None and document["metadata"] != record.document["metadata"]:
        connection.execute(delete(kind.pairs).where(kind.pairs.c.seq == record.seq))
        _write_pairs(connection, kind, [document])
    return document


def remove(connection: Connection, kind: Kind[R], record: R) -> None:
    """Delete an object and all that belongs to it."""
    connection.execute(delete(kind.table).where(kind.table.c.seq == record.seq))


def remove_by_id(connection: Connection, kind: Kind[R], ids: Sequence[str]) -> None:
    """Delete the objects that there are of these ids."""
    if ids:
        connection.execute(delete(kind.table).where(kind.table.c.id.in_(ids)))


def all_of(connection: Connection, kind: Kind[R], **owner: str) -> list[R]:
    """All objects that have these values in these columns, oldest first."""
    found = connection.execute(statements.rows_by(kind, *owner, lock=False), owner)
    return [kind.record(*row) for row in found]


def has_more_than(connection: Connection, kind: Kind[R], number: int, **owner: str) -> bool:
    """Whether more rows than this have these values in these columns, which an index can find."""
    behind = connection.execute(statements.row_behind(kind, *owner), {**owner, "number": number})
    return behind.first() is not None


def of_runs(connection: Connection, run_ids: list[str]) -> list[MessageRecord]:
    """All messages that these runs have written, oldest first."""
    messages = MESSAGES.table
    statement = select(*MESSAGES.columns).where(messages.c.run_id.in_(run_ids)).order_by(messages.c.seq)
    return [MessageRecord(*row) for row in connection.execute(statement)]


def list_page(connection: Connection, kind: Kind[R], page: Page, **owner: str) -> tuple[list[R], bool]:
    """One page of a list; its cost depends on the page alone, since each order is an index's.

    Args:
        connection: A transaction.
        kind: The objects' kind.
        page: Which part.
        owner: Columns that must match.

    Returns:
        The objects, and whether there are more.

    Raises:
        CursorNotFound: A cursor is no object of this list.
    """
    # A page in front of a cursor is read from the cursor backwards, and turned round.
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
        connection.execute(statements.new_pairs(kind, kind.pairs), pairs)
