# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a local runtime: they continue without their client, and are reported as failed if the runtime dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import httpx2
import pytest
from sqlalchemy import Row, update
from threadworks_runtime.app import Runtime
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import rows
from threadworks_runtime.store.tables import RUNS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    RUNTIME,
    Conversation,
    Local,
    raw_client,
    runtime_options,
    talking,
    wait_for,
)

pytestmark = pytest.mark.any_store

# Starts a runtime and a run, and is killed with all of its process group.
_CALLER = """
import json, os, signal, sys
from threadworks_runtime.settings import ModelOptions
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, Local, raw_client
from ansible_collections.threadworks.openai.tests.runtime.harness import runtime_options

store, model = json.loads(sys.argv[1])
runtime = Local(store).__enter__()
talk = Conversation(raw_client(runtime, **runtime_options(ModelOptions(**model))))
print(json.dumps([runtime.pid, str(runtime.socket), talk.thread, talk.start()]), flush=True)
os.killpg(0, signal.SIGKILL)
"""


@pytest.fixture
def local(settings: Settings) -> Settings:
    """The settings of a local runtime."""
    return replace(settings, executor="local")


@pytest.fixture
def runtime(local: Settings) -> Iterator[Local]:
    """A local runtime that can be killed. It has room for one run."""
    with Local(local.store, concurrent_runs=1) as runtime:
        yield runtime


@pytest.fixture
def talk(local: Settings, runtime: Local) -> Iterator[Conversation]:
    """A conversation with it."""
    with raw_client(runtime, **runtime_options(local.model)) as wire:
        yield Conversation(wire)


@pytest.fixture
def watcher(local: Settings, talk: Conversation) -> Iterator[Conversation]:
    """The same conversation, by another runtime on the same store."""
    with talking(local) as watcher:
        watcher.assistant, watcher.thread, watcher.runs = talk.assistant, talk.thread, talk.runs
        yield watcher


def _row(app: Runtime, run: dict[str, Any]) -> Row:
    with app.context.store.reading() as connection:
        return rows.find(connection, RUNS, run["id"])


def _set(app: Runtime, run: dict[str, Any], **columns: Any) -> None:
    with app.context.store.writing() as connection:
        connection.execute(update(RUNS.table).where(RUNS.table.c.id == run["id"]).values(columns))


def test_a_run_goes_on_when_its_client_has_left(
    local: Settings, runtime: Local, talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hold": True}])
    run = talk.start()
    talk.wire.close()
    wait_for(lambda: model_server.runs)
    model_server.release()
    with raw_client(runtime, **runtime_options(local.model)) as wire:
        talk.wire = wire
        assert talk.until(run, "completed", "failed")["status"] == "completed"


def test_a_run_outlives_the_violent_death_of_who_started_the_runtime(
    local: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"hold": True}])
    path = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(RUNTIME)])
    caller = subprocess.run(
        [sys.executable, "-c", _CALLER, json.dumps([local.store, asdict(local.model)])],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=600,
        start_new_session=True,
        check=False,
    )
    assert caller.returncode == -signal.SIGKILL, caller
    pid, socket, thread, run = json.loads(caller.stdout)
    with Local.found(pid, socket) as runtime, raw_client(runtime) as wire:
        model_server.release()
        path = f"/threads/{thread}/runs/{run['id']}"
        wait_for(lambda: wire.get(path).json()["status"] == "completed")


@pytest.mark.stores("sqlite", "postgresql")
def test_runs_of_a_killed_runtime_are_found_dead_at_once(
    runtime: Local, talk: Conversation, watcher: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}])
    run = talk.start()
    wait_for(lambda: talk.messages(run))
    body = {"assistant_id": talk.assistant}
    queued = talk.wire.post("/threads/runs", json=body).json()
    assert watcher.read(run)["status"] == "in_progress"
    runtime.kill()
    # At once: the first who looks finds them, and no lease has to end.
    failed = watcher.read(run)
    assert _row(watcher.server.app, queued).lease_monotonic > time.monotonic()
    waiting = watcher.wire.get(f"/threads/{queued['thread_id']}/runs/{queued['id']}").json()
    for found in (failed, waiting):
        assert (found["status"], found["last_error"]["code"]) == ("failed", "server_error")
        assert "died" in found["last_error"]["message"]
    assert watcher.messages(run)[0]["incomplete_details"] == {"reason": "run_failed"}
    assert watcher.steps(run)[0]["status"] == "failed"
    assert (waiting["started_at"], watcher.finish()["status"]) == (None, "completed")


