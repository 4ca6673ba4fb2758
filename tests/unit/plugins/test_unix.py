# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client and the local runtime: found, started and replaced when a request shows that it has to be."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _unix
from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._connect import connect
from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError, Unanswered
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    THING,
    Peer,
    Script,
    Scripted,
    always,
    hang_up,
    raw,
)
from ansible_collections.threadworks.openai.tests.unit.plugins.starter import OPTIONS, Start


def test_a_runtime_that_listens_is_just_asked(start: Start) -> None:
    wire, starter = start(always())
    starter.serve()
    for _request in range(3):
        assert wire.get("threads", "x") == THING
    assert (starter.calls, starter.servers[0].connections) == ([], 1)
    assert starter.seen == ["GET /v1/threads/x HTTP/1.1"] * 3


def test_where_nobody_listens_one_is_started(start: Start) -> None:
    wire, starter = start(always())
    # A request that creates an object without a key can be repeated too, because no runtime received it.
    assert wire.post("threads", body={}) == THING
    assert (starter.calls, len(starter.seen)) == (["start"], 1)


def test_a_socket_that_was_left_behind_is_no_runtime(start: Start) -> None:
    wire, starter = start(always())
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(starter.path())
    assert stat.S_ISSOCK(os.stat(starter.path()).st_mode)
    assert wire.get("threads", "x") == THING
    assert starter.calls == ["start"]


def test_a_runtime_that_was_killed_since_is_started_again(start: Start) -> None:
    wire, starter = start(always(), always())
    starter.serve()
    wire.get("threads", "x")
    starter.servers[0].stop()
    assert wire.create("threads", body={}, once="k").thing == THING
    assert starter.calls == ["start"]


@pytest.mark.parametrize("script", [hang_up, raw(b"HTTP/1.1 2"), raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")])
def test_a_request_that_breaks_off_is_sent_again(start: Start, script: Script) -> None:
    """As if it arrived just when the runtime ends."""

    def ends(peer: Peer) -> None:
        script(peer)
        starter.servers[0].stop()

    wire, starter = start(ends, always())
    starter.serve()
    assert wire.create("threads", body={}, once="k").thing == THING
    assert starter.calls == ["start"]
    assert [headers["idempotency-key"] for server in starter.servers for _line, headers, _body in server.seen] == [
        "k",
        "k",
    ]


def test_what_creates_without_a_key_is_not_sent_again(start: Start) -> None:
    wire, starter = start(hang_up)
    starter.serve()
    with pytest.raises(Unanswered, match=r"^The local runtime did not answer: .*closed\.$"):
        wire.post("threads", body={})
    assert len(starter.seen) == 1


def test_a_runtime_that_always_breaks_off_is_given_up(start: Start) -> None:
    wire, starter = start(hang_up)
    starter.serve()
    with pytest.raises(Unanswered, match=r"failed 4 times in a row: .*Check its log, .*runtime_store"):
        wire.get("threads", "x")
    assert (starter.calls, len(starter.seen)) == ([], 4)


def test_a_runtime_that_ends_at_once_is_given_up(start: Start) -> None:
    wire, starter = start()
    with pytest.raises(Unanswered, match="failed 4 times in a row: no process listens at its socket"):
        wire.get("threads", "x")
    assert starter.calls == ["start"] * 3


def test_a_start_that_fails_says_why(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    wire, starter = start()

    def fail(within: float) -> None:
        raise TaskError("Install it.")

    monkeypatch.setattr(starter, "start", fail)
    with pytest.raises(TaskError, match=r"^Install it\.$"):
        wire.get("threads", "x")


# ---- The owner of the runtime, and the data sent to it ----


def test_a_socket_of_another_user_is_refused(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    wire, starter = start(always())
    starter.serve()
    monkeypatch.setattr(_unix.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(TaskError, match=r"belongs to a process of another user \(user id \d+\)\. No data was sent"):
        wire.get("threads", "x")
    assert (starter.seen, starter.calls) == ([], [])


def test_an_unusable_socket_is_reported(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / ("x" * 200), "path too long"), (tmp_path / "file" / "x", "not a directory")):
        (tmp_path / "file").touch()
        with pytest.raises(Unanswered, match=rf"(?i)cannot be reached: {path}: .*{reason}\.$"):
            connect(Wire, {**OPTIONS, "runtime_url": f"unix:{path}"}).get("threads", "x")


REQUESTS = [
    ("threads",),
    ("assistants",),
    ("threads", "runs"),
    ("threads", "x", "runs"),
    ("threads", "x", "runs", "y", "submit_tool_outputs"),
]


def test_a_run_is_sent_with_what_it_needs(start: Start) -> None:
    wire, starter = start(always(), api_key="sk-1", organization="o", runtime_idle_timeout=5.0)
    starter.serve()
    for path in REQUESTS:
        wire.post(*path, body={})
    wire.get("threads", "x", "runs")
    told = [headers.get("runtime-options") for _line, headers, _body in starter.servers[0].seen]
    assert (len(told), told.pop()) == (len(REQUESTS) + 1, None)
    for text in told:
        assert json.loads(text or "") == {
            "base_url": "http://127.0.0.1:9/v1",
            "api_key": "sk-1",
            "organization": "o",
            "timeout": 30.0,
            "max_retries": 2,
            "concurrent_runs": 32,
            "idle_timeout": 5.0,
        }
    assert not any("authorization" in headers for _line, headers, _body in starter.servers[0].seen)


def test_without_a_model_server_no_run_is_made(start: Start) -> None:
    wire, _starter = start(always(), api_key=None, base_url=None)
    assert wire.unconfigured.startswith("No model server is configured: set api_key")
    assert not start(always())[0].unconfigured


# ---- If no runtime can be started ----


def test_a_managed_host_has_no_local_runtime() -> None:
    with pytest.raises(TaskError, match=r"runs on the control node only\. Set runtime_url"):
        connect(Wire, OPTIONS)


def test_a_module_uses_the_socket_that_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    options = {**OPTIONS, "runtime_url": f"unix:{path}"}
    with Scripted(always(), path=path) as server:
        connect(Wire, options).post("threads", "x", "runs", body={})
        assert "runtime-options" in server.seen[0][1]
    with pytest.raises(Unanswered, match=r"has ended, and this process cannot start it\. Run the task again"):
        connect(Wire, {**options, "api_key": "l"}).get("threads", "x")


# ---- Many at once, and what it costs ----


def test_many_connections_at_once_wait_for_their_turn(start: Start) -> None:
    wire, starter = start(always())
    starter.serve()
    answers: list[Any] = []
    workers = [threading.Thread(target=lambda: answers.append(wire.get("threads", "x"))) for _n in range(100)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert (len(answers), starter.calls) == (100, [])
