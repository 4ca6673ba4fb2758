# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A runtime in this process, and clients that send requests to it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx2
import openai
import uvicorn
from threadworks_runtime.app import Runtime, create_app
from threadworks_runtime.server import Protocol, TcpProtocol
from threadworks_runtime.settings import ModelOptions, Settings
from threadworks_runtime.store.tables import RUNS

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.new_stores import share_compiled_statements
from ansible_collections.threadworks.openai.tests.runtime.processes import (
    RUNTIME,
    Local,
    Served,
    Worker,
    resident,
)

__all__ = ["RUNTIME", "Local", "Served", "Worker", "resident", "wait_for"]  # they are used together with this module

share_compiled_statements()

BETA = {"OpenAI-Beta": "assistants=v2"}
TOOL = {"type": "function", "function": {"name": "disk"}}
TERMINAL = ("completed", "failed", "cancelled", "incomplete", "expired")


class _Server(uvicorn.Server):
    """uvicorn, which stops the runs when it stops, as both kinds of runtimes do, because open streams wait for them.

    It starts and stops without uvicorn's fixed pauses, which take longer than most tests.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()  # it has started, or cannot start
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Stop. To be called in the event loop."""
        self.should_exit = True
        self._ending.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def main_loop(self) -> None:
        ticking = asyncio.create_task(super().main_loop())
        await self._ending.wait()
        ticking.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, Runtime):
            await asyncio.gather(app.context.executor.stop(0), self._close(sockets))
        else:
            await self._close(sockets)

    async def _close(self, sockets: list[socket.socket] | None) -> None:
        for each in [*self.servers, *(sockets or [])]:
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        deadline = time.monotonic() + (self.config.timeout_graceful_shutdown or 0)
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()


class AppServer:
    """An application served by uvicorn in a thread of this process, on a loopback port or a Unix socket.

    Args:
        app: The application, or middleware around it.
        socket_path: The Unix socket, or ``None`` for a TCP port.
        options: Further settings of uvicorn.
    """

    port = 0

    def __init__(self, app: Any, socket_path: Path | None = None, **options: Any) -> None:
        self.app = app
        self.socket = socket_path
        if socket_path is None:
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
            self.port = self._listener.getsockname()[1]
            self.root = f"http://127.0.0.1:{self.port}"
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(socket_path))
            self._listener.listen(1024)
            self.root = "http://runtime"
        self._server = _Server(
            uvicorn.Config(
                app,
                http=TcpProtocol if socket_path is None else Protocol,
                lifespan="on",
                access_log=False,
                proxy_headers=False,
                log_config=None,
                timeout_graceful_shutdown=1,
                **options,
            )
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        try:
            asyncio.run(self._run())
        finally:
            self._server.settled.set()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._listener])

    @property
    def url(self) -> str:
        """The URL of the API, up to ``/v1``."""
        return f"{self.root}/v1"

    def start(self) -> AppServer:
        """Start the server, and wait until it answers."""
        self._thread.start()
        self._server.settled.wait(300)
        assert self._server.started, "the application does not start"
        return self

    def stop(self) -> None:
        """Stop the server. Active runs fail or return to the queue."""
        self._loop.call_soon_threadsafe(self._server.end)
        self._thread.join(60)
        assert not self._thread.is_alive(), "the application does not end"

    def call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the server's event loop, and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""
        return bool(self._server.server_state.tasks)

    @property
    def connections(self) -> int:
        """The number of connected clients."""
        return len(self._server.server_state.connections)

    def __enter__(self) -> AppServer:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_exc: object) -> None:
        self.stop()


def connect(server: AppServer | Served | Local) -> socket.socket:
    """Return a connection to a runtime, for data that no HTTP client would send."""
    if server.socket is None:
        connection = socket.create_connection(("127.0.0.1", server.port))
    else:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(server.socket))
    connection.settimeout(60)
    return connection


def raw_client(server: AppServer | Served | Local, **headers: str) -> httpx2.Client:
    """Return a plain HTTP client of a runtime, for requests that the SDK would not send."""
    # No runtime is served over TLS. To load the certificates takes longer than most tests.
    transport = httpx2.HTTPTransport(verify=False, uds=str(server.socket) if server.socket else None)
    return httpx2.Client(transport=transport, base_url=server.url, headers={**BETA, **headers}, timeout=300)


