# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a PostgreSQL store as jobs: servers and workers in processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.exc import OperationalError
from threadworks_runtime.queue.jobs import TASK
from threadworks_runtime.queue.manager import PatientManager
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import rows
from threadworks_runtime.store.tables import RUNS

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.postgresql import PostgreSQL
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    RUNTIME,
    TERMINAL,
    Conversation,
    Served,
    Worker,
    raw_client,
    talking,
)

pytestmark = pytest.mark.stores("postgresql")

_CALL = {"name": "disk", "arguments": "{}"}


@pytest.fixture
def distant(settings: Settings) -> Iterator[Conversation]:
    """A conversation with a server that leaves runs to workers."""
    with talking(replace(settings, executes=False)) as talk:
        yield talk


def _worker(settings: Settings, model_server: ModelServer, *arguments: str) -> Worker:
    return Worker(settings.store, model_server.base_url, *arguments)


def _jobs(settings: Settings) -> list[str]:
    with psycopg.connect(settings.store) as connection:
        found = connection.execute("SELECT args ->> 'run_id' FROM procrastinate_jobs").fetchall()
    return [run_id for (run_id,) in found]


def _close_connections(settings: Settings) -> None:
    with psycopg.connect(settings.store, autocommit=True) as connection:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(f"SELECT pg_terminate_backend(pid) {others}")


def _texts(talk: Conversation, run: dict[str, Any]) -> list[str]:
    return [message["content"][0]["text"]["value"] for message in talk.messages(run)]


def test_a_worker_executes_what_a_server_queues(settings: Settings, model_server: ModelServer) -> None:
    model_server.script([{"calls": [_CALL]}, {"text": "Full."}])
    with Served(settings.store, model_server.base_url, "--no-execute") as served, raw_client(served) as wire:
        distant = Conversation(wire)
        run = distant.start()
        assert distant.read(run)["status"] == "queued"
        assert _jobs(settings) == [run["id"]]
        with _worker(settings, model_server) as worker:
            waiting = distant.until(run, *TERMINAL, "requires_action")
            (call,) = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
            distant.submit(run, (call["id"], "90%"))
            assert distant.until(run, *TERMINAL)["status"] == "completed"
            assert _texts(distant, run) == ["Full."]
            wait_for(lambda: not _jobs(settings))
            assert worker.stop() == 0


def test_a_server_executes_what_its_client_streams(distant: Conversation, settings: Settings) -> None:
    body = {"assistant_id": distant.assistant, "stream": True}
    with distant.wire.stream("POST", distant.runs, json=body) as answer:
        assert "event: thread.run.completed" in list(answer.iter_lines())
    assert _jobs(settings) == []


def test_a_cancelled_run_is_not_executed(distant: Conversation, settings: Settings, model_server: ModelServer) -> None:
    run = distant.start()
    assert distant.cancel(run).json()["status"] == "cancelled"
    with _worker(settings, model_server):
        wait_for(lambda: not _jobs(settings))
    assert distant.read(run)["status"] == "cancelled"
    assert model_server.runs == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_run_of_a_worker_that_dies_or_hangs_is_restarted_by_another(
    distant: Conversation, settings: Settings, model_server: ModelServer, number: signal.Signals
) -> None:
    model_server.script([{"calls": [_CALL]}, {"text": "one two three", "hang_after": 6}, {"text": "again"}])
    with _worker(settings, model_server) as first:
        run = distant.start()
        waiting = distant.until(run, *TERMINAL, "requires_action")
        (call,) = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
        distant.submit(run, (call["id"], "90%"))
        wait_for(lambda: distant.messages(run))
        os.kill(first.pid, number)
        with psycopg.connect(settings.store) as connection:
            # As much later as its lease and its job need to be given up.
            connection.execute("UPDATE runs SET lease_until = 0, lease_monotonic = 0")
            connection.execute("UPDATE procrastinate_workers SET last_heartbeat = to_timestamp(0)")
        with _worker(settings, model_server):
            assert distant.until(run, *TERMINAL)["status"] == "completed"
            if number == signal.SIGSTOP:
                # It believes that the run is still its own.
                os.kill(first.pid, signal.SIGCONT)
                assert first.stop() == 0
            wait_for(lambda: not _jobs(settings))
    assert _texts(distant, run) == ["again"]
    kinds = [step["type"] for step in distant.steps(run)]
    assert kinds == ["tool_calls", "message_creation"]
    assert [step["status"] for step in distant.steps(run)] == ["completed"] * 2


