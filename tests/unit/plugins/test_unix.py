# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client and the local runtime: found, started and replaced when a request shows that it has to be."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _http_socket, _recovery, _unix
from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire, connect
from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError, Unanswered
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    THING,
    Json,
    Peer,
    Script,
    Scripted,
    always,
    hang_up,
    raw,
    silence,
)

OPTIONS: Json = {
    "runtime_url": None,
    "base_url": "http://127.0.0.1:9/v1",
    "api_key": "k",
    "organization": None,
    "project": None,
    "timeout": 30.0,
    "max_retries": 2,
    "runtime_idle_timeout": 60.0,
    "runtime_concurrent_runs": 32,
}


class Starter:
    """What finds and starts the local runtime, in the tests: each start serves the next script on the same path.

    Attributes:
        calls: What it was asked to do.
        within: How long that could take.
    """

    def __init__(self, folder: Path, *scripts: Script) -> None:
        self._path = folder / "x.sock"
        self._scripts = list(scripts)
        self.calls: list[Any] = []
        self.within: list[float] = []
        self.servers: list[Scripted] = []

    def path(self) -> str:
        return str(self._path)

    def start(self, within: float) -> None:
        self.calls.append("start")
        self.within.append(within)
        self.serve()

    def replace(self, pid: int | None, within: float) -> None:
        self.calls.append(pid)
        self.within.append(within)
        self.serve()

    def serve(self) -> None:
        """Serve the next script; it takes the path over, as a runtime does."""
        if self._scripts:
            new = self._path.with_name(f"{len(self.servers)}.new")
            self.servers.append(Scripted(self._scripts.pop(0), path=new).__enter__())
            new.rename(self._path)

    @property
    def seen(self) -> list[str]:
        return [line for server in self.servers for line in server.lines]


Start = Callable[..., tuple[Wire, Starter]]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Start]:
    """A client whose runtimes do what the scripts say."""
    monkeypatch.setattr(_http_socket, "_FIRST_WATCH", 0.3)
    monkeypatch.setattr(_http_socket, "_NEXT_WATCH", 0.3)
    monkeypatch.setattr(_recovery, "_ALIVE", 0.3)
    starters = []

    def new(*scripts: Script, **options: Any) -> tuple[Wire, Starter]:
        starter = Starter(tmp_path, *scripts)
        starters.append(starter)
        return connect({**OPTIONS, **options}, starter), starter

    yield new
    for starter in starters:
        for server in starter.servers:
            server.__exit__(None, None, None)


# ---- Found and started ----


def test_a_runtime_that_listens_is_just_asked(start: Start) -> None:
    wire, starter = start(always())
    starter.serve()
    for _request in range(3):
        assert wire.get("threads", "x") == THING
    assert (starter.calls, starter.servers[0].connections) == ([], 1)
    assert starter.seen == ["GET /v1/threads/x HTTP/1.1"] * 3


def test_where_nobody_listens_one_is_started(start: Start) -> None:
    wire, starter = start(always())
    # What creates without a key may be sent too: nobody has seen it.
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
    """As where it arrives just as the runtime ends."""

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
    with pytest.raises(Unanswered, match=r"failed 4 times in a row: .*Look at its log, .*runtime_store"):
        wire.get("threads", "x")
    assert (starter.calls, len(starter.seen)) == ([], 4)


def test_a_runtime_that_ends_at_once_is_given_up(start: Start) -> None:
    wire, starter = start()
    with pytest.raises(Unanswered, match="failed 4 times in a row: nobody listens"):
        wire.get("threads", "x")
    assert starter.calls == ["start"] * 3


def test_a_start_that_fails_says_why(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    wire, starter = start()

    def fail(within: float) -> None:
        raise TaskError("Install it.")

    monkeypatch.setattr(starter, "start", fail)
    with pytest.raises(TaskError, match=r"^Install it\.$"):
        wire.get("threads", "x")


# ---- Alive or not ----


def test_a_runtime_that_hangs_is_replaced(start: Start) -> None:
    wire, starter = start(silence, always())
    starter.serve()
    began = time.monotonic()
    assert wire.create("threads", body={}, once="k").thing == THING
    assert time.monotonic() - began < 20
    expected = os.getpid() if sys.platform.startswith(("linux", "darwin")) else None
    assert starter.calls == [expected]
    assert starter.servers[0].lines == ["POST /v1/threads HTTP/1.1", "GET /healthz HTTP/1.1"]


def test_a_runtime_that_accepts_nobody_is_replaced(start: Start) -> None:
    """Its queue of connections is full: the operating system refuses more."""
    wire, starter = start(always())
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(starter.path())
        listener.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _n in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(starter.path())
        assert wire.get("threads", "x") == THING
        for each in waiting:
            each.close()
    assert starter.calls == [None]


@pytest.mark.parametrize(
    ("loadavg", "least", "most"),
    [
        ("0.50 0 0 1/9 9", 1, 1),
        ("8.00 0 0 1/9 9", 2, 4),
        ("0.50 0 0 12/9 9", 3, 3),
        ("99 0 0 400/9 9", 10, 10),
        ("", 1, 99),
    ],
)
def test_a_busy_machine_gets_more_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loadavg: str, least: float, most: float
) -> None:
    monkeypatch.setattr(_recovery.os, "cpu_count", lambda: 4)
    if loadavg:
        monkeypatch.setattr(_recovery.os, "getloadavg", lambda: (float(loadavg.split(maxsplit=1)[0]), 0.0, 0.0))
    (tmp_path / "loadavg").write_text(loadavg)
    monkeypatch.setattr(_recovery, "open", lambda _path, **_more: (tmp_path / "loadavg").open(), raising=False)
    assert least <= _recovery.patience() <= most


