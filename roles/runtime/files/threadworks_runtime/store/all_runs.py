# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of the runs of all threads, an addition of the runtime.

Its order is that of `created_at`, because its filters are times, too. Runs of the same second are in the order of
insertion. There is an index in this order for each filter, so that the cost of a page does not grow with the table.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, tuple_

from ..errors import CursorNotFound
from ..records import RunRecord
from ..status import RunStatus
from .rows import Page
from .tables import RUNS

_Place = tuple[int, int]
"""The position of a run in the list: `created_at` and `seq`."""


@dataclass(frozen=True)
class RunFilter:
    """The runs to list, in addition to the metadata of the page.

    Args:
        statuses: Only runs with one of these statuses, or all if empty.
        assistant_id: Only runs of this assistant.
        created_after: Only runs that were created at this time or later, in Unix seconds.
        created_before: Only runs that were created before this time.
    """

    statuses: frozenset[RunStatus] = frozenset()
    assistant_id: str | None = None
    created_after: int | None = None
    created_before: int | None = None


def list_all_runs(connection: Connection, page: Page, wanted: RunFilter) -> tuple[list[RunRecord], bool]:
    """Return a page of the runs of all threads.

    Args:
        connection: A transaction.
        page: The page.
        wanted: The runs.

    Returns:
        The runs, and whether there are further runs.

    Raises:
        CursorNotFound: A cursor is not a run.
    """
    # As in `rows.list_page`: a page before a cursor is read backwards from the cursor.
    backwards = page.before is not None and page.after is None
    ascending = (page.order == "asc") != backwards
    values: dict[str, Any] = {"number": page.limit + 1}
    for number, (key, value) in enumerate(page.metadata.items()):
        values |= {f"key_{number}": key, f"value_{number}": value}
    lower, upper = ("after", "before") if page.order == "asc" else ("before", "after")
    for name, cursor in ((lower, "above"), (upper, "below")):
        if (id := getattr(page, name)) is not None:
            values[f"{cursor}_time"], values[f"{cursor}_seq"] = _place(connection, name, id)
    asked = {name: getattr(wanted, name) for name in ("assistant_id", "created_after", "created_before")}
    values |= {name: value for name, value in asked.items() if value is not None}
    # Each status has its own part of the index, in the order of the list.
    parts = [{"status": str(status)} for status in sorted(wanted.statuses)] or [{}]
    found = heapq.merge(
        *(_read(connection, {**values, **part}, len(page.metadata), ascending=ascending) for part in parts),
        key=lambda run: (run.document["created_at"], run.seq),
        reverse=not ascending,
    )
    runs = list(itertools.islice(found, page.limit + 1))
    listed = runs[: page.limit]
    return (listed[::-1] if backwards else listed), len(runs) > page.limit


def _place(connection: Connection, parameter: str, id: str) -> _Place:
    runs = RUNS.table
    found = None
    if "\0" not in id:  # PostgreSQL does not support null characters
        found = connection.execute(select(runs.c.created_at, runs.c.seq).where(runs.c.id == id)).one_or_none()
    if found is None:
        raise CursorNotFound(parameter, RUNS.noun, id)
    return found.created_at, found.seq


def _read(connection: Connection, values: dict[str, Any], pairs: int, *, ascending: bool) -> list[RunRecord]:
    statement = _page_of(frozenset(values), pairs=pairs, ascending=ascending)
    return [RunRecord(*row) for row in connection.execute(statement, values)]


@cache
def _page_of(given: frozenset[str], *, pairs: int, ascending: bool) -> Select[Any]:
    """Return the statement for a page.

    Args:
        given: The names of the parameters.
        pairs: The number of metadata pairs to filter by.
        ascending: Whether the oldest run comes first.
    """
    runs = RUNS.table
    statement: Select[Any] = select(*RUNS.columns)
    aliases = [] if RUNS.pairs is None else [RUNS.pairs.alias(f"pair_{number}") for number in range(pairs)]
    for number, pair in enumerate(aliases):
        statement = statement.join(pair, pair.c.seq == runs.c.seq)
        statement = statement.where(pair.c.key == bindparam(f"key_{number}"))
        statement = statement.where(pair.c.value == bindparam(f"value_{number}"))
    first = aliases[0].c if aliases else runs.c
    time, seq = first["created_at"], first["seq"]
    for column in ("status", "assistant_id"):
        if column in given:
            statement = statement.where(runs.c[column] == bindparam(column))
    if "created_after" in given:
        statement = statement.where(time >= bindparam("created_after"))
    if "created_before" in given:
        statement = statement.where(time < bindparam("created_before"))
    if "above_seq" in given:
        statement = statement.where(tuple_(time, seq) > tuple_(bindparam("above_time"), bindparam("above_seq")))
    if "below_seq" in given:
        statement = statement.where(tuple_(time, seq) < tuple_(bindparam("below_time"), bindparam("below_seq")))
    order = (time, seq) if ascending else (time.desc(), seq.desc())
    return statement.order_by(*order).limit(bindparam("number"))
