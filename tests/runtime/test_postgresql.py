# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What locks, transactions and types of PostgreSQL do by other means than those of SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from threadworks_runtime.app import create_app
from threadworks_runtime.errors import StoreError
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import migrations, open_store, rows
from threadworks_runtime.store.tables import ASSISTANTS, MESSAGES, RUNS, THREADS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.postgresql import PostgreSQL
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    AppServer,
    Conversation,
    raw_client,
    wait_for,
)

pytestmark = pytest.mark.stores("postgresql")


@pytest.fixture
def empty(postgresql: PostgreSQL, settings: Settings) -> Iterator[Settings]:
    """On a database without tables."""
    with postgresql.database("template1") as address:
        yield replace(settings, store=address)


def test_the_locks_of_a_silent_process_end_with_its_lease(settings: Settings) -> None:
    change = text("UPDATE assistants SET document = document WHERE id = 'asst_1'")
    count = text("SELECT count(*) FROM assistants")
    with closing(open_store(replace(settings, lease=0.5))) as silent, closing(open_store(settings)) as other:
        with other.writing() as connection:
            connection.execute(text("INSERT INTO assistants (id, document, private) VALUES ('asst_1', '{}', '{}')"))

        def lock() -> None:
            with silent.writing() as locking:
                locking.execute(change)
                with other.writing() as connection:
                    connection.execute(change)  # waits for the lock
                locking.execute(change)

        with silent.snapshot() as export:
            assert export.execute(count).scalar_one() == 1
            with pytest.raises(DBAPIError, match="idle-in-transaction timeout"):
                lock()
            # An export has no locks, and may wait for its client for longer.
            assert export.execute(count).scalar_one() == 1


def test_threads_are_deleted_under_their_runs(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "word " * 1000, "sticky": True}])

    def start_and_delete(_number: int) -> list[int]:
        run = talk.wire.post("/threads/runs", json={"assistant_id": talk.assistant}).json()
        path = f"/threads/{run['thread_id']}"
        return [talk.wire.get(path).status_code, talk.wire.delete(path).status_code, talk.wire.get(path).status_code]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start_and_delete, range(8))) == [[200, 200, 404]] * 8


def test_two_servers_share_the_queue_and_no_run_is_executed_twice(
    settings: Settings, talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    with AppServer(create_app(settings)) as second, raw_client(second) as other:

        def create(number: int) -> dict[str, Any]:
            thread = {"messages": [{"role": "user", "content": f"question-{number}"}]}
            body = {"assistant_id": talk.assistant, "thread": thread}
            return (talk.wire, other)[number % 2].post("/threads/runs", json=body).json()

        with ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(create, range(20)))
        wait_for(lambda: len(model_server.runs) == len(runs))
        model_server.release()
        for run in runs:
            path = f"/threads/{run['thread_id']}/runs/{run['id']}"
            wait_for(lambda path=path: other.get(path).json()["status"] == "completed")
    asked = [body["input"][0]["content"][0]["text"] for body in model_server.runs]
    assert sorted(asked) == sorted(f"question-{number}" for number in range(20))


def test_null_characters_and_half_surrogate_pairs(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "from \0 the model"}, {"text": "half \ud800"}])
    message = {"role": "user", "content": "from \0 the user"}
    assert talk.wire.post(f"/threads/{talk.thread}/messages", json=message).status_code == 200
    first, second = talk.finish(), talk.finish()
    assert [first["status"], second["status"]] == ["completed"] * 2, (first["last_error"], second["last_error"])
    assert talk.messages(first)[0]["content"][0]["text"]["value"] == "from \0 the model"
    texts = [
        each["content"][0]["text"]["value"] for each in talk.wire.get(f"/threads/{talk.thread}/messages").json()["data"]
    ]
    assert texts[2] == "from \0 the user"
    assert model_server.runs[0]["input"][1]["content"][0]["text"] == "from \0 the user"
    named = talk.wire.post("/assistants", json={"model": "m\0", "name": "n\0", "instructions": "i\0"})
    assert named.json()["name"] == "n\0"
    answers = [
        talk.wire.get("/threads/thread_%00").status_code,
        talk.wire.get("/threads/thread_%ff%ed%a0%80").status_code,
        talk.wire.get("/threads?metadata[%ff]=%ed%a0%80").status_code,
        talk.wire.get("/threads?after=%00").status_code,
        talk.wire.get("/threads?metadata[a]=%00").status_code,
        talk.wire.get(f"/threads/{talk.thread}/messages?run_id=%00").status_code,
        talk.wire.post(talk.runs, json={"assistant_id": "asst_\0"}).status_code,
        talk.wire.post("/threads", json={"metadata": {"a": "\0"}}).status_code,
    ]
    assert answers == [404, 404, 200, 400, 400, 400, 404, 400]


