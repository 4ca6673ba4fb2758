# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages that a run starts from."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from ..records import MessageRecord, RunRecord
from .tables import MESSAGES


def read_history(connection: Connection, run: RunRecord) -> list[MessageRecord]:
    """Read the messages of a run's thread, without those that the run has written itself.

    Args:
        connection: A transaction.
        run: The run. With ``last_messages``, only the messages that it sends are read.

    Returns:
        The messages, oldest first.
    """
    values: dict[str, Any] = {"thread_id": run.thread_id, "run_id": run.id}
    count = _most(run)
    if count is not None:
        values["count"] = count
    found = connection.execute(_newest_first(bounded=count is not None), values)
    return [MessageRecord(*row) for row in found][::-1]


def _most(run: RunRecord) -> int | None:
    strategy = run.document["truncation_strategy"]
    if strategy["type"] != "last_messages":
        return None
    # The code interpreter needs the files of all messages, including those that are not sent.
    if any(tool["type"] == "code_interpreter" for tool in run.document["tools"]):
        return None
    count: int | None = strategy["last_messages"]
    return count


@cache
def _newest_first(*, bounded: bool) -> Select[Any]:
    table = MESSAGES.table
    statement = select(*MESSAGES.columns).where(table.c.thread_id == bindparam("thread_id"))
    # Messages of clients have no run, and must be included.
    statement = statement.where(table.c.run_id.is_distinct_from(bindparam("run_id"))).order_by(table.c.seq.desc())
    return statement.limit(bindparam("count")) if bounded else statement
