# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access to served and local runtimes: which requests are accepted, and what a client can block."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
from chapter import Chapter, Options
from stage import stage

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import BETA, Local, Served, raw_client

Json = dict[str, Any]

_TOKEN = "a-token"
_MOST_BODY = 2**20
_NOBODY = 65534
_SILENCE = 3.0  # seconds; a request without an answer by then is still incomplete
_HOSTS = (
    "evil.com",
    "evil.com:80",
    "localhost.evil.com",
    "127.0.0.1.evil.com",
    "127.0.0.1@evil.com",
    "[::1].evil.com",
    "",
    "*",
)
_ORIGINS = (
    "http://evil.com",
    "https://127.0.0.1.evil.com",
    "null",
    "file://",
    "http://localhost.evil.com",
    "chrome-extension://x",
)
# Each of them once created a thread without the header that a page of another origin cannot send.
_PATHS = (
    "//v1/threads",
    "/v1//threads",
    "/./v1/threads",
    "/x/../v1/threads",
    "/V1/threads",
    "/%761/threads",
    "/v1/threads/",
    "/v1/threads;x",
    "/v1/threads%2f",
)
_BETA = "OpenAI-Beta: assistants=v2"
_CREATE = ("POST /v1/threads", _BETA, "Content-Type: application/json")
_CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


def run(options: Options) -> Chapter:
    """Test every way to reach the runtimes."""
    chapter = Chapter()
    few = options.short
    _raise_limit()
    with stage(options.folder / "store") as here:
        arguments = ("--max-body", f"{_MOST_BODY}", "--concurrent-runs", "4")
        with Served(str(here.playbook.store), here.model.base_url, *arguments) as served:
            doors = _Doors(served)
            chapter.none("foreign hosts and origins that were let in", doors.foreign())
            chapter.none("own hosts that were not let in", doors.own())
            chapter.none("things made by requests that must not make any", doors.simple_posts())
            chapter.none("incomplete requests that left something", doors.incomplete())
            chapter.none("requests beyond a limit that were not refused", doors.beyond())
            clients, streams = (30, 20) if few else (500, 1000)
            slowest, unanswered = doors.beside(doors.slow_clients(clients))
            _tell(chapter, "slow clients", clients, slowest, unanswered, few)
            slowest, unanswered = doors.beside(doors.idle_streams(streams, here.model))
            _tell(chapter, "idle streams", streams, slowest, unanswered, few)
            here.model.release()
        with Served(str(here.playbook.store), here.model.base_url, RUNTIME_TOKEN=_TOKEN) as served:
            chapter.none("requests without the token that were answered", _without_token(served))
    nobody = shutil.which("setpriv") if os.geteuid() == 0 else None
    if nobody is None:
        chapter.skipped.append("the socket, as another user: only root can become one")
    else:
        with Local(str(options.folder / "local.db")) as local:
            chapter.none("other users that were let in", _as_nobody(nobody, local.socket))
    return chapter


def _tell(chapter: Chapter, what: str, count: int, slowest: float, unanswered: list[str], short: bool) -> None:
    chapter.none(f"others not answered beside {count} {what}", unanswered)
    # The tests run this at the same time as other tests.
    bound = 10_000 if short else 1000
    chapter.at_most(f"slowest answer beside {count} {what}, ms", round(1000 * slowest), bound)


