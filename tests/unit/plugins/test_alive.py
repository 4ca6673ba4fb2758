# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client and a local runtime that does not answer: whether it is busy, hangs, or has ended."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _recovery
from ansible_collections.threadworks.openai.plugins.module_utils._errors import Unanswered
from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    THING,
    Peer,
    Script,
    always,
    silence,
)
from ansible_collections.threadworks.openai.tests.unit.plugins.starter import Start


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


def busy(ready: Callable[[], bool]) -> Script:
    """Answers at once when it is asked whether it is alive, and everything else when it is ready."""

    def script(peer: Peer) -> None:
        while request := peer.request():
            if "/healthz" not in request[0]:
                wait_for(ready)
            peer.answer()

    return script


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
    with pytest.raises(Unanswered, match=r"has ended, and the task has timed out \(option wait_timeout\)\.$"):
        wire.ask("threads", "x", within=0)
    assert starter.calls == []


def test_a_runtime_that_is_busy_is_waited_for(start: Start) -> None:
    # It is asked from time to time, each time on a connection of its own.
    wire, starter = start(busy(lambda: starter.seen.count("GET /healthz HTTP/1.1") >= 2))
    starter.serve()
    assert wire.get("threads", "x") == THING
    assert starter.calls == []


def test_a_runtime_that_ends_finishes_its_requests(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens any more, or another one does: that says nothing of the one that has the request."""
    looks = []

    def look(*args: Any) -> None:
        check_alive(*args)
        looks.append(args)

    check_alive = _recovery.check_alive
    monkeypatch.setattr(_recovery, "check_alive", look)

    def removes(peer: Peer) -> None:
        peer.request()
        os.unlink(starter.path())
        looks.clear()
        wait_for(lambda: looks)
        peer.answer()

    wire, starter = start(removes)
    starter.serve()
    assert wire.get("threads", "x") == THING
    assert starter.calls == []


def test_the_longest_silence_is_the_option_timeout(start: Start) -> None:
    given_up = threading.Event()
    wire, starter = start(busy(given_up.is_set), timeout=1.0)
    starter.serve()
    with pytest.raises(Unanswered, match=r"^The local runtime did not answer within 1 seconds \(option timeout\)\.$"):
        wire.get("threads", "x")
    given_up.set()
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
    with pytest.raises(Unanswered, match=r"^The stream was interrupted: it hangs"):
        next(stream)
    assert time.monotonic() - began < 60
    # The next request replaces it.
    assert wire.get("threads", "x") == THING
    assert len(starter.calls) == 1
