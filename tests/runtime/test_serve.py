# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime as a server: two processes on one store, a clean stop, and nothing told that is nobody's business."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import httpx2
import pytest

from ansible_collections.threadworks.openai.runtime import Settings
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import BETA, Conversation, Served, wait_for


def _wire(served: Served, **headers: str) -> httpx2.Client:
    return httpx2.Client(base_url=f"http://127.0.0.1:{served.port}/v1", headers={**BETA, **headers})


@pytest.fixture
def served(settings: Settings, model_server: ModelServer) -> Iterator[Served]:
    with Served(settings.store, model_server.base_url, "--workers", "2", "--grace", "1") as served:
        yield served


def test_two_processes_share_the_work(served: Served, model_server: ModelServer) -> None:
    with _wire(served) as wire:
        talk = Conversation(wire)
        model_server.script([{"calls": [{"name": "disk", "arguments": {}}]}, {"text": "Full."}])
        run = talk.finish()
        (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        talk.submit(run, (call["id"], "90%"))
        assert talk.until(run, "completed", "failed")["status"] == "completed"
        model_server.reset()
        model_server.script([{"text": "one two three", "delta_delay": 0.1, "sticky": True}])
        talks = [Conversation(wire) for _time in range(8)]
        runs = [talk.start() for talk in talks]
        for talk, run in zip(talks, runs, strict=True):
            assert talk.until(run, "completed", "failed")["status"] == "completed"

    def processes() -> set[int]:
        for _time in range(10):  # each on a connection of its own, which either process may accept
            httpx2.get(f"http://127.0.0.1:{served.port}/v1/threads", headers=BETA)
        lines = [json.loads(line) for line in served.log.splitlines()]
        return {line["process"] for line in lines if line.get("path") == "/v1/threads" and line["method"] == "GET"}

    wait_for(lambda: len(processes()) == 2)


def test_a_clean_stop_hands_long_runs_over_to_the_next_start(served: Served, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}, {"text": "again"}])
    with _wire(served) as wire:
        talk = Conversation(wire)
        run = talk.start()
        wait_for(lambda: talk.messages(run))
    began = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - began < 5
    served.start()
    with _wire(served) as wire:
        talk.wire = wire
        assert talk.until(run, "completed", "failed")["status"] == "completed"
        assert [message["content"][0]["text"]["value"] for message in talk.messages(run)] == ["again"]
        assert len(talk.steps(run)) == 1


def test_a_stop_tells_those_who_follow_a_run_that_is_handed_over(served: Served, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}])
    with _wire(served) as wire:
        body = {"assistant_id": Conversation(wire).assistant, "stream": True}
        with wire.stream("POST", "/threads/runs", json=body) as answer:
            lines = answer.iter_lines()
            assert "event: thread.message.created" in lines
            assert served.stop() == 0
            events = [line for line in lines if line.startswith("event: ")]
    assert events[-2:] == ["event: error", "event: done"]


def test_a_clean_stop_lets_short_runs_finish(settings: Settings, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "delta_delay": 0.3}])
    with (
        Served(settings.store, model_server.base_url, "--workers", "1", "--grace", "10") as served,
        _wire(served) as wire,
    ):
        body = {"assistant_id": Conversation(wire).assistant, "stream": True}
        with wire.stream("POST", "/threads/runs", json=body) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: thread.created"
            wait_for(lambda: model_server.runs)
            assert served.stop() == 0
            assert "event: thread.run.completed" in list(lines)
    assert len(model_server.runs) == 1


def test_a_killed_process_loses_no_more_than_its_runs(
    served: Served, settings: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True}])
    with _wire(served) as wire:
        talk = Conversation(wire)
        run = talk.start()
        wait_for(lambda: model_server.runs)
        # Either process may have taken the run up; its lease says which.
        with closing(sqlite3.connect(settings.store)) as store:
            (owner,) = store.execute("SELECT lease_owner FROM runs").fetchone()
        os.kill(int(owner.split("|")[1]), signal.SIGKILL)
    with _wire(served) as wire:
        talk.wire = wire

        def failed() -> bool:
            try:
                return talk.read(run)["status"] == "failed"
            except httpx2.TransportError:
                return False

        wait_for(failed, seconds=30)
        assert talk.finish()["status"] == "completed"


def test_the_token_and_the_size_limit(settings: Settings, model_server: ModelServer) -> None:
    arguments = ("--host", "0.0.0.0", "--workers", "1", "--max-body", "1000")
    with Served(settings.store, model_server.base_url, *arguments, RUNTIME_TOKEN="s3cret") as served:
        with _wire(served) as wire:
            assert wire.get("/threads").status_code == 401
        with _wire(served, Authorization="Bearer s3cret") as wire:
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
        Served(settings.store, model_server.base_url, "--workers", "1", **secrets) as served,
        _wire(served, Authorization="Bearer the-runtimes-token") as wire,
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
