# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a run of a served runtime, whose connections break."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._connect import connect
from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.processes import Served
from ansible_collections.threadworks.openai.tests.world import Json, World

CREATE, RUN = "POST /threads/*/runs", "GET /threads/*/runs/*"


T: Json = {"thread_id": "newest", "assistant_id": "newest"}


class Proxy:
    """Forwards connections to a port, until the test closes them."""

    def __init__(self, port: int) -> None:
        self._sockets: list[socket.socket] = []
        self.returned = b""
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                there = socket.create_connection(("127.0.0.1", port))
                proxy._sockets += [self.request, there]
                threading.Thread(target=proxy._pump, args=(there, self.request, True), daemon=True).start()
                proxy._pump(self.request, there)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _pump(self, source: socket.socket, target: socket.socket, back: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
                self.returned += data if back else b""
            target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Cut all connections of now."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def far(world: World, tmp_path: Path, model_server: ModelServer) -> Iterator[tuple[World, Proxy, Served]]:
    """A world whose runtime is served, and reached through a proxy."""
    with (
        Served(str(tmp_path / "served.db"), model_server.base_url) as served,
        Proxy(served.port) as proxy,
    ):
        url = f"http://127.0.0.1:{proxy.port}/v1"
        world.use(connect(Wire, {"runtime_url": url, "timeout": 30.0, "max_retries": 2}))
        yield world, proxy, served


@pytest.mark.parametrize(
    ("answer", "arrived"),
    [
        ({"hold": True}, b"thread.run.in_progress"),
        ({"text": "one two three", "hold_after": 6}, b"thread.run.progress"),
    ],
    ids=["before the answer", "within the answer"],
)
def test_a_stream_that_breaks_off_is_no_reason_for_a_second_run(
    far: tuple[World, Proxy, Served], answer: Json, arrived: bytes
) -> None:
    world, proxy, served = far
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T", messages=[{"content": "Hello"}])
    world.model.script([answer])

    def cut_later() -> None:
        wait_for(lambda: arrived in proxy.returned)
        proxy.cut()
        world.model.release()

    threading.Thread(target=cut_later, daemon=True).start()
    done = world.do("run", **T)
    assert done.result["response"] == answer.get("text", "Reply to: Hello")
    assert done.sent == [CREATE]
    assert RUN in done.read
    assert len(world.model.runs) == 1
    assert served.log.count('"method": "POST", "path": "/v1/threads/thread_') == 1
