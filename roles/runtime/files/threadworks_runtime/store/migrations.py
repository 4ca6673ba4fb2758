# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store's version, and the way from an older one to this one."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.exc import DBAPIError

from ..errors import StoreError
from .files import APPLICATION_ID
from .tables import schema, version
from .wording import because, shown

VERSION = 2

_POSTGRESQL_LOCK = 0x7468726561647773


def _lease_by_monotonic_clock(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN lease_monotonic FLOAT")


# What leads to a version from the one before it. A new store is made at VERSION and needs none of them.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {2: _lease_by_monotonic_clock}


def migrate(engine: Engine) -> None:
    """Bring a store to this runtime's version: all of the way, or not at all.

    Args:
        engine: The store.

    Raises:
        StoreError: It is newer, or is something else's database, or cannot be written.
    """
    try:
        with engine.begin() as connection:
            if _version(connection) == VERSION:
                return
        with engine.execution_options(writing=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})")
            _upgrade(connection)
    except DBAPIError as error:
        raise StoreError(f"The store {shown(engine.url)} cannot be used{because(error.orig)}") from error


def _upgrade(connection: Connection) -> None:
    found = _version(connection)
    if found is None:
        taken = sorted(set(inspect(connection).get_table_names()) & set(schema.tables))
        if taken:
            foreign = f"is another program's: it has a table {taken[0]}. Choose another database"
            raise StoreError(f"The store {shown(connection.engine.url)} {foreign}.")
        schema.create_all(connection)
        connection.execute(version.insert().values(version=VERSION))
    elif found > VERSION:
        newer = f"has version {found}, and this runtime knows version {VERSION}"
        remedy = "Upgrade the collection threadworks.openai"
        raise StoreError(f"The store {shown(connection.engine.url)} {newer}. {remedy}.")
    else:
        for step in range(found + 1, VERSION + 1):
            MIGRATIONS[step](connection)
        connection.execute(version.update().values(version=VERSION))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(version.name):
        return None
    found = connection.execute(select(version.c.version)).scalar_one_or_none()
    return None if found is None else int(found)