class _Doors:
    """A served runtime without a token, on a loopback address."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._host = f"127.0.0.1:{served.port}"

    def foreign(self) -> list[str]:
        """Send hosts and origins that are not allowed, and return those that are accepted."""
        wrong = []
        for host in _HOSTS:
            if (status := self._raw(_head("GET /v1/threads", host, _BETA, "Connection: close"))) < 400:
                wrong.append(f"Host: {host}: {status}")
        for origin in _ORIGINS:
            for method in ("GET", "POST", "OPTIONS"):
                answer = httpx2.request(
                    method,
                    f"{self._served.url}/threads",
                    headers={**BETA, "Origin": origin},
                    json={} if method == "POST" else None,
                    timeout=60,
                )
                if answer.status_code < 400 or "access-control-allow-origin" in answer.headers:
                    wrong.append(f"{method} with Origin: {origin}: {answer.status_code}")
        return wrong

    def own(self) -> list[str]:
        """Send the host names that clients use, and return those that are refused."""
        wrong = []
        for host in (self._host, f"localhost:{self._served.port}"):
            if (status := self._raw(_head("GET /v1/threads", host, _BETA, "Connection: close"))) != 200:
                wrong.append(f"Host: {host}: {status}")
        return wrong

    def simple_posts(self) -> list[str]:
        """Send requests that a page of another origin can send, and return the objects that they create."""
        kinds = ((), ("Content-Type: text/plain",), ("Content-Type: application/x-www-form-urlencoded",))

        def send() -> None:
            for path in (*_PATHS, "/v1/threads"):
                for kind in kinds:
                    for body in ("", "{}"):
                        head = self._head(f"POST {path}", *kind, f"Content-Length: {len(body)}", "Connection: close")
                        self._raw(head + body)

        return self._made_by(send)

    def incomplete(self) -> list[str]:
        """Send incomplete bodies with idempotency keys; return the created objects and the keys that are used up."""
        cut = {
            "nothing": ("Content-Length: 10", ""),
            "less": ("Content-Length: 100", '{"metadata": {}}'),
            "chunk": ("Transfer-Encoding: chunked", "10\r\n{}"),
            "chunks": ("Transfer-Encoding: chunked", "2\r\n{}\r\n"),
        }

        def send() -> None:
            for key, (length, body) in cut.items():
                self._raw(self._head(*_CREATE, f"Idempotency-Key: {key}", length) + body, close=True)

        wrong = self._made_by(send)
        for key in cut:
            answer = httpx2.post(
                f"{self._served.url}/threads", headers={**BETA, "Idempotency-Key": key}, json={}, timeout=60
            )
            if answer.status_code != 200:
                wrong.append(
                    f"the key of a request that was cut off ({key}) is burnt: {answer.status_code}, {answer.text}"
                )
        return wrong

    def beyond(self) -> list[str]:
        """Send requests that exceed the limits. Return those that are not refused, or that end the server."""
        text = json.dumps({"metadata": {"a": "x" * 2 * _MOST_BODY}})

        def create(*headers: str) -> str:
            return self._head(*_CREATE, *headers)

        def read(*headers: str) -> str:
            return self._head("GET /v1/threads", *headers)

        requests = {
            "a body that is too long": create(f"Content-Length: {len(text)}", "Connection: close") + text,
            "a body that is said to be too long": create(f"Content-Length: {2**40}"),
            "chunks without end": create("Transfer-Encoding: chunked") + ("10000\r\n" + "x" * 65536 + "\r\n") * 64,
            "a header of a megabyte": read(f"X: {'x' * 2**20}"),
            "headers without end": read(*["X: y"] * 100_000),
            "a path of a megabyte": self._head(f"GET /{'x' * 2**20}"),
            "a body nested deeply": create("Content-Length: 200000", "Connection: close") + "[" * 200_000,
            "two lengths": create("Content-Length: 2", "Content-Length: 3") + "{}x",
            "a length and chunks": create("Content-Length: 2", "Transfer-Encoding: chunked") + "0\r\n\r\n{}",
            "a negative length": create("Content-Length: -1"),
            "another protocol": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "x" * 500,
        }
        wrong = []
        for what, request in requests.items():
            status = self._raw(request)
            if 0 < status < 400 or status >= 500:
                wrong.append(f"{what}: {status}")
        if httpx2.get(f"http://{self._host}/healthz", timeout=60).status_code != 200:
            wrong.append("the server does not answer any more")
        return wrong

    def beside(self, others: contextlib.AbstractContextManager[None]) -> tuple[float, list[str]]:
        """Send requests beside other clients. Return the seconds of the slowest answer, and the unanswered requests."""
        slowest, wrong = 0.0, []
        with others:
            for path in ("/healthz", "/v1/threads", "/healthz", "/v1/assistants") * 5:
                began = time.monotonic()
                try:
                    answer = httpx2.get(f"http://{self._host}{path}", headers=BETA, timeout=30)
                    if answer.status_code != 200:
                        wrong.append(f"{path}: {answer.status_code}")
                except httpx2.HTTPError as error:
                    wrong.append(f"{path}: {error!r}")
                slowest = max(slowest, time.monotonic() - began)
        return slowest, wrong

    @contextlib.contextmanager
    def slow_clients(self, count: int) -> Iterator[None]:
        """Clients that have sent half a request, of three kinds."""
        halves = (
            self._head(*_CREATE, "Content-Length: 100") + "{",
            self._head("GET /v1/threads", "X-Half: ").rstrip(),
            "GE",
        )
        with contextlib.ExitStack() as stack:
            for number in range(count):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", self._served.port), timeout=30))
                client.sendall(halves[number % len(halves)].encode())
            yield

    @contextlib.contextmanager
    def idle_streams(self, count: int, model: ModelServer) -> Iterator[None]:
        """Clients that follow runs without events, because the model has not answered."""
        model.reset()
        model.script([{"hold": True, "sticky": True}])
        with raw_client(self._served) as wire:
            assistant = wire.post("/assistants", json={"model": "some"}).json()["id"]
        thread = {"messages": [{"role": "user", "content": "x"}]}
        body = json.dumps({"assistant_id": assistant, "thread": thread, "stream": True})
        kind = ("Content-Type: application/json", f"Content-Length: {len(body)}")
        request = (self._head("POST /v1/threads/runs", _BETA, *kind) + body).encode()
        with contextlib.ExitStack() as stack:
            clients = []
            for _number in range(count):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", self._served.port), timeout=60))
                client.sendall(request)
                clients.append(client)
            for client in clients:  # the stream has started
                client.recv(1)
            yield

    def _made_by(self, requests: Callable[[], object]) -> list[str]:
        before = self._threads()
        requests()
        return [f"thread {each} was made" for each in self._threads() - before]

    def _threads(self) -> set[str]:
        with raw_client(self._served) as wire:
            return {each["id"] for each in wire.get("/threads?limit=100").json()["data"]}

    def _head(self, line: str, *headers: str) -> str:
        return _head(line, self._host, *headers)

    def _raw(self, request: str, *, close: bool = False) -> int:
        """Send a request unchanged. Return the status of the answer, or 0 if there is none."""
        with socket.create_connection(("127.0.0.1", self._served.port), timeout=_SILENCE) as client:
            with contextlib.suppress(ConnectionError):
                client.sendall(request.encode("latin-1"))
            with contextlib.suppress(OSError):
                if close:
                    client.shutdown(socket.SHUT_WR)
                start = client.recv(4096).split(b" ")
                return int(start[1]) if start[0].startswith(b"HTTP/") else 0
        return 0


def _head(line: str, host: str, *headers: str) -> str:
    return "\r\n".join([f"{line} HTTP/1.1", f"Host: {host}", *headers, "", ""])


def _without_token(served: Served) -> list[str]:
    wrong = []
    tokens: tuple[Json, ...] = (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {_TOKEN}"},
        {"Authorization": f"Bearer {_TOKEN}x"},
        {"Authorization": "Bearer"},
    )
    for headers in tokens:
        for path in (
            "/v1/threads",
            "/v1/assistants",
            "/v1/nothing",
            "//v1/threads",
            "/healthz/../v1/threads",
            "/healthz//",
        ):
            status = httpx2.get(
                f"http://127.0.0.1:{served.port}{path}", headers={**BETA, **headers}, timeout=60
            ).status_code
            if status not in (401, 404):
                wrong.append(f"{path} with {headers}: {status}")
    with_token = httpx2.get(f"{served.url}/threads", headers={**BETA, "Authorization": f"Bearer {_TOKEN}"}, timeout=60)
    return wrong + ([] if with_token.status_code == 200 else [f"the token itself: {with_token.status_code}"])


def _as_nobody(setpriv: str, path: Path) -> list[str]:
    command = [setpriv, f"--reuid={_NOBODY}", "--clear-groups", sys.executable, "-I", "-c", _CONNECT, str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return [f"another user connects to {path}"] if ended.returncode == 0 else []


def _raise_limit() -> None:
    """Allow as many open files as the system does, because each connection is a file, here and in the runtime."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