def busy(peer: Peer, seconds: float = 1.5) -> None:
    """Needs its time for everything but the question whether it is alive."""
    while request := peer.request():
        if "/healthz" not in request[0]:
            time.sleep(seconds)
        peer.answer()


def test_no_request_waits_for_longer_than_its_task(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_recovery, "patience", lambda: 60.0)
    wire, starter = start(silence, silence)
    starter.serve()
    began = time.monotonic()
    with pytest.raises(Unanswered):
        wire.ask("threads", "x", within=1.5)
    assert time.monotonic() - began < 20
    # It may just have been slow.
    assert starter.calls == []


def test_a_start_takes_no_longer_than_its_task(start: Start) -> None:
    wire, starter = start(silence, always())
    assert wire.ask("threads", "x", within=50).body == THING
    assert len(starter.calls) == 2
    assert 0 < starter.within[1] < starter.within[0] <= 50
    assert wire.get("threads", "x") == THING


def test_a_task_whose_time_is_over_starts_none(start: Start) -> None:
    wire, starter = start(always())
    with pytest.raises(Unanswered, match=r"has ended, and the time of the task is over \(option wait_timeout\)\.$"):
        wire.ask("threads", "x", within=0)
    assert starter.calls == []


def test_a_runtime_that_is_busy_is_waited_for(start: Start) -> None:
    wire, starter = start(busy)
    starter.serve()
    assert wire.get("threads", "x") == THING
    assert starter.calls == []
    # It is asked from time to time, each time on a connection of its own.
    assert starter.seen.count("GET /healthz HTTP/1.1") >= 2


def test_a_runtime_that_ends_finishes_its_requests(start: Start) -> None:
    """Nobody listens any more, or another one does: that says nothing of the one that has the request."""

    def removes(peer: Peer) -> None:
        peer.request()
        os.unlink(starter.path())
        time.sleep(1)
        peer.answer()

    wire, starter = start(removes)
    starter.serve()
    assert wire.get("threads", "x") == THING
    assert starter.calls == []


def test_the_longest_silence_is_the_option_timeout(start: Start) -> None:
    wire, starter = start(lambda peer: busy(peer, 3), timeout=1.0)
    starter.serve()
    with pytest.raises(Unanswered, match=r"^The local runtime did not answer within 1 seconds \(option timeout\)\.$"):
        wire.get("threads", "x")
    assert starter.calls == []


def test_a_runtime_that_hangs_in_a_stream_is_noticed(start: Start) -> None:
    def script(peer: Peer) -> None:
        if "/runs" in (peer.request() or [""])[0]:
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nevent: a\ndata: {}\n\n")
        peer.wait()

    wire, starter = start(script, always())
    starter.serve()
    began = time.monotonic()
    stream = iter(wire.stream("threads", "x", "runs", body={}, once="k", quiet=600))
    assert next(stream).name == "a"
    with pytest.raises(Unanswered, match=r"^The stream broke off: it hangs"):
        next(stream)
    assert time.monotonic() - began < 60
    # The next request replaces it.
    assert wire.get("threads", "x") == THING
    assert len(starter.calls) == 1


# ---- Whose it is, and what it is told ----


def test_a_socket_of_another_user_is_refused(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    wire, starter = start(always())
    starter.serve()
    monkeypatch.setattr(_unix.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(TaskError, match=r"belongs to a process of another user \(user id \d+\): nothing was sent"):
        wire.get("threads", "x")
    assert (starter.seen, starter.calls) == ([], [])


def test_a_socket_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / ("x" * 200), "path too long"), (tmp_path / "file" / "x", "not a directory")):
        (tmp_path / "file").touch()
        with pytest.raises(Unanswered, match=rf"(?i)cannot be reached: {path}: .*{reason}\.$"):
            connect({**OPTIONS, "runtime_url": f"unix:{path}"}).get("threads", "x")


RUN_REQUESTS = [("threads", "runs"), ("threads", "x", "runs"), ("threads", "x", "runs", "y", "submit_tool_outputs")]
OTHER_REQUESTS = [("threads",), ("threads", "x", "runs", "y"), ("threads", "x", "runs", "y", "cancel"), ("assistants",)]


def test_a_run_is_sent_with_what_it_needs(start: Start) -> None:
    wire, starter = start(always(), api_key="sk-1", organization="o", runtime_idle_timeout=5.0)
    starter.serve()
    for path in (*RUN_REQUESTS, *OTHER_REQUESTS):
        wire.post(*path, body={})
    wire.get("threads", "x", "runs")
    told = [headers.get("runtime-options") for _line, headers, _body in starter.servers[0].seen]
    assert told[len(RUN_REQUESTS) :] == [None] * (len(OTHER_REQUESTS) + 1)
    for text in told[: len(RUN_REQUESTS)]:
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


# ---- Where no runtime can be started ----


def test_a_managed_host_has_no_local_runtime() -> None:
    with pytest.raises(TaskError, match=r"runs on the control node only\. Set runtime_url"):
        connect(OPTIONS)


def test_a_module_uses_the_socket_that_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    options = {**OPTIONS, "runtime_url": f"unix:{path}"}
    with Scripted(always(), path=path) as server:
        connect(options).post("threads", "x", "runs", body={})
        assert "runtime-options" in server.seen[0][1]
    with pytest.raises(Unanswered, match=r"has ended, and cannot be started from here\. Run the task again"):
        connect({**options, "api_key": "l"}).get("threads", "x")


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
