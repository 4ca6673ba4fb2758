# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same on PostgreSQL, where a machine has one: what locks and transactions have to do there by other means."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.errors import StoreError
from threadworks_runtime.settings import ModelOptions, Settings
from threadworks_runtime.store import migrations, open_store, rows
from threadworks_runtime.store.tables import MESSAGES, THREADS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    AppServer,
    Conversation,
    raw_client,
    talking,
    wait_for,
)


def _program(name: str) -> str | None:
    installed = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))]
    return shutil.which(name) or (installed[-1] if installed else None)


def _answers(url: str) -> bool:
    try:
        open_store(Settings(store=url)).close()
    except StoreError:
        return False
    return True


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """A server of its own; answers its URL."""
    initdb, server_program = _program("initdb"), _program("postgres")
    if not initdb or not server_program:
        pytest.skip("PostgreSQL is not installed")
    # It refuses to run as root.
    user = {"user": "nobody"} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        if user:
            shutil.chown(folder, "nobody")
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data = f"{folder}/data"
        options = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **user}
        subprocess.run([initdb, "-D", data, "-A", "trust", "-U", "runtime", "--no-sync"], check=True, **options)
        command = [server_program, "-D", data, "-p", str(port), "-k", folder, "-c", "fsync=off"]
        server = subprocess.Popen(command, **options)
        url = f"postgresql://runtime@127.0.0.1:{port}/postgres"
        try:
            wait_for(lambda: _answers(url))
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # its fast stop: it waits for no client
            server.wait(60)


@pytest.fixture(params=["local", "served"])
def settings(request: pytest.FixtureRequest, postgresql: str, model_server: ModelServer) -> Settings:
    """On a database of its own: a served runtime would take up what other tests have left in the queue."""
    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    model = ModelOptions(base_url=model_server.base_url)
    return Settings(store=f"{postgresql.rpartition('/')[0]}/{name}", model=model, executor=request.param)


@pytest.fixture
def talk(settings: Settings) -> Iterator[Conversation]:
    with talking(settings) as talk:
        yield talk


def test_a_run_with_function_calls(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"calls": [{"name": "disk", "arguments": {}}]}, {"text": "Full."}])
    run = talk.finish(metadata={"key": "ü"})
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert talk.submit(run, (call["id"], "90% \0 ☃")).status_code == 200
    run = talk.until(run, "completed", "failed")
    assert run["status"] == "completed", run["last_error"]
    assert talk.messages(run)[0]["content"][0]["text"]["value"] == "Full."
    assert talk.wire.get(f"{talk.runs}?metadata[key]=ü&limit=1").json()["first_id"] == run["id"]


def test_one_of_many_runs_wins_and_one_key_makes_one_run(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "sticky": True}])

    def create(number: int) -> str:
        headers = {"Idempotency-Key": talk.thread} if number % 2 else {}
        answer = talk.wire.post(talk.runs, json={"assistant_id": talk.assistant}, headers=headers)
        return answer.json()["id"] if answer.status_code == 200 else answer.json()["error"]["message"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(create, range(8)))
    ids = {answer for answer in answers if answer.startswith("run_")}
    assert len(ids) == 1
    assert answers - ids <= {f"Thread {talk.thread} already has an active run {next(iter(ids))}."}


def test_threads_are_deleted_under_their_runs(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "word " * 30, "delta_delay": 0.01, "sticky": True}])

    def start_and_delete(_number: int) -> list[int]:
        run = talk.wire.post("/threads/runs", json={"assistant_id": talk.assistant}).json()
        path = f"/threads/{run['thread_id']}"
        return [talk.wire.get(path).status_code, talk.wire.delete(path).status_code, talk.wire.get(path).status_code]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start_and_delete, range(8))) == [[200, 200, 404]] * 8


@pytest.mark.parametrize("settings", ["served"], indirect=True)
def test_two_servers_share_the_queue_and_no_run_is_executed_twice(
    settings: Settings, talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"text": "word " * 5, "delta_delay": 0.01, "sticky": True}])
    with AppServer(create_app(settings)) as second, raw_client(second) as other:

        def create(number: int) -> dict[str, Any]:
            thread = {"messages": [{"role": "user", "content": f"question-{number}"}]}
            body = {"assistant_id": talk.assistant, "thread": thread}
            return (talk.wire, other)[number % 2].post("/threads/runs", json=body).json()

        with ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(create, range(20)))
        for run in runs:
            path = f"/threads/{run['thread_id']}/runs/{run['id']}"
            wait_for(lambda path=path: other.get(path).json()["status"] == "completed")
    asked = [body["input"][0]["content"][0]["text"] for body in model_server.runs]
    assert sorted(asked) == sorted(f"question-{number}" for number in range(20))


