# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store's tables.

A row contains the object of the API as one document, and columns for queries and locks. ``private`` contains data that
the API does not return. ``seq`` is the order of insertion, because ``created_at`` is too coarse for sorting.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    event,
    text,
)

from ..records import AssistantRecord, MessageRecord, Record, RunRecord, StepRecord, ThreadRecord
from ..status import ACTIVE_STATUSES, RunStatus

R = TypeVar("R", bound=Record[Any, Any])

schema = MetaData()
_Seq = BigInteger().with_variant(Integer, "sqlite")


@dataclass(frozen=True)
class Kind(Generic[R]):
    """A kind of objects and its table.

    Args:
        noun: The name in messages.
        prefix: The prefix of the ids.
        record: The type of a row.
        table: The table.
        pairs: The table of metadata pairs for filters, or None if lists have no metadata filter.
        searched: The fields of the document that are also columns, for queries.
    """

    noun: str
    prefix: str
    record: type[R]
    table: Table
    pairs: Table | None = None
    searched: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> list[Column[Any]]:
        """The columns of a record, in the order of its fields."""
        return [self.table.c[field.name] for field in fields(self.record)]


def _objects(name: str, *columns: Column[Any] | Index) -> Table:
    return Table(
        name,
        schema,
        Column("seq", _Seq, primary_key=True, autoincrement=True),
        Column("id", String, nullable=False, unique=True),
        Column("document", JSON, nullable=False),
        Column("private", JSON, nullable=False),
        *columns,
        sqlite_autoincrement=True,
    )


def _pairs(table: Table, *columns: Column[Any] | Index) -> Table:
    """The metadata of a kind. Further columns are copies of the object's, so that an index can start with them.

    Objects of a thread are listed by thread, so theirs is found by the thread, too.
    """
    name = f"{table.name}_metadata"
    in_thread = "thread_id" in table.c
    return Table(
        name,
        schema,
        Column("seq", _Seq, ForeignKey(table.c.seq, ondelete="CASCADE"), primary_key=True),
        Column("key", String, primary_key=True),
        Column("value", String, nullable=False),
        *([Column("thread_id", String)] if in_thread else []),
        Index(f"{name}_by_pair", *(["thread_id"] if in_thread else []), "key", "value", "seq"),
        *columns,
    )


def _part_of(table: str) -> Column[Any]:
    return Column(f"{table[:-1]}_id", ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False)


