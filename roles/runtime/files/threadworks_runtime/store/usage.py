# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each run has used, as rows that the database can add."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    RowMapping,
    bindparam,
    func,
    insert,
    literal_column,
    select,
)

from ..records import RunRecord
from .direct import change
from .encoding import searchable
from .tables import RUN_PAIRS, run_usage

# Seconds. Not a parameter, because PostgreSQL would not recognise the same expression in GROUP BY.
_DAY = "86400"
COUNTS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "rounds", "tool_calls")
_SUMMED = (*COUNTS, "seconds")
# The cost is added in two parts, because a sum of more than 9.2 million dollars does not fit into 64 bits.
_PART = 10**9
Sums = Mapping[str, Any]
_TIMES = {"created_after": operator.ge, "created_before": operator.lt}
_SAME = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "seconds", "cost", "prices_from")


def insert_usage(connection: Connection, run: RunRecord) -> None:
    """Write what a run has used.

    Args:
        connection: The writing transaction that ends the run.
        run: The run, which has ended.
    """
    details = run.private.get("details")
    if details is None:  # an older version has started it
        return
    row = {
        "run_seq": run.seq,
        "created_at": run.document["created_at"],
        "assistant_id": run.document["assistant_id"],
        "model": searchable(details["model"] or run.document["model"]),
        "service_tier": searchable(details["service_tier"]),
        "status": str(run.status),
        "rounds": details["rounds"],
        "tool_calls": details["tool_calls"],
        **{name: details[name] for name in _SAME},  # type: ignore[literal-required]
    }
    change(connection, _new_row(), row)


@cache
def _new_row() -> Insert:
    return insert(run_usage)


@dataclass(frozen=True)
class UsageQuery:
    """The runs to add up.

    Args:
        group_by: The columns to group by: ``day``, ``model``, ``service_tier``, ``assistant_id``, ``status`` or
            ``metadata``.
        metadata: The metadata key of the column ``metadata``.
        created_after: Only runs that were created at this time or later, in Unix seconds.
        created_before: Only runs that were created before this time.
        limit: The maximum number of groups.
    """

    group_by: tuple[str, ...] = ()
    metadata: str = ""
    created_after: int | None = None
    created_before: int | None = None
    limit: int = 100


def sum_usage(connection: Connection, query: UsageQuery) -> tuple[list[Sums], bool]:
    """Add up what runs have used. The database adds.

    Args:
        connection: A transaction.
        query: The runs.

    Returns:
        The sums of each group, with the number of its ``runs``, of those ``with_tokens`` and ``with_cost``, and the
        values of the group; and whether there are further groups. A sum is None if no run has the value.
    """
    columns = run_usage.c
    keys = [_key(name) for name in query.group_by]
    sums = [func.sum(columns[name]).label(name) for name in _SUMMED]
    part = literal_column(str(_PART), BigInteger)
    sums += [func.sum(columns.cost // part).label("cost_parts"), func.sum(columns.cost % part).label("cost_rest")]
    counts = [func.count().label("runs"), func.count(columns.input_tokens).label("with_tokens")]
    counts.append(func.count(columns.cost).label("with_cost"))
    statement = select(*keys, *sums, *counts, func.max(columns.prices_from).label("prices_from"))
    values: dict[str, Any] = {"number": query.limit + 1, "key": query.metadata}
    if "metadata" in query.group_by:
        pair = (RUN_PAIRS.c.seq == columns.run_seq) & (RUN_PAIRS.c.key == bindparam("key"))
        statement = statement.select_from(run_usage.outerjoin(RUN_PAIRS, pair))
    for name, is_given in _TIMES.items():
        if (time := getattr(query, name)) is not None:
            statement = statement.where(is_given(columns.created_at, bindparam(name)))
            values[name] = time
    ordered = [order for key in keys for order in (key.is_(None), key)]
    statement = statement.group_by(*keys).order_by(*ordered).limit(bindparam("number"))
    # Without groups, the database returns a row even if there is no run.
    groups = [group for group in connection.execute(statement, values).mappings() if group["runs"]]
    return [{**group, "cost": _cost(group)} for group in groups[: query.limit]], len(groups) > query.limit


def _cost(group: RowMapping) -> int | None:
    return None if group["cost_rest"] is None else int(group["cost_parts"]) * _PART + int(group["cost_rest"])


def _key(name: str) -> ColumnElement[Any]:
    if name == "day":
        return (run_usage.c.created_at - run_usage.c.created_at % literal_column(_DAY)).label("day")
    return (RUN_PAIRS.c.value if name == "metadata" else run_usage.c[name]).label(name)