def events_of(answer: httpx2.Response) -> Iterator[tuple[str, Any]]:
    """Yield the events of a stream: the name, and the data as JSON or as the text ``[DONE]``."""
    assert answer.headers["content-type"].startswith("text/event-stream")
    name = ""
    for line in answer.iter_lines():
        kind, _colon, value = line.partition(": ")
        if kind == "event":
            name = value
        elif kind == "data":
            yield name, value if value == "[DONE]" else json.loads(value)


def sdk(server: AppServer | Served | Local, **options: Any) -> openai.OpenAI:
    """Return a client of the official SDK. An answer that does not exactly match its type is an error."""
    return openai.OpenAI(
        api_key="unused",
        base_url=server.url,
        http_client=raw_client(server),
        max_retries=0,
        _strict_response_validation=True,
        **options,
    )


def runtime_options(model: ModelOptions, **wishes: Any) -> dict[str, str]:
    """Return the header with the model server and further options for a local runtime."""
    return {"Runtime-Options": json.dumps({**asdict(model), **wishes})}


def told_by_requests(settings: Settings) -> tuple[Settings, dict[str, str]]:
    """Return the settings of an application and the headers of its clients, which configure a local runtime."""
    if settings.executor == "served":
        return settings, {}
    return replace(settings, model=ModelOptions()), runtime_options(settings.model)


@contextmanager
def talking(settings: Settings, **headers: str) -> Iterator[Conversation]:
    """Start a conversation with a new application."""
    settings, told = told_by_requests(settings)
    with AppServer(create_app(settings)) as server, raw_client(server, **told, **headers) as wire:
        yield Conversation(wire, server)


@contextmanager
def served_here(store: Path, model_server: ModelServer) -> Iterator[AppServer]:
    """Serve a store of playbooks in this process."""
    model = ModelOptions(base_url=model_server.base_url)
    with AppServer(create_app(Settings(store=str(store), model=model, executor="served"))) as server:
        yield server


class Conversation:
    """An assistant and a thread, and requests for them."""

    def __init__(self, wire: httpx2.Client, server: AppServer | None = None) -> None:
        self.wire = wire
        self._server = server
        self.assistant = self._made("/assistants", {"model": "scripted", "instructions": "Be brief.", "tools": [TOOL]})
        self.thread = self._made("/threads", {"messages": [{"role": "user", "content": "Hello"}]})
        self.runs = f"/threads/{self.thread}/runs"

    def _made(self, path: str, body: dict[str, Any]) -> str:
        return self.wire.post(path, json=body).json()["id"]

    @property
    def server(self) -> AppServer:
        """The server in this process."""
        assert self._server is not None
        return self._server

    def start(self, **fields: Any) -> dict[str, Any]:
        answer = self.wire.post(self.runs, json={"assistant_id": self.assistant, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read(self, run: dict[str, Any]) -> dict[str, Any]:
        return self.wire.get(f"{self.runs}/{run['id']}").json()

    def until(self, run: dict[str, Any], *statuses: str) -> dict[str, Any]:
        return wait_for(lambda: found if (found := self.read(run))["status"] in statuses else None)

    def finish(self, **fields: Any) -> dict[str, Any]:
        return self.until(self.start(**fields), *TERMINAL, "requires_action")

    def let_expire(self, run: dict[str, Any]) -> None:
        """Set the expiry of a run to now."""
        with self.server.app.context.store.writing() as connection:
            table = RUNS.table
            connection.execute(table.update().where(table.c.id == run["id"]).values(expires_at=int(time.time())))

    def steps(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        return self.wire.get(f"{self.runs}/{run['id']}/steps?order=asc").json()["data"]

    def messages(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        return self.wire.get(f"/threads/{self.thread}/messages?order=asc&run_id={run['id']}").json()["data"]

    def cancel(self, run: dict[str, Any]) -> httpx2.Response:
        return self.wire.post(f"{self.runs}/{run['id']}/cancel")

    def submit(self, run: dict[str, Any], *outputs: tuple[str, str]) -> httpx2.Response:
        body = {"tool_outputs": [{"tool_call_id": id, "output": output} for id, output in outputs]}
        return self.wire.post(f"{self.runs}/{run['id']}/submit_tool_outputs", json=body)
