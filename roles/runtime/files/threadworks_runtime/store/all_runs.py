# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of the runs of all threads, an addition of the runtime.

Its order is that of `created_at`, because its filters are times, too. Runs of the same second are in the order of
insertion. There is an index in this order for each filter, so that the cost of a page does not grow with the table.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select, tuple_

from ..errors import CursorNotFound
from ..records import RunRecord
from ..status import ACTIVE_STATUSES, RunStatus
from .rows import Page
from .tables import HAS_ENDED, IS_ACTIVE, RUNS

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
    found = heapq.merge(
        *(_read(connection, {**values, **part}, len(page.metadata), ascending=ascending) for part in _parts(wanted)),
        key=lambda run: (run.document["created_at"], run.seq),
        reverse=not ascending,
    )
    runs = list(itertools.islice(found, page.limit + 1))
    listed = runs[: page.limit]
    return (listed[::-1] if backwards else listed), len(runs) > page.limit


def _parts(wanted: RunFilter) -> Iterator[dict[str, Any]]:
    """Yield the parameters for the parts of the list. Each is read from an index, and the parts are merged.

    The few active runs are one part. Each status of the others has its own, which is in the order of the list.
    """
    active = [str(status) for status in wanted.statuses if status in ACTIVE_STATUSES]
    if active:
        yield {"active": active}
    for status in wanted.statuses.difference(ACTIVE_STATUSES):
        yield {"ended": str(status)}
    if not wanted.statuses:
        yield {}


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
    time: ColumnElement[int] = first["created_at"]
    seq = first["seq"]
    if "active" in given:
        # The sum keeps the database from reading all runs in the order of time to find the few active ones.
        time = time + 0
        statement = statement.where(IS_ACTIVE, runs.c.status.in_(bindparam("active", expanding=True)))
    if "ended" in given:
        statement = statement.where(HAS_ENDED, runs.c.status == bindparam("ended"))
    if "assistant_id" in given:
        statement = statement.where(runs.c.assistant_id == bindparam("assistant_id"))
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
