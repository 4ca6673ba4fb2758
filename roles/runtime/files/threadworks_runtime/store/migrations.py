# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of the store, and its upgrades."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from ..errors import StoreError
from .encoding import load, searchable
from .files import APPLICATION_ID
from .tables import HELD_INDEX, RUNS_BY_STATUS, schema, version
from .wording import because, shown

VERSION = 4

POSTGRESQL_LOCK = 0x7468726561647773
"""The advisory lock for changes of the tables."""
_AT_ONCE = 1000  # rows that an upgrade reads at once


def _lease_by_monotonic_clock(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN lease_monotonic FLOAT")


def _found_by_name_and_thread(connection: Connection) -> None:
    for table in ("messages", "runs"):
        pairs = f"{table}_metadata"
        connection.exec_driver_sql(f"ALTER TABLE {pairs} ADD COLUMN thread_id VARCHAR")
        thread = f"(SELECT {table}.thread_id FROM {table} WHERE {table}.seq = {pairs}.seq)"  # noqa: S608, names from above
        connection.exec_driver_sql(f"UPDATE {pairs} SET thread_id = {thread}")  # noqa: S608
        connection.exec_driver_sql(f"DROP INDEX {pairs}_by_pair")
        connection.exec_driver_sql(f"CREATE INDEX {pairs}_by_pair ON {pairs} (thread_id, key, value, seq)")
    connection.exec_driver_sql("DROP INDEX messages_by_run")
    connection.exec_driver_sql("CREATE INDEX messages_by_run ON messages (run_id, thread_id, seq)")
    connection.exec_driver_sql("ALTER TABLE assistants ADD COLUMN name VARCHAR")
    named = text("UPDATE assistants SET name = :name WHERE seq = :seq")
    for seq, fields in _documents(connection, "assistants"):
        connection.execute(named, {"name": searchable(fields.get("name")), "seq": seq})
    connection.exec_driver_sql("CREATE INDEX assistants_by_name ON assistants (name, seq)")


def _runs_of_all_threads(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN assistant_id VARCHAR")
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN created_at BIGINT")
    filled = text("UPDATE runs SET assistant_id = :assistant_id, created_at = :created_at WHERE seq = :seq")
    for seq, fields in _documents(connection, "runs"):
        values = {name: searchable(fields.get(name)) for name in ("assistant_id", "created_at")}
        connection.execute(filled, {"seq": seq, **values})
    connection.exec_driver_sql("CREATE INDEX runs_by_time ON runs (created_at, seq)")
    connection.exec_driver_sql("CREATE INDEX runs_by_assistant ON runs (assistant_id, created_at, seq)")
    connection.exec_driver_sql(RUNS_BY_STATUS)
    connection.exec_driver_sql("ALTER TABLE runs_metadata ADD COLUMN created_at BIGINT")
    created = "(SELECT runs.created_at FROM runs WHERE runs.seq = runs_metadata.seq)"
    connection.exec_driver_sql(f"UPDATE runs_metadata SET created_at = {created}")  # noqa: S608, from above
    connection.exec_driver_sql("CREATE INDEX runs_metadata_by_time ON runs_metadata (key, value, created_at, seq)")


def _runs_with_a_runner(connection: Connection) -> None:
    connection.exec_driver_sql(HELD_INDEX)


def _digests_of_files(connection: Connection) -> None:
    columns = "server VARCHAR NOT NULL, file_id VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, created_at INTEGER NOT NULL"
    connection.exec_driver_sql(f"CREATE TABLE file_digests ({columns}, PRIMARY KEY (server, file_id))")
    connection.exec_driver_sql("CREATE INDEX file_digests_by_content ON file_digests (server, sha256, created_at)")


def _usage_and_budgets(connection: Connection) -> None:
    seq = "INTEGER" if connection.dialect.name == "sqlite" else "BIGINT"
    connection.exec_driver_sql(
        f"CREATE TABLE run_usage (run_seq {seq} NOT NULL, created_at BIGINT NOT NULL, assistant_id VARCHAR NOT NULL, "
        "model VARCHAR, service_tier VARCHAR, status VARCHAR NOT NULL, input_tokens BIGINT, cached_tokens BIGINT, "
        "output_tokens BIGINT, reasoning_tokens BIGINT, rounds INTEGER NOT NULL, tool_calls INTEGER NOT NULL, "
        "seconds FLOAT, cost BIGINT, prices_from VARCHAR, PRIMARY KEY (run_seq))"
    )
    connection.exec_driver_sql("CREATE INDEX run_usage_by_time ON run_usage (created_at)")
    connection.exec_driver_sql(
        "CREATE TABLE run_budgets (key VARCHAR NOT NULL, name VARCHAR NOT NULL, scope VARCHAR NOT NULL, "
        "per VARCHAR NOT NULL, tokens BIGINT NOT NULL, cost BIGINT NOT NULL, most_tokens BIGINT, most_cost BIGINT, "
        "ends_at BIGINT NOT NULL, PRIMARY KEY (key))"
    )
    connection.exec_driver_sql("CREATE INDEX ix_run_budgets_ends_at ON run_budgets (ends_at)")
    connection.exec_driver_sql(
        "CREATE TABLE run_reservations (budget VARCHAR NOT NULL, run_id VARCHAR NOT NULL, tokens BIGINT NOT NULL, "
        "cost BIGINT NOT NULL, is_alone BOOLEAN NOT NULL, PRIMARY KEY (budget, run_id), "
        "FOREIGN KEY(budget) REFERENCES run_budgets (key) ON DELETE CASCADE)"
    )
    connection.exec_driver_sql("CREATE INDEX ix_run_reservations_run_id ON run_reservations (run_id)")
    connection.exec_driver_sql(
        "CREATE TABLE model_dates (server VARCHAR NOT NULL, model VARCHAR NOT NULL, asked_at BIGINT NOT NULL, "
        "shutdown_date VARCHAR, PRIMARY KEY (server, model))"
    )


def _documents(connection: Connection, table: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and the document of each row. The rows may be changed meanwhile.

    SQLite returns the text of a document, psycopg the document. Version 0.1.0 stored data that the database cannot
    parse.
    """
    page = text(f"SELECT seq, document FROM {table} WHERE seq > :after ORDER BY seq LIMIT {_AT_ONCE}")  # noqa: S608, a name from below
    after = 0
    while found := connection.execute(page, {"after": after}).all():
        for seq, document in found:
            yield seq, load(document) if isinstance(document, (str, bytes)) else document
        after = found[-1][0]


# The upgrades to each version from the previous one. A new store is created with VERSION.
MIGRATIONS: dict[int, tuple[Callable[[Connection], None], ...]] = {
    2: (_lease_by_monotonic_clock,),
    3: (_found_by_name_and_thread,),
    4: (_runs_of_all_threads, _runs_with_a_runner, _digests_of_files, _usage_and_budgets),
}


def migrate(engine: Engine, writing: Engine) -> None:
    """Upgrade a store to the version of this runtime, completely or not at all.

    Args:
        engine: The store.
        writing: Its engine for transactions that write.

    Raises:
        StoreError: It is newer, belongs to another program, or cannot be written.
    """
    try:
        with engine.begin() as connection:
            if _version(connection) == VERSION:
                return
        with writing.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({POSTGRESQL_LOCK})")
            _upgrade(connection)
    except DBAPIError as error:
        raise StoreError(f"The store {shown(engine.url)} cannot be used{because(error.orig)}") from error


def _upgrade(connection: Connection) -> None:
    found = _version(connection)
    if found is None:
        taken = sorted(set(inspect(connection).get_table_names()) & set(schema.tables))
        if taken:
            foreign = f"belongs to another program: it has a table {taken[0]}. Choose another database"
            raise StoreError(f"The store {shown(connection.engine.url)} {foreign}.")
        schema.create_all(connection)
        connection.execute(version.insert().values(version=VERSION))
    elif found > VERSION:
        newer = f"has version {found}, but this runtime only supports version {VERSION}"
        remedy = "Upgrade the collection threadworks.openai"
        raise StoreError(f"The store {shown(connection.engine.url)} {newer}. {remedy}.")
    else:
        for step in range(found + 1, VERSION + 1):
            for upgrade in MIGRATIONS[step]:
                upgrade(connection)
        connection.execute(version.update().values(version=VERSION))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(version.name):
        return None
    found = connection.execute(select(version.c.version)).scalar_one_or_none()
    return None if found is None else int(found)