@pytest.mark.parametrize("settings", ["served"], indirect=True)
def test_a_run_is_cancelled_by_another_server(
    settings: Settings, talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True}])
    run = talk.start()
    wait_for(lambda: model_server.runs)
    with AppServer(create_app(settings)) as second, raw_client(second) as other:
        assert other.post(f"{talk.runs}/{run['id']}/cancel").json()["status"] == "cancelling"
        assert talk.until(run, "cancelled", "failed")["status"] == "cancelled"


@pytest.mark.parametrize("settings", ["local"], indirect=True)
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


@pytest.mark.parametrize("settings", ["local"], indirect=True)
def test_what_is_no_json_is_not_stored(settings: Settings) -> None:
    store = open_store(settings)
    with store.writing() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}}, {"score": float("nan")})
        rows.insert(connection, THREADS, {"id": "thread_2", "metadata": {}}, {"text": "half \ud800"})
    with store.reading() as connection:
        assert [row.private for row in rows.all_of(connection, THREADS)] == [{"score": None}, {"text": "half \ufffd"}]
    store.close()


@pytest.mark.parametrize("settings", ["local"], indirect=True)
def test_many_messages_in_one_request(talk: Conversation) -> None:
    many = [{"role": "user", "content": "x", "metadata": {"number": str(number)}} for number in range(5000)]
    thread = talk.wire.post("/threads", json={"messages": many}).json()["id"]
    found = talk.wire.get(f"/threads/{thread}/messages?order=asc&limit=3").json()["data"]
    assert [each["metadata"]["number"] for each in found] == ["0", "1", "2"]
    assert len(talk.wire.get(f"/threads/{thread}/messages?metadata[number]=4000").json()["data"]) == 1
    with talk.server.app.context.store.reading() as connection:
        counts = [rows.has_more_than(connection, MESSAGES, number, thread_id=thread) for number in (4999, 5000)]
    assert counts == [True, False]


@pytest.mark.parametrize("settings", ["local"], indirect=True)
def test_an_older_store_is_upgraded_and_a_newer_one_refused(settings: Settings) -> None:
    open_store(settings).close()
    with psycopg.connect(settings.store, autocommit=True) as connection:
        # What version 0.1.0 made.
        connection.execute("ALTER TABLE runs DROP COLUMN lease_monotonic")
        connection.execute("UPDATE store_version SET version = 1")
        with ThreadPoolExecutor(4) as pool:
            for store in pool.map(lambda _each: open_store(settings), range(4)):
                store.close()
        assert connection.execute("SELECT version FROM store_version").fetchall() == [(migrations.VERSION,)]
        assert connection.execute("SELECT lease_monotonic FROM runs").fetchall() == []
        connection.execute("UPDATE store_version SET version = 99")
        with pytest.raises(StoreError, match="has version 99"):
            open_store(settings)


@pytest.mark.parametrize("settings", ["local"], indirect=True)
def test_the_database_of_another_program_is_not_changed(settings: Settings) -> None:
    with psycopg.connect(settings.store, autocommit=True) as connection:
        connection.execute("CREATE TABLE messages (text text)")
        with pytest.raises(StoreError, match="is another program's: it has a table messages"):
            open_store(settings)
        made = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(made).fetchall() == [("messages",)]


def test_a_step_of_the_clock(settings: Settings, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    model_server.script([{"hold": True}])
    wall = time.time
    with talking(settings) as talk, talking(replace(settings, concurrent_runs=0)) as other:
        run = talk.start()
        wait_for(lambda: model_server.runs)
        monkeypatch.setattr(time, "time", lambda: wall() + 3600)
        read = [each.wire.get(f"{talk.runs}/{run['id']}").json()["status"] for each in (talk, other)]
        assert read == ["in_progress"] * 2
        model_server.release()
        assert talk.until(run, "completed", "failed", "expired")["status"] == "completed"