_assistants = _objects("assistants", Column("name", String), Index("assistants_by_name", "name", "seq"))
_threads = _objects("threads")
_messages = _objects(
    "messages",
    _part_of("threads"),
    Column("run_id", String),
    Index("messages_by_thread", "thread_id", "seq"),
    # Both are given together. A longer index is the one that is used, and not that of all messages of the thread.
    Index("messages_by_run", "run_id", "thread_id", "seq"),
)
_runs = _objects(
    "runs",
    _part_of("threads"),
    Column("status", String, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("lease_owner", String),
    Column("lease_until", Float),
    Column("lease_monotonic", Float),
    Column("assistant_id", String),
    Column("created_at", BigInteger),
    Index("runs_by_thread", "thread_id", "seq"),
    # The list of the runs of all threads is in the order of creation, for each filter.
    Index("runs_by_time", "created_at", "seq"),
    Index("runs_by_assistant", "assistant_id", "created_at", "seq"),
)
# An index of some rows is used by statements that have its condition word for word, without parameters.
_active = ", ".join(f"'{status}'" for status in ACTIVE_STATUSES)
_is_active = f"status IN ({_active})"
_has_ended = f"status NOT IN ({_active})"
_is_queued = f"status = '{RunStatus.QUEUED}'"
_is_held = f"status IN ('{RunStatus.IN_PROGRESS}', '{RunStatus.CANCELLING}')"
_conditions = (_is_active, _has_ended, _is_queued, _is_held)
IS_ACTIVE, HAS_ENDED, IS_QUEUED, IS_HELD = (text(f"runs.{each}") for each in _conditions)
"""Conditions of the runs that keep their threads locked, of the others, and of those that wait for or have a runner."""
HELD_INDEX = f"CREATE INDEX runs_held ON runs (seq) WHERE {_is_held}"
"""The leases are not in the index, so that PostgreSQL renews them without changing it."""
RUNS_BY_STATUS = f"CREATE INDEX runs_by_status ON runs (status, created_at, seq) WHERE {_has_ended}"
# Both databases know these statements. Written as Index, it makes each start load the dialect that is not used.
for _statement in (
    # The rule that a thread has one active run, kept by the store itself (Assistants wire, section 7).
    f"CREATE UNIQUE INDEX runs_active ON runs (thread_id) WHERE {_is_active}",
    f"CREATE INDEX runs_queued ON runs (seq) WHERE {_is_queued}",
    HELD_INDEX,
    RUNS_BY_STATUS,
):
    event.listen(_runs, "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
_steps = _objects(
    "steps",
    _part_of("runs"),
    Index("steps_by_run", "run_id", "seq"),
)

idempotency = Table(
    "idempotency",
    schema,
    Column("key", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("object_id", String, nullable=False),
    Column("created_at", Integer, nullable=False, index=True),
)
# See store/digests.py. The model server is a fingerprint, because its URL can contain a password.
file_digests = Table(
    "file_digests",
    schema,
    Column("server", String, primary_key=True),
    Column("file_id", String, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("created_at", Integer, nullable=False),
    Index("file_digests_by_content", "server", "sha256", "created_at"),
)
# What each run that has ended has used. It is kept when the run is deleted. Amounts of money are integers, because the
# databases add floats inexactly.
run_usage = Table(
    "run_usage",
    schema,
    Column("run_seq", _Seq, primary_key=True, autoincrement=False),
    Column("created_at", BigInteger, nullable=False),
    Column("assistant_id", String, nullable=False),
    Column("model", String),
    Column("service_tier", String),
    Column("status", String, nullable=False),
    *(Column(f"{kind}_tokens", BigInteger) for kind in ("input", "cached", "output", "reasoning")),
    Column("rounds", Integer, nullable=False),
    Column("tool_calls", Integer, nullable=False),
    Column("seconds", Float),
    Column("cost", BigInteger),
    Column("prices_from", String),
    Index("run_usage_by_time", "created_at"),
)
# What has been used of a budget in one of its periods, and the rounds in progress.
run_budgets = Table(
    "run_budgets",
    schema,
    Column("key", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("per", String, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("most_tokens", BigInteger),
    Column("most_cost", BigInteger),
    Column("ends_at", BigInteger, nullable=False, index=True),
)
run_reservations = Table(
    "run_reservations",
    schema,
    Column("budget", String, ForeignKey(run_budgets.c.key, ondelete="CASCADE"), primary_key=True),
    Column("run_id", String, primary_key=True, index=True),
    Column("tokens", BigInteger, nullable=False),
    Column("cost", BigInteger, nullable=False),
    Column("is_alone", Boolean, nullable=False),
)
# See store/model_dates.py. The server is its host and port.
model_dates = Table(
    "model_dates",
    schema,
    Column("server", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("asked_at", BigInteger, nullable=False),
    Column("shutdown_date", String),
)
version = Table("store_version", schema, Column("version", Integer, nullable=False))

ASSISTANTS = Kind("assistant", "asst", AssistantRecord, _assistants, _pairs(_assistants), searched=("name",))
THREADS = Kind("thread", "thread", ThreadRecord, _threads, _pairs(_threads))
MESSAGES = Kind("message", "msg", MessageRecord, _messages, _pairs(_messages))
RUN_PAIRS = _pairs(
    _runs, Column("created_at", BigInteger), Index("runs_metadata_by_time", "key", "value", "created_at", "seq")
)
RUNS = Kind("run", "run", RunRecord, _runs, RUN_PAIRS, searched=("assistant_id", "created_at"))
STEPS = Kind("run step", "step", StepRecord, _steps)
