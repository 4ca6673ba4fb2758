# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime as a server: its processes, a clean stop, and no disclosure of internal data."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select
from threadworks_runtime.serve_options import read_service
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store
from threadworks_runtime.store.migrations import VERSION
from threadworks_runtime.store.tables import RUNS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    BETA,
    RUNTIME,
    Conversation,
    Local,
    Served,
    connect,
    raw_client,
    wait_for,
)

pytestmark = pytest.mark.any_store


@pytest.fixture
def served(settings: Settings, model_server: ModelServer) -> Iterator[Served]:
    with Served(settings.store, model_server.base_url, "--workers", "2", "--grace", "1") as served:
        yield served


def _processes(served: Served) -> set[int]:
    """The processes that answer: each request is on a connection of its own, which any of them may accept."""
    for _time in range(10):
        httpx2.get(f"{served.url}/threads", headers=BETA, timeout=60)
    lines = [json.loads(line) for line in served.log.splitlines()]
    return {line["process"] for line in lines if line.get("path") == "/v1/threads" and line["method"] == "GET"}


def _owner(settings: Settings) -> str | None:
    with closing(open_store(settings)) as store, store.reading() as connection:
        return connection.execute(select(RUNS.table.c.lease_owner)).scalar_one()


def _begin_to_stop(served: Served, until: str) -> None:
    os.kill(served.pid, signal.SIGTERM)
    wait_for(lambda: until in served.log)


def _answers_promptly(wire: httpx2.Client) -> bool:
    """Whether no answer waits for the acknowledgement of its own headers, which takes the other side 40 ms."""
    return min(wire.get("/threads?limit=1").elapsed.total_seconds() for _time in range(30)) < 0.035


def test_two_processes_share_the_work(served: Served, model_server: ModelServer) -> None:
    with raw_client(served) as wire:
        talk = Conversation(wire)
        model_server.script([{"calls": [{"name": "disk", "arguments": {}}]}, {"text": "Full."}])
        run = talk.finish()
        (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        talk.submit(run, (call["id"], "90%"))
        assert talk.until(run, "completed", "failed")["status"] == "completed"
        model_server.reset()
        model_server.script([{"hold": True, "sticky": True}])
        talks = [Conversation(wire) for _time in range(8)]
        runs = [talk.start() for talk in talks]
        wait_for(lambda: len(model_server.runs) == len(runs))
        model_server.release()
        for talk, run in zip(talks, runs, strict=True):
            assert talk.until(run, "completed", "failed")["status"] == "completed"
        assert _answers_promptly(wire)
    wait_for(lambda: len(_processes(served)) == 2)


def test_one_process_is_the_default(settings: Settings, model_server: ModelServer) -> None:
    with Served(settings.store, model_server.base_url) as served, raw_client(served) as wire:
        assert Conversation(wire).finish()["status"] == "completed"
        assert _answers_promptly(wire)
        assert _processes(served) == {served.pid}
        assert served.stop() == 0


@pytest.mark.stores("sqlite", "postgresql")
def test_a_clean_stop_hands_long_runs_over_to_the_next_start_and_informs_their_readers(
    served: Served, model_server: ModelServer
) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}] * 2 + [{"text": "again"}] * 2)
    with raw_client(served) as wire:
        talk = Conversation(wire)
        run = talk.start()
        wait_for(lambda: talk.messages(run))
        body = {"assistant_id": talk.assistant, "stream": True}
        with wire.stream("POST", "/threads/runs", json=body) as answer:
            lines = answer.iter_lines()
            assert "event: thread.message.created" in lines
            assert served.stop() == 0
            events = [line for line in lines if line.startswith("event: ")]
    assert events[-2:] == ["event: error", "event: done"]
    served.start()
    with raw_client(served) as wire:
        talk.wire = wire
        assert talk.until(run, "completed", "failed")["status"] == "completed"
        assert [message["content"][0]["text"]["value"] for message in talk.messages(run)] == ["again"]
        assert len(talk.steps(run)) == 1
        wait_for(lambda: [run["status"] for run in wire.get("/runs").json()["data"]] == ["completed", "completed"])


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_clean_stop_lets_short_runs_finish(settings: Settings, model_server: ModelServer, workers: str) -> None:
    model_server.script([{"hold": True}])
    arguments = ("--workers", workers, "--grace", "60")
    with Served(settings.store, model_server.base_url, *arguments) as served, raw_client(served) as wire:
        body = {"assistant_id": Conversation(wire).assistant, "stream": True}
        with wire.stream("POST", "/threads/runs", json=body) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: thread.created"
            wait_for(lambda: model_server.runs)
            _begin_to_stop(served, "Shutting down")
            model_server.release()
            assert served.stop() == 0
            assert "event: thread.run.completed" in list(lines)
    assert len(model_server.runs) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_clean_stop_lets_runs_finish_that_nobody_follows(
    settings: Settings, model_server: ModelServer, workers: str
) -> None:
    model_server.script([{"hold": True}])
    with Served(settings.store, model_server.base_url, "--workers", workers, "--grace", "60") as served:
        with raw_client(served) as wire:
            talk = Conversation(wire)
            run = talk.start()
            wait_for(lambda: model_server.runs)
        # No connection is open any more: only the run is waited for.
        _begin_to_stop(served, "Waiting for application shutdown")
        model_server.release()
        assert served.stop() == 0
        served.start()
        with raw_client(served) as wire:
            talk.wire = wire
            assert talk.read(run)["status"] == "completed"
    assert len(model_server.runs) == 1


