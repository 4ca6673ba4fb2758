# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Export the store as lines of JSON: a header, the assistants, each thread with all its objects, and the numbers.

Equal stores have equal exports, so exports can be compared line by line.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ..objects import Document
from ..store import rows
from ..store.tables import ASSISTANTS, MESSAGES, RUNS, STEPS, THREADS, Kind
from .objects import KINDS, PRIVATE, completed
from .reading import FOOTER, HEADER, VERSION

_BATCH = 500


def export_lines(
    connection: Connection, thread_ids: Sequence[str] | None = None, *, assistants: bool = True
) -> Iterator[bytes]:
    """Yield the lines of an export, several at a time.

    Args:
        connection: A transaction that always sees the same state.
        thread_ids: The threads, or None for all of them.
        assistants: Whether to export the assistants.

    Raises:
        NotFound: One of the threads does not exist.
    """
    counts: Counter[str] = Counter()
    wanted = [rows.find(connection, THREADS, id) for id in dict.fromkeys(thread_ids or ())]
    yield _line({"object": HEADER, "version": VERSION})
    if assistants:
        yield from _all(connection, ASSISTANTS, counts)
    if thread_ids is None:
        for thread in _batches(connection, THREADS):
            for record in thread:
                yield from _thread(connection, record, counts)
    else:
        for record in wanted:
            yield from _thread(connection, record, counts)
    yield _line({"object": FOOTER, **{kind: counts[kind] for kind in KINDS}})


def _thread(connection: Connection, thread: Any, counts: Counter[str]) -> Iterator[bytes]:
    yield _lines([thread], counts)
    yield from _all(connection, MESSAGES, counts, thread_id=thread.id)
    for runs in _batches(connection, RUNS, thread_id=thread.id):
        for run in runs:
            yield _lines([run], counts)
            yield from _all(connection, STEPS, counts, run_id=run.id)


def _all(connection: Connection, kind: Kind[Any], counts: Counter[str], **owner: str) -> Iterator[bytes]:
    for records in _batches(connection, kind, **owner):
        yield _lines(records, counts)


def _batches(connection: Connection, kind: Kind[Any], **owner: str) -> Iterator[list[Any]]:
    """Yield all records of a kind with these column values, oldest first."""
    table, last = kind.table, -1
    statement = select(*kind.columns).order_by(table.c.seq).limit(_BATCH)
    for column, value in owner.items():
        statement = statement.where(table.c[column] == value)
    while True:
        records = [kind.record(*row) for row in connection.execute(statement.where(table.c.seq > last))]
        if records:
            yield records
        if len(records) < _BATCH:
            return
        last = records[-1].seq


def _lines(records: Sequence[Any], counts: Counter[str]) -> bytes:
    lines = []
    for record in records:
        kind = record.document["object"]
        counts[kind] += 1
        lines.append(_line(_exported(kind, record)))
    return b"".join(lines)


def _exported(kind: str, record: Any) -> Document:
    document = completed(kind, record.document)
    # It is the last key, because it is not part of the API.
    return {**document, PRIVATE: record.private} if record.private else document


def _line(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
