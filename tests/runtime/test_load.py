# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many runs and many who follow them: the runtime goes on answering everybody else."""

from __future__ import annotations

import json
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
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
    raw_client,
    runtime_options,
    wait_for,
)

_MANY = 200


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
        if isinstance(runtime, Local):
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(str(runtime.socket))
        else:
            self._socket = socket.create_connection(("127.0.0.1", runtime.port))
        self._socket.settimeout(60)
        content = json.dumps(body)
        fields = {**headers, "Host": "runtime", "Content-Type": "application/json", "Content-Length": len(content)}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._socket.sendall(f"POST /v1{path} HTTP/1.1\r\n{head}\r\n{content}".encode())

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._socket.close()

    def rest(self) -> bytes:
        """All that comes until the events end."""
        come = b""
        while b"[DONE]" not in come:
            piece = self._socket.recv(65536)
            assert piece, come
            come += piece
        return come


@pytest.mark.timeout(300)
def test_many_runs_and_idle_streams_keep_nobody_waiting(runtime: Local | Served, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    headers = {**BETA, **runtime_options(ModelOptions(base_url=model_server.base_url))}
    health = httpx2.URL(runtime.url).copy_with(path="/healthz")
    with raw_client(runtime) as wire, ExitStack() as stack:
        talk = Conversation(wire)
        body = {"assistant_id": talk.assistant, "stream": True}
        streams = [stack.enter_context(_Stream(runtime, "/threads/runs", body, headers)) for _number in range(_MANY)]
        wait_for(lambda: len(model_server.runs) == _MANY)

        def seconds() -> float:
            began = time.monotonic()
            assert wire.get(health).json()["status"] == "ok"
            return time.monotonic() - began

        assert statistics.median(seconds() for _time in range(20)) < 1
        # What is asked of the store does not wait for the runs either.
        assert wire.get(f"/threads/{talk.thread}").status_code == 200
        model_server.release()
        for stream in streams:
            come = stream.rest()
            assert come.count(b"event: thread.run.completed") == 1
            assert come.count(b"event: thread.message.completed") == 1
    assert len(model_server.runs) == _MANY
