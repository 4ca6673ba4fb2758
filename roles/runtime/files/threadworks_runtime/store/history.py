# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run starts from: the messages of its thread, and the tool calls of earlier runs."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from ..objects import Document
from ..records import MessageRecord, RunRecord
from ..status import StepStatus
from .direct import fetch
from .tables import MESSAGES, STEPS

_AT_ONCE = 500  # runs per statement, because the number of parameters is limited


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
    found = fetch(connection, _newest_first(bounded=count is not None), values)
    return [MessageRecord(*row) for row in found][::-1]


def read_calls(connection: Connection, run: RunRecord, messages: list[MessageRecord]) -> dict[str, list[Document]]:
    """Read the tool calls of earlier runs.

    They come from the steps, so that calls of imported runs are found, too.

    Args:
        connection: A transaction.
        run: The run.
        messages: The messages that it starts from.

    Returns:
        By the id of a message, the completed calls that its run made before it.
    """
    run_ids = list(dict.fromkeys(message.run_id for message in messages if message.run_id))
    found: dict[str, list[Document]] = {}
    for start in range(0, len(run_ids), _AT_ONCE):
        waiting: dict[str, list[Document]] = {}
        for run_id, step in connection.execute(_steps_of(), {"run_ids": run_ids[start : start + _AT_ONCE]}):
            details = step["step_details"]
            if details["type"] == "message_creation":
                found[details["message_creation"]["message_id"]] = waiting.pop(run_id, [])
            elif step["status"] == StepStatus.COMPLETED:
                waiting.setdefault(run_id, []).extend(details.get("tool_calls") or [])
    return found


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
def _steps_of() -> Select[Any]:
    table = STEPS.table
    statement = select(table.c.run_id, table.c.document)
    return statement.where(table.c.run_id.in_(bindparam("run_ids", expanding=True))).order_by(table.c.seq)


@cache
def _newest_first(*, bounded: bool) -> Select[Any]:
    table = MESSAGES.table
    statement = select(*MESSAGES.columns).where(table.c.thread_id == bindparam("thread_id"))
    # Messages of clients have no run, and must be included.
    statement = statement.where(table.c.run_id.is_distinct_from(bindparam("run_id"))).order_by(table.c.seq.desc())
    return statement.limit(bindparam("count")) if bounded else statement
