# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that send exactly the bytes of a test, and a client of them."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._connect import connect

Json = dict[str, Any]
THING: Json = {"id": "thread_1", "object": "thread"}


class Peer:
    """A connection that a server has accepted."""

    def __init__(self, sock: socket.socket, seen: list[tuple[str, dict[str, str], bytes]]) -> None:
        self.sock = sock
        self._file = sock.makefile("rb")
        self._seen = seen

    def request(self) -> tuple[str, dict[str, str], bytes] | None:
        """Return a request: the first line, the headers (in lower case) and the body. None if the client has closed."""
        line = self._file.readline().decode("latin-1").rstrip()
        if not line:
            return None
        headers = {}
        while header := self._file.readline().decode("latin-1").rstrip():
            name, _colon, value = header.partition(": ")
            headers[name.lower()] = value
        chunked = headers.get("transfer-encoding") == "chunked"
        body = self._chunks() if chunked else self._file.read(int(headers.get("content-length", 0)))
        request = (line, headers, body)
        self._seen.append(request)
        return request

    def _chunks(self) -> bytes:
        body = b""
        while size := self._size():
            body += self._file.read(size)
            assert self._file.readline() == b"\r\n"
        assert self._file.readline() == b"\r\n"
        return body

    def _size(self) -> int:
        line = self._file.readline()
        if not line:
            raise ConnectionError("the client has closed the connection in the middle of a request")
        return int(line, 16)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, body: Any = None, status: str = "200 OK", kind: str = "application/json", **headers: str) -> None:
        """Send an answer with a length."""
        self.send(answer(body, status, kind, **headers))

    def wait(self) -> None:
        """Wait until the client has closed the connection."""
        with contextlib.suppress(OSError):
            while self.sock.recv(1 << 16):
                pass


def answer(body: Any = None, status: str = "200 OK", kind: str = "application/json", **headers: str) -> bytes:
    """Return the bytes of an answer with a length."""
    body = THING if body is None else body
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    all_headers = {"content-type": kind, "content-length": str(len(content)), **headers}
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in all_headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content


Script = Callable[[Peer], None]


class Scripted:
    """A server that handles each connection with the next script. The last script handles all further connections.

    Attributes:
        seen: The requests so far.
        connections: The number of connections so far.

    Args:
        scripts: Functions that handle a connection, which is closed afterwards.
        path: A Unix socket, or None for a port of the loopback interface.
        tls: The TLS context, for https.
    """

    def __init__(self, *scripts: Script, path: Path | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._scripts = list(scripts)
        self._tls = tls
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self._peers: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self._listener.bind(str(path) if path else ("127.0.0.1", 0))
        self._listener.listen(64)
        self.path = path
        self.port: int = 0 if path else self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"unix:{self.path}" if self.path else f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/v1"

    @property
    def lines(self) -> list[str]:
        """The first lines of the requests."""
        return [line for line, _headers, _body in self.seen]

    def __enter__(self) -> Scripted:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def stop(self) -> None:
        """Close all sockets, as if the process were killed."""
        for sock in (self._listener, *self._peers):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _address = self._listener.accept()
                self.connections += 1
                self._peers.append(sock)
                self._start(self._serve, sock, self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0])

    def _serve(self, sock: socket.socket, script: Script) -> None:
        with contextlib.suppress(OSError), contextlib.closing(sock):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._peers.append(sock)
            with contextlib.closing(sock):
                script(Peer(sock, self.seen))


def always(body: Any = None, status: str = "200 OK", kind: str = "application/json", **headers: str) -> Script:
    """Gives the same answer to each request of a connection."""

    def script(peer: Peer) -> None:
        while peer.request():
            peer.answer(body, status, kind, **headers)

    return script


def raw(data: bytes) -> Script:
    """Answers a request with these bytes, and closes."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(data)

    return script


def hang_up(peer: Peer) -> None:
    """Closes without an answer."""
    peer.request()


def silence(peer: Peer) -> None:
    """Never answers."""
    peer.request()
    peer.wait()


def wire_to(url: str, **options: Any) -> Wire:
    """Return a client of a server, with a short timeout and by default without retries."""
    defaults = {"runtime_url": url, "timeout": 5.0, "max_retries": 0, "runtime_concurrent_runs": 32}
    return connect(Wire, {**defaults, **options, "runtime_idle_timeout": 60.0})
