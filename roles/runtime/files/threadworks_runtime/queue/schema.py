# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of procrastinate in the store, created and upgraded by its own statements."""

from __future__ import annotations

import re
from pathlib import Path

from procrastinate.schema import SchemaManager
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select
from sqlalchemy.exc import DBAPIError

from ..errors import StoreError
from ..leases import lapsed
from ..store.migrations import POSTGRESQL_LOCK
from ..store.tables import IS_QUEUED, RUNS
from ..store.wording import because, shown
from .fairness import prepare_turns
from .jobs import put

_applied = Table("queue_migrations", MetaData(), Column("name", String, primary_key=True))
"""The migrations that have been applied. procrastinate does not record them."""
_FIRST_TABLE = "procrastinate_jobs"
_OF_CLEANUP = re.compile(r"[\d.]+_\d+_post_")


def prepare(engine: Engine) -> None:
    """Create the tables of the queue if they do not exist, or upgrade them.

    Migrations of procrastinate that workers with the previous version would not survive are applied with the next
    upgrade, so that old and new workers can run at the same time.

    Args:
        engine: A PostgreSQL store.

    Raises:
        StoreError: The database has a queue of another program, or cannot be written.
    """
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    try:
        with engine.begin() as connection:
            if _is_made(connection) and not _missing(connection, files):
                return
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({POSTGRESQL_LOCK})")
            if _is_made(connection):
                _upgrade(connection, _missing(connection, files))
            else:
                _create(connection, files)
    except DBAPIError as error:
        raise StoreError(f"The store {shown(engine.url)} cannot be used{because(error.orig)}") from error


def _is_made(connection: Connection) -> bool:
    return inspect(connection).has_table(_applied.name)


def _create(connection: Connection, files: list[Path]) -> None:
    if inspect(connection).has_table(_FIRST_TABLE):
        foreign = f"belongs to another program: it has a table {_FIRST_TABLE}. Choose another database"
        raise StoreError(f"The store {shown(connection.engine.url)} {foreign}.")
    _execute(connection, SchemaManager.get_schema())
    prepare_turns(connection)
    _applied.create(connection)
    connection.execute(_applied.insert(), [{"name": file.name} for file in files])
    # Versions without a queue have left them. They were found by a search.
    runs = RUNS.table
    queued = select(runs.c.document).where(IS_QUEUED, lapsed(runs)).order_by(runs.c.seq)
    for run in connection.execute(queued).scalars().all():
        put(connection, run)


def _missing(connection: Connection, files: list[Path]) -> list[Path]:
    applied = set(connection.execute(select(_applied.c.name)).scalars())
    missing = [file for file in files if file.name not in applied]
    while missing and _OF_CLEANUP.match(missing[-1].name):
        missing.pop()
    return missing


def _upgrade(connection: Connection, missing: list[Path]) -> None:
    for file in missing:
        _execute(connection, file.read_text(encoding="utf-8"))
        connection.execute(_applied.insert().values(name=file.name))


def _execute(connection: Connection, statements: str) -> None:
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})