def test_what_is_no_json_is_not_stored(settings: Settings) -> None:
    store = open_store(settings)
    with store.writing() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}}, {"score": float("nan")})
        rows.insert(connection, THREADS, {"id": "thread_2", "metadata": {}}, {"text": "half \ud800"})
    with store.reading() as connection:
        assert [row.private for row in rows.all_of(connection, THREADS)] == [{"score": None}, {"text": "half \ufffd"}]
    store.close()


def test_an_older_store_is_upgraded_and_a_newer_one_refused(settings: Settings) -> None:
    store = open_store(settings)
    with store.writing() as connection:
        rows.insert(connection, ASSISTANTS, {"id": "asst_1", "name": "old", "metadata": {}})
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}})
        rows.insert(connection, MESSAGES, {"id": "msg_1", "metadata": {"a": "b"}}, thread_id="thread_1")
        run = {"id": "run_1", "metadata": {"a": "b"}, "assistant_id": "asst_1", "created_at": 7}
        rows.insert(connection, RUNS, run, thread_id="thread_1", status="completed", expires_at=9)
    store.close()
    with psycopg.connect(settings.store, autocommit=True) as connection:
        # What version 0.1.0 made.
        for column in ("lease_monotonic", "assistant_id", "created_at"):
            connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
        connection.execute("ALTER TABLE runs_metadata DROP COLUMN created_at")
        connection.execute("ALTER TABLE assistants DROP COLUMN name")
        for table in ("messages_metadata", "runs_metadata"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN thread_id")
            connection.execute(f"CREATE INDEX {table}_by_pair ON {table} (key, value, seq)")
        connection.execute("DROP INDEX runs_held")
        for table in ("file_digests", "run_usage", "run_reservations", "run_budgets", "model_dates"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE store_version SET version = 1")
        with ThreadPoolExecutor(4) as pool:
            for store in pool.map(lambda _each: open_store(settings), range(4)):
                store.close()
        assert connection.execute("SELECT version FROM store_version").fetchall() == [(migrations.VERSION,)]
        filled = connection.execute("SELECT lease_monotonic, assistant_id, created_at FROM runs").fetchall()
        assert filled == [(None, "asst_1", 7)]
        assert connection.execute("SELECT thread_id, created_at FROM runs_metadata").fetchall() == [("thread_1", 7)]
        assert connection.execute("SELECT name FROM assistants").fetchall() == [("old",)]
        assert connection.execute("SELECT thread_id FROM messages_metadata").fetchall() == [("thread_1",)]
        connection.execute("UPDATE store_version SET version = 99")
        with pytest.raises(StoreError, match="has version 99"):
            open_store(settings)


def test_a_new_store_is_made_by_several_at_once(empty: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        for store in pool.map(lambda _each: open_store(empty), range(4)):
            store.close()
    with psycopg.connect(empty.store) as connection:
        assert connection.execute("SELECT version FROM store_version").fetchall() == [(migrations.VERSION,)]


def test_the_database_of_another_program_is_not_changed(empty: Settings) -> None:
    with psycopg.connect(empty.store, autocommit=True) as connection:
        connection.execute("CREATE TABLE messages (text text)")
        with pytest.raises(StoreError, match="belongs to another program: it has a table messages"):
            open_store(empty)
        made = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(made).fetchall() == [("messages",)]