def test_the_streamed_run_of_a_dead_server_is_restarted(
    distant: Conversation, settings: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}, {"text": "again"}])
    body = {"assistant_id": distant.assistant, "stream": True}
    with (
        Served(settings.store, model_server.base_url, "--no-execute") as served,
        raw_client(served) as wire,
        wire.stream("POST", distant.runs, json=body) as answer,
    ):
        assert "event: thread.message.created" in answer.iter_lines()
        served.kill()
    (run,) = distant.wire.get(distant.runs).json()["data"]
    with talking(settings):
        assert distant.until(run, *TERMINAL)["status"] == "completed"
        assert _texts(distant, run) == ["again"]


def test_a_run_that_takes_every_worker_with_it_fails(
    distant: Conversation, settings: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True, "sticky": True}])
    app, run = distant.server.app, distant.start()
    with app.context.store.writing() as connection:
        # Four workers have died before.
        record = rows.find(connection, RUNS, run["id"])
        rows.save(connection, RUNS, record, record.document, {**record.private, "restarts": 4})
    for status in ("queued", "failed"):
        with _worker(settings, model_server) as worker:
            distant.until(run, "in_progress")
            worker.kill()
        wait_for(lambda: distant.read(run)["status"] != "in_progress")
        assert distant.read(run)["status"] == status
    assert "died" in distant.read(run)["last_error"]["message"]


def test_a_run_whose_store_fails_in_the_middle_is_restarted(
    talk: Conversation, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_server.script([{"text": "lost"}, {"text": "again"}])
    store = talk.server.app.context.store
    write = store.write

    async def lose(work: Any, **options: Any) -> Any:
        done = await write(work, **options)
        if "thread.message.created" in str(done):
            # The connection is lost before the answer to the commit.
            monkeypatch.undo()
            raise OperationalError("COMMIT", None, psycopg.OperationalError("the connection is lost"))
        return done

    monkeypatch.setattr(store, "write", lose)
    run = talk.finish()
    assert run["status"] == "completed"
    assert _texts(talk, run) == ["again"]
    assert len(talk.steps(run)) == 1


def test_a_stopped_worker_hands_its_runs_over(
    distant: Conversation, settings: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}, {"text": "again"}])
    with _worker(settings, model_server, "--grace", "0") as first:
        run = distant.start()
        wait_for(lambda: distant.messages(run))
        assert first.stop() == 0
    assert distant.read(run)["status"] == "queued"
    assert _jobs(settings) == [run["id"]]
    with _worker(settings, model_server):
        assert distant.until(run, *TERMINAL)["status"] == "completed"
    assert _texts(distant, run) == ["again"]