def test_a_killed_runtime_does_not_block_its_threads(
    runtime: Local, talk: Conversation, watcher: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True}])
    talk.start()
    wait_for(lambda: model_server.runs)
    message = {"role": "user", "content": "x"}
    path = f"/threads/{talk.thread}/messages"
    assert watcher.wire.post(path, json=message).status_code == 400
    runtime.kill()
    assert watcher.wire.post(path, json=message).status_code == 200


def test_a_stopped_runtime_cannot_hinder_a_cancellation(
    runtime: Local, talk: Conversation, watcher: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True}])
    run = talk.start()
    wait_for(lambda: model_server.runs)
    os.kill(runtime.pid, signal.SIGSTOP)
    assert watcher.cancel(run).json()["status"] == "cancelling"
    runtime.kill()
    assert watcher.until(run, "cancelled", "failed")["cancelled_at"]


def test_a_stream_of_a_killed_runtime_breaks_off(runtime: Local, talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}])
    body = {"assistant_id": talk.assistant, "stream": True}
    with talk.wire.stream("POST", talk.runs, json=body) as answer:
        lines = answer.iter_lines()
        assert "event: thread.message.delta" in lines
        runtime.kill()
        with pytest.raises(httpx2.TransportError):
            list(lines)


def test_readers_of_a_run_of_another_runtime_see_that_it_has_died(
    runtime: Local, talk: Conversation, watcher: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True}])
    key = {"Idempotency-Key": "one"}
    body = {"assistant_id": talk.assistant}
    talk.wire.post(talk.runs, json=body, headers=key)
    wait_for(lambda: model_server.runs)
    with watcher.wire.stream("POST", talk.runs, json={**body, "stream": True}, headers=key) as answer:
        lines = answer.iter_lines()
        assert "event: thread.run.in_progress" in lines
        runtime.kill()
        events = [line[7:] for line in lines if line.startswith("event: ")]
    assert events == ["thread.run.failed", "done"]


@pytest.mark.stores("sqlite", "postgresql")
def test_a_runner_of_another_host_is_believed_until_its_lease_ends(
    runtime: Local, talk: Conversation, watcher: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True}])
    run = talk.start()
    wait_for(lambda: model_server.runs)
    runtime.kill()
    app = watcher.server.app
    _set(app, run, lease_owner="elsewhere|1|1|x", lease_until=time.time() + 600)
    assert watcher.read(run)["status"] == "in_progress"
    until = time.time() + 1
    _set(app, run, lease_until=until)
    assert watcher.until(run, "failed")["last_error"]["code"] == "server_error"
    assert time.time() >= until


@pytest.mark.stores("sqlite", "postgresql")
def test_a_runner_that_lost_its_lease_writes_nothing_more(local: Settings, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "text": "one two three"}])
    with talking(local) as talk:
        app = talk.server.app
        run = talk.start()
        wait_for(lambda: model_server.runs)
        _set(app, run, lease_owner="elsewhere|1|1|x", lease_until=time.time() + 600)
        model_server.release()
        wait_for(lambda: app.context.executor.running() == 0)
        assert talk.read(run)["status"] == "in_progress"
        assert talk.messages(run) == []


def test_leases_are_renewed_also_while_a_run_waits_for_its_turn(local: Settings, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    with talking(replace(local, concurrent_runs=1)) as talk, talking(local) as watcher:
        runs = [talk.start(), Conversation(talk.wire).start()]
        before = [_row(talk.server.app, run) for run in runs]

        def renewed() -> bool:
            after = [_row(talk.server.app, run) for run in runs]
            assert [row.lease_owner for row in after] == [row.lease_owner for row in before]
            return all(
                new.lease_until > old.lease_until + local.lease
                and new.lease_monotonic > old.lease_monotonic + local.lease
                for new, old in zip(after, before, strict=True)
            )

        wait_for(renewed)
        paths = [f"/threads/{run['thread_id']}/runs/{run['id']}" for run in runs]
        assert [watcher.wire.get(path).json()["status"] for path in paths] == ["in_progress", "queued"]
        model_server.release()
        wait_for(lambda: {watcher.wire.get(path).json()["status"] for path in paths} == {"completed"})
