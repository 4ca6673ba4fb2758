# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many runs with many followers: the runtime still answers all other requests."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from threadworks_runtime.settings import ModelOptions

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    BETA,
    Conversation,
    Local,
    Served,
    connect,
    raw_client,
    resident,
    runtime_options,
    wait_for,
)

_MANY = 200
_IDLE, _SLOW = 1000, 500


@contextmanager
def _few_descriptors() -> Iterator[None]:
    """Processes that are started here may have few files open, unless they ask for more; this one may have many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * (_IDLE + _SLOW)
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"no process may have {needed} files open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))


@pytest.fixture(params=["local", "served"])
def usual(request: pytest.FixtureRequest, tmp_path: Path, model_server: ModelServer) -> Iterator[Local | Served]:
    """A runtime in a process of its own, as it is without any options."""
    store = str(tmp_path / "runtime.db")
    with ExitStack() as stack:
        with _few_descriptors():
            runtime: Local | Served = Local(store) if request.param == "local" else Served(store, model_server.base_url)
            stack.enter_context(runtime)
        yield runtime


@pytest.fixture(params=["local", "served"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path, model_server: ModelServer) -> Iterator[Local | Served]:
    """A runtime in a process of its own, with room for all."""
    store = str(tmp_path / "runtime.db")
    if request.param == "local":
        with Local(store, concurrent_runs=_MANY) as runtime:
            yield runtime
    else:
        with Served(store, model_server.base_url, "--concurrent-runs", str(_MANY)) as served:
            yield served


class _Stream:
    """A request whose answer is read only when the test wants it: a client that is slow, or idle."""

    def __init__(self, runtime: Local | Served, path: str, body: object, headers: dict[str, str]) -> None:
        self._socket = connect(runtime)
        content = json.dumps(body)
        fields = {**headers, "Host": "localhost", "Content-Type": "application/json", "Content-Length": len(content)}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._socket.sendall(f"POST /v1{path} HTTP/1.1\r\n{head}\r\n{content}".encode())

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._socket.close()

    def until(self, end: bytes) -> bytes:
        """All that comes until the end."""
        come = b""
        while end not in come:
            piece = self._socket.recv(65536)
            assert piece, come
            come += piece
        return come


def _seconds(wire: httpx2.Client, url: httpx2.URL | str) -> float:
    """How long an answer takes."""
    began = time.monotonic()
    assert wire.get(url).status_code == 200
    return time.monotonic() - began


def _median(wire: httpx2.Client, url: httpx2.URL | str) -> float:
    return statistics.median(_seconds(wire, url) for _time in range(20))


def _limit(wire: httpx2.Client, url: str) -> float:
    """A second, and on a busy machine more: 10 times as long as an answer takes without the streams."""
    return 1 + 10 * _median(wire, url)


def test_many_runs_and_idle_streams_keep_nobody_waiting(runtime: Local | Served, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    headers = {**BETA, **runtime_options(ModelOptions(base_url=model_server.base_url))}
    health = httpx2.URL(runtime.url).copy_with(path="/healthz")
    with raw_client(runtime) as wire, ExitStack() as stack:
        talk = Conversation(wire)
        limit = _limit(wire, f"/threads/{talk.thread}")
        body = {"assistant_id": talk.assistant, "stream": True}
        streams = [stack.enter_context(_Stream(runtime, "/threads/runs", body, headers)) for _number in range(_MANY)]
        wait_for(lambda: len(model_server.runs) == _MANY)
        assert _median(wire, health) < limit
        # What is asked of the store does not wait for the runs either.
        assert wire.get(f"/threads/{talk.thread}").status_code == 200
        model_server.release()
        for stream in streams:
            come = stream.until(b"[DONE]")
            assert come.count(b"event: thread.run.completed") == 1
            assert come.count(b"event: thread.message.completed") == 1
    assert len(model_server.runs) == _MANY


def _half(number: int) -> bytes:
    """The beginning of a request: of each second one not even the head is complete."""
    fields = {**BETA, "Host": "localhost", "Content-Type": "application/json", "Content-Length": "100"}
    head = "POST /v1/threads HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return (head if number % 2 else head + '\r\n{"metadata": {').encode()


@pytest.mark.parametrize("followed", ["own runs", "one run"])
def test_1000_idle_streams_and_500_slow_clients_keep_nobody_waiting(
    usual: Local | Served, model_server: ModelServer, followed: str
) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    headers = {**BETA, **runtime_options(ModelOptions(base_url=model_server.base_url))}
    if followed == "one run":
        headers["Idempotency-Key"] = "one"
    health = httpx2.URL(usual.url).copy_with(path="/healthz")
    with raw_client(usual) as wire, ExitStack() as stack:
        talk = Conversation(wire)
        limit = _limit(wire, f"/threads/{talk.thread}")
        body = {"assistant_id": talk.assistant, "stream": True}
        idle = [stack.enter_context(_Stream(usual, "/threads/runs", body, headers)) for _number in range(_IDLE)]
        for stream in idle:
            stream.until(b"event: ")
        for number in range(_SLOW):
            stack.enter_context(connect(usual)).sendall(_half(number))

        def seconds_of_a_new_client() -> float:
            with raw_client(usual) as another:
                return _seconds(another, f"/threads/{talk.thread}")

        assert _median(wire, health) < limit
        assert _median(wire, f"/threads/{talk.thread}") < limit
        assert statistics.median(seconds_of_a_new_client() for _time in range(20)) < limit
        if Path("/proc/self/status").exists():
            assert resident(usual.pid) < 256
        model_server.release()
        idle[0].until(b"event: thread.run.completed")