def test_a_server_that_stops_while_it_connects_to_its_queue_closes_the_connections(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[AsyncConnectionPool] = []
    connect = AsyncConnectionPool.open

    async def hang(pool: AsyncConnectionPool, *_options: Any, **_more: Any) -> None:
        await connect(pool)
        pools.append(pool)
        await asyncio.Event().wait()

    monkeypatch.setattr(AsyncConnectionPool, "open", hang)
    with talking(settings):
        (pool,) = wait_for(lambda: pools)
        assert not pool.closed
    assert pool.closed


@pytest.mark.parametrize("is_stopping", [False, True])
def test_a_worker_that_does_not_stop_reports_the_end_of_a_job_however_long_the_database_is_away(
    settings: Settings, *, is_stopping: bool
) -> None:
    async def work() -> None:
        connector = PsycopgConnector(conninfo=settings.store, min_size=1, max_size=1, timeout=0.1)
        manager = PatientManager(connector, patience=0, has_room=bool)
        app = App(connector=connector)
        async with app.open_async():
            await app.configure_task(TASK, queue="default").defer_async(run_id="run_1")
            job = await JobManager(connector).fetch_job(None, await manager.register_worker())
            assert job is not None
            if is_stopping:
                manager.hurry()
            async with connector.pool.connection():  # nobody else gets one
                report = asyncio.create_task(manager.finish_job(job, Status.SUCCEEDED, delete_job=True))
                await asyncio.to_thread(wait_for, lambda: connector.pool.get_stats().get("requests_errors"))
            await report

    with talking(replace(settings, executes=False)):
        with pytest.raises(ConnectorException) if is_stopping else contextlib.nullcontext():
            asyncio.run(work())
        assert _jobs(settings) == (["run_1"] if is_stopping else [])


def test_a_worker_survives_that_its_connections_are_closed(
    distant: Conversation, settings: Settings, model_server: ModelServer
) -> None:
    with _worker(settings, model_server) as worker:
        wait_for(lambda: worker.is_ready)
        assert distant.until(distant.start(), *TERMINAL)["status"] == "completed"
        _close_connections(settings)
        wait_for(lambda: distant.wire.get("/threads").status_code == 200)
        assert distant.until(distant.start(), *TERMINAL)["status"] == "completed"
        assert worker.is_running


def test_a_worker_that_was_taken_for_dead_takes_runs_again(
    distant: Conversation, settings: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"hold": True}, {"text": "new"}])
    with _worker(settings, model_server) as worker:
        active = distant.start()
        wait_for(lambda: model_server.runs)
        with psycopg.connect(settings.store, autocommit=True) as connection:
            connection.execute("DELETE FROM procrastinate_workers")
        other = Conversation(distant.wire)
        assert other.until(other.start(), *TERMINAL)["status"] == "completed"
        assert distant.read(active)["status"] == "in_progress"
        model_server.release()
        assert distant.until(active, *TERMINAL)["status"] == "completed"
        assert worker.stop() == 0
    with psycopg.connect(settings.store) as connection:
        assert connection.execute("SELECT * FROM procrastinate_workers").fetchall() == []


def test_the_runs_of_a_version_without_a_queue_are_queued(postgresql: PostgreSQL, settings: Settings) -> None:
    with postgresql.database() as store:
        settings = replace(settings, store=store, executes=False)
        with talking(settings) as talk:
            run = talk.start()
        with psycopg.connect(store, autocommit=True) as connection:
            connection.execute("DROP TABLE queue_migrations")
            names = "procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, procrastinate_workers"
            connection.execute(f"DROP TABLE {names} CASCADE")
            connection.execute(_DROP_REST)
        with talking(replace(settings, executes=True)) as talk:
            path = f"/threads/{run['thread_id']}/runs/{run['id']}"
            wait_for(lambda: talk.wire.get(path).json()["status"] == "completed")


_DROP_REST = """
DO $$ DECLARE it record; BEGIN
  FOR it IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'procrastinate%' LOOP
    EXECUTE 'DROP FUNCTION ' || it.name || ' CASCADE';
  END LOOP;
  FOR it IN SELECT typname AS name FROM pg_type WHERE typname LIKE 'procrastinate%' AND typtype IN ('e', 'c') LOOP
    EXECUTE 'DROP TYPE IF EXISTS ' || it.name || ' CASCADE';
  END LOOP;
END $$
"""


def test_jobs_of_other_versions_are_executed(
    distant: Conversation, settings: Settings, model_server: ModelServer
) -> None:
    other = Conversation(distant.wire)
    older, newer = distant.start(), other.start()
    with psycopg.connect(settings.store) as connection:
        changed = "UPDATE procrastinate_jobs SET args = CASE WHEN args ->> 'run_id' = %s THEN {} ELSE {} END"
        connection.execute(changed.format("args - 'owner'", """args || '{"later": 1}'"""), [older["id"]])
    with _worker(settings, model_server):
        assert distant.until(older, *TERMINAL)["status"] == "completed"
        assert other.until(newer, *TERMINAL)["status"] == "completed"


