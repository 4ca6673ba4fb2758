# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run reads the messages that it sends, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store, rows
from threadworks_runtime.store.history import read_history
from threadworks_runtime.store.tables import MESSAGES, RUNS, THREADS


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A store with a thread of 30 messages: every third one is by `run_old`, and the last one by `run_new`."""
    store = open_store(Settings(store=str(tmp_path / "runtime.db")))
    with store.writing() as connection:
        for thread in ("thread_1", "thread_2"):
            rows.insert(connection, THREADS, {"id": thread, "metadata": {}})
            for number in range(30):
                run_id = "run_new" if number == 29 else "run_old" if number % 3 == 2 else None
                document = {"id": f"{thread}-{number}", "metadata": {}}
                rows.insert(connection, MESSAGES, document, thread_id=thread, run_id=run_id)
        yield connection
    store.close()


def _read(connection: Connection, **fields: Any) -> list[int]:
    document = {"id": "run_new", "metadata": {}, "tools": [], "truncation_strategy": {"type": "auto"}, **fields}
    rows.insert(connection, RUNS, document, thread_id="thread_1", status="queued", expires_at=0)
    messages = read_history(connection, rows.find(connection, RUNS, "run_new"))
    assert {message.thread_id for message in messages} == {"thread_1"}
    return [int(message.id.partition("-")[2]) for message in messages]


def test_all_messages_but_the_run_s_own_are_read_oldest_first(connection: Connection) -> None:
    assert _read(connection) == list(range(29))


@pytest.mark.parametrize(("count", "read"), [(1, [28]), (3, [26, 27, 28]), (2**53, list(range(29)))])
def test_the_newest_are_read_where_no_others_are_sent(connection: Connection, count: int, read: list[int]) -> None:
    strategy = {"type": "last_messages", "last_messages": count}
    assert _read(connection, truncation_strategy=strategy) == read


def test_the_code_interpreter_has_the_files_of_all_messages(connection: Connection) -> None:
    strategy = {"type": "last_messages", "last_messages": 1}
    tools = [{"type": "code_interpreter"}]
    assert _read(connection, truncation_strategy=strategy, tools=tools) == list(range(29))