@pytest.mark.stores("sqlite")
def test_a_killed_process_is_replaced_and_loses_no_more_than_its_runs(
    served: Served, settings: Settings, model_server: ModelServer
) -> None:
    wait_for(lambda: len(_processes(served)) == 2)
    model_server.script([{"hang": True}])
    with raw_client(served) as wire:
        talk = Conversation(wire)
        run = talk.start()
        wait_for(lambda: model_server.runs)
        # Either process may have taken the run up; its lease says which.
        killed = int((_owner(settings) or "").split("|")[1])
        os.kill(killed, signal.SIGKILL)

    def failed() -> bool:
        try:
            with raw_client(served) as wire:
                talk.wire = wire
                return talk.read(run)["status"] == "failed"
        except httpx2.TransportError:
            return False

    wait_for(failed)
    wait_for(lambda: len(_processes(served) - {killed}) == 2)
    with raw_client(served) as wire:
        talk.wire = wire
        assert "died" in talk.read(run)["last_error"]["message"]
        assert talk.finish()["status"] == "completed"
    assert served.stop() == 0


def test_workers_do_not_outlive_a_killed_parent(served: Served, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}])
    wait_for(lambda: len(_processes(served)) == 2)
    workers = _processes(served)
    with raw_client(served) as wire:
        body = {"assistant_id": Conversation(wire).assistant, "stream": True}
        with wire.stream("POST", "/threads/runs", json=body) as answer:
            lines = answer.iter_lines()
            assert "event: thread.message.created" in lines
            os.kill(served.pid, signal.SIGKILL)
            # It is as clean an end as any other: the run goes back to the queue.
            assert "event: error" in lines
    wait_for(lambda: not any(_is_alive(pid) for pid in workers))
    served.kill()
    served.start()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Whoever has become its parent may not have waited for it yet.
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return not shown.startswith("Z") and bool(shown)


def _refused(tmp_path: Path, *python: str, path: Path = RUNTIME, open_files: int = 4000) -> str:
    """What a start that fails reports."""
    started = subprocess.run(
        [sys.executable, *python, "-m", "threadworks_runtime", "serve", "--store", str(tmp_path / "runtime.db")],
        env={**os.environ, "PYTHONPATH": f"{path}:{RUNTIME}"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files)),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert started.returncode == 1
    assert "Traceback" not in started.stderr
    assert not (tmp_path / "runtime.db").exists()
    return started.stderr


def test_missing_libraries_are_named_with_the_remedy(tmp_path: Path) -> None:
    told = _refused(tmp_path, "-S")
    assert "missing: openai, httpx2, httpcore2, falcon, uvicorn, httptools, SQLAlchemy, pydantic" in told
    assert told.rstrip().endswith(f"{sys.executable} -m pip install -r {RUNTIME / 'requirements.txt'}")


def test_a_broken_library_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "falcon.py").write_text("import no_such_library\n")
    told = _refused(tmp_path, path=tmp_path)
    assert "No module named 'no_such_library'" in told
    assert "pip install -r" in told


def test_too_few_open_files_are_reported(tmp_path: Path) -> None:
    told = _refused(tmp_path, open_files=500)
    assert "2048 connections and 32 runs need 2336 open files, but the limit of this process is 500" in told
    assert "--connections" in told