def test_missing_libraries_are_named(tmp_path: Path, settings: Settings, model_server: ModelServer) -> None:
    (tmp_path / "procrastinate.py").write_text("raise ImportError('no procrastinate')\n")
    path = f"PYTHONPATH={tmp_path}:{RUNTIME}"
    with Worker(settings.store, model_server.base_url, prefix=("env", path)) as worker:
        wait_for(lambda: not worker.is_running)
        assert "needs libraries that are not installed: pip install procrastinate" in worker.log


def test_a_worker_refuses_sqlite(tmp_path: Path, model_server: ModelServer) -> None:
    with Worker(str(tmp_path / "runtime.db"), model_server.base_url) as worker:
        wait_for(lambda: not worker.is_running)
        assert "needs a PostgreSQL store" in worker.log


def test_a_client_gets_the_events_of_a_run_that_a_worker_executes(
    distant: Conversation, settings: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"text": "one two three four", "delta_delay": 0.2, "sticky": True}])
    with _worker(settings, model_server):
        # The worker may be faster than the question for its events.
        events = wait_for(lambda: found if "thread.message.delta" in (found := _events(distant.wire)) else None)
    assert events.count("thread.message.delta") == 4
    assert [event for event in events if event != "thread.message.delta"][-8:] == [
        "thread.run.step.created",
        "thread.run.step.in_progress",
        "thread.message.created",
        "thread.message.in_progress",
        "thread.message.completed",
        "thread.run.step.completed",
        "thread.run.completed",
        "done",
    ]


def test_a_worker_that_starts_is_asked_for_events_at_once(
    settings: Settings, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threadworks_runtime.queue.exchange._AGAIN", 1e6)
    model_server.script([{"text": "one two three four", "delta_delay": 0.5}])
    with talking(replace(settings, executes=False)) as talk, _worker(settings, model_server):
        assert "thread.message.delta" in _events(talk.wire)


def _events(wire: httpx2.Client) -> list[str]:
    """Return the events of a new run that a worker executes. The request is repeated, as after a lost connection."""
    talk = Conversation(wire)
    body, key = {"assistant_id": talk.assistant, "stream": True}, {"Idempotency-Key": talk.thread}
    queued = wire.post(talk.runs, json={**body, "stream": False}, headers=key)
    assert queued.json()["status"] == "queued"
    with wire.stream("POST", talk.runs, json=body, headers=key) as answer:
        return [line.removeprefix("event: ") for line in answer.iter_lines() if line.startswith("event: ")]


def test_queues_and_priorities(distant: Conversation, settings: Settings, model_server: ModelServer) -> None:
    talks = [Conversation(distant.wire) for _each in range(4)]
    placed: list[dict[str, str]] = [{}, {"runtime_priority": "5"}, {"runtime_queue": "gpu"}, {"runtime_priority": "-5"}]
    runs = [talk.start(metadata=metadata) for talk, metadata in zip(talks, placed, strict=True)]
    with _worker(settings, model_server, "--queues", "runs,other", "--concurrency", "1"):
        for number in (0, 1, 3):
            assert talks[number].until(runs[number], *TERMINAL)["status"] == "completed"
    ended = [talks[number].read(runs[number])["completed_at"] for number in (1, 0, 3)]
    assert ended == sorted(ended)
    assert talks[2].read(runs[2])["status"] == "queued"
    with _worker(settings, model_server, "--queues", "gpu"):
        assert talks[2].until(runs[2], *TERMINAL)["status"] == "completed"


@pytest.mark.parametrize("metadata", [{"runtime_queue": "a b"}, {"runtime_priority": "high"}])
def test_an_invalid_queue_is_refused(talk: Conversation, metadata: dict[str, str]) -> None:
    answer = talk.wire.post(talk.runs, json={"assistant_id": talk.assistant, "metadata": metadata})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_queue")
