# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL statements for all kinds of rows. They are cached, because building one takes longer than executing it."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, String, Table, Update, bindparam, insert, select, update

from .tables import Kind

_SEQ = "its_seq"


@cache
def new_rows(kind: Kind[Any]) -> Insert:
    """Return the statement that inserts rows."""
    return insert(kind.table)


@cache
def changed_row(kind: Kind[Any]) -> Update:
    """Return the statement that updates the row with the parameter `its_seq` as its `seq`."""
    return update(kind.table).where(kind.table.c.seq == bindparam(_SEQ))


@cache
def rows_by(kind: Kind[Any], *columns: str, lock: bool) -> Select[Any]:
    """Return the statement that selects rows by columns, oldest first. The parameters are the values of the columns.

    Args:
        kind: The rows' kind.
        columns: The columns.
        lock: Whether to lock the rows against changes until the transaction ends.
    """
    statement = select(*kind.columns).order_by(kind.table.c.seq)
    for column in columns:
        statement = statement.where(kind.table.c[column] == bindparam(column))
    # An SQLite writer has locked the whole database, and its dialect ignores this.
    return statement.with_for_update(key_share=True) if lock else statement


@cache
def row_behind(kind: Kind[Any], *columns: str) -> Select[Any]:
    """Return the statement that selects a row if there are more than `number` (a parameter) of them."""
    statement = select(kind.table.c.seq).limit(1).offset(bindparam("number"))
    for column in columns:
        statement = statement.where(kind.table.c[column] == bindparam(column))
    return statement


@cache
def new_pairs(kind: Kind[Any], pairs: Table) -> Insert:
    """Return the statement that inserts a metadata pair: `its_key` and `its_value` of the object `of`."""
    copied = [column.name for column in pairs.c if column.name not in ("key", "value")]
    columns = [kind.table.c[name] for name in copied]
    found = select(*columns, bindparam("its_key", type_=String), bindparam("its_value", type_=String))
    found = found.where(kind.table.c.id == bindparam("of", type_=String))
    return insert(pairs).from_select([*copied, "key", "value"], found)


@cache
def page_of(kind: Kind[Any], *columns: str, pairs: int, ascending: bool, above: str, below: str) -> Select[Any]:
    """Return the statement that selects a page of a list, in the order of an index.

    Args:
        kind: The rows' kind.
        columns: The columns whose values are parameters.
        pairs: The number of metadata pairs to filter by: the parameters `key_0`, `value_0`, `key_1` and so on.
        ascending: Whether the oldest object comes first.
        above: The name of the parameter for the exclusive lower bound of `seq`, or empty.
        below: The name of the parameter for the exclusive upper bound of `seq`, or empty.
    """
    table = kind.table
    statement: Select[Any] = select(*kind.columns)
    order_by, known = table.c.seq, set(columns)
    aliases = [] if kind.pairs is None else [kind.pairs.alias(f"pair_{number}") for number in range(pairs)]
    for number, pair in enumerate(aliases):
        statement = statement.join(pair, pair.c.seq == table.c.seq)
        statement = statement.where(pair.c.key == bindparam(f"key_{number}"))
        statement = statement.where(pair.c.value == bindparam(f"value_{number}"))
        if number == 0:
            order_by = pair.c.seq
            # The index of the pairs starts with the thread, so that the database uses it.
            for column in sorted(known & set(pair.c.keys())):
                statement = statement.where(pair.c[column] == bindparam(column))
                known.remove(column)
    for column in sorted(known):
        statement = statement.where(table.c[column] == bindparam(column))
    if above:
        statement = statement.where(order_by > bindparam(above))
    if below:
        statement = statement.where(order_by < bindparam(below))
    return statement.order_by(order_by if ascending else order_by.desc()).limit(bindparam("number"))