@pytest.mark.parametrize("address", ["127.0.0.1:18911/v1", "models.example.com/v1", "user:canary@localhost:1/v1"])
def test_a_model_server_without_scheme_is_refused_with_the_remedy(
    tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read_service({"OPENAI_RUNTIME_STORE": str(tmp_path / "runtime.db"), "OPENAI_BASE_URL": address})
    told = capsys.readouterr().err
    assert f"OPENAI_BASE_URL has no scheme. Use http://{address.rpartition('@')[2]}" in told
    assert "canary" not in told


def test_the_health_of_both_kinds_of_runtimes_looks_the_same(settings: Settings, model_server: ModelServer) -> None:
    with Served(settings.store, model_server.base_url) as served, raw_client(served) as wire:
        health = wire.get(httpx2.URL(served.url).copy_with(path="/healthz")).json()
    with Local(settings.store) as local, raw_client(local) as wire:
        assert wire.get("http://runtime/healthz").json() == health
    assert health == {"status": "ok", "store_version": VERSION}


def test_the_token_and_the_size_limit(settings: Settings, model_server: ModelServer) -> None:
    arguments = ("--host", "0.0.0.0", "--max-body", "1000")
    with Served(settings.store, model_server.base_url, *arguments, RUNTIME_TOKEN="s3cret") as served:
        with raw_client(served) as wire:
            assert wire.get("/threads").status_code == 401
        with raw_client(served, Authorization="Bearer s3cret") as wire:
            assert wire.get("/threads").status_code == 200
            assert wire.post("/threads", json={"metadata": {"a": "x" * 1000}}).status_code == 413
            assert wire.get("/threads").status_code == 200
            body = iter([b'{"metadata": {"a": ', b'"b"}}'])
            chunked = wire.post("/threads", content=body, headers={"content-type": "application/json"})
            assert chunked.json()["metadata"] == {"a": "b"}
            too_long = iter([b'{"metadata": {"a": "', b"x" * 1000, b'"}}'])
            assert wire.post("/threads", content=too_long, headers=chunked.request.headers).status_code in (413, 400)


def test_logs_are_json_without_contents_and_keys(settings: Settings, model_server: ModelServer) -> None:
    secrets = {"OPENAI_API_KEY": "sk-the-models-key", "RUNTIME_TOKEN": "the-runtimes-token"}
    with (
        Served(settings.store, model_server.base_url, **secrets) as served,
        raw_client(served, Authorization="Bearer the-runtimes-token") as wire,
    ):
        talk = Conversation(wire)
        talk.finish(instructions="the-instructions", metadata={"k": "the-metadata"})
        wire.get("/threads?metadata[k]=the-metadata")
        wire.post("/threads", content=b"the-content")
    lines = [json.loads(line) for line in served.log.splitlines()]
    requests = [line for line in lines if "path" in line]
    assert {"time", "level", "method", "path", "status", "milliseconds", "request_id"} <= set(requests[-1])
    assert {line["status"] for line in requests} >= {200, 415}
    for secret in ("sk-the", "the-runtimes-token", "the-instructions", "the-metadata", "the-content", "Hello"):
        assert secret not in served.log


def test_what_is_wrong_with_a_request_is_said_without_its_secrets(
    settings: Settings, model_server: ModelServer
) -> None:
    secrets = {"OPENAI_API_KEY": "sk-the-canary", "RUNTIME_TOKEN": "token-canary"}
    headers = {"Authorization": "Bearer wrong-canary", "Runtime-Options": '{"api_key": "key-canary"'}
    right = {**headers, "Authorization": "Bearer token-canary"}
    with Served(settings.store, model_server.base_url, **secrets) as served:
        shown = []
        for sent in (
            headers,
            right,
            {**headers, "Authorization": "Basic canary"},
        ):
            with raw_client(served, **sent) as wire:
                answers = [wire.request(method, "/threads") for method in ("GET", "POST", "PUT", "OPTIONS")]
                answers += [wire.post("/threads", content=b"{"), wire.get("/x"), wire.get("/threads/x/runs/y")]
            assert {answer.status_code for answer in answers} & {400, 401, 404, 405, 415}
            shown += [f"{answer.text}{answer.headers}" for answer in answers]
        with connect(served) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nAuthorization: Bearer canary\r\n canary\r\nX\0: canary\r\n\r\n")
            shown.append(connection.recv(65536).decode())
        assert "canary" not in "".join(shown)
        assert "canary" not in served.log
