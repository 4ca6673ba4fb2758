# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers with any bytes, even if no model server would send them."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

Reply = Callable[[bytes], Iterable[bytes]]


def answer(body: bytes | str, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return a complete HTTP answer.

    Args:
        body: The body.
        headers: Further header lines.
        status: The status line, without the version.
        kind: The content type.
    """
    data = body if isinstance(body, bytes) else body.encode()
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(data)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + data


def stream(*events: Any) -> bytes:
    """Return a complete stream of events. Each event is a text, or an object of the Responses API."""
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return answer("".join(f"data: {text}\n\n" for text in texts), kind="text/event-stream")


class RawServer:
    """The server, which runs in separate threads during the ``with`` block.

    Args:
        reply: Returns the pieces of the answer to a request. It is called for each connection, which has one request.
    """

    def __init__(self, reply: Reply | bytes) -> None:
        self._reply: Reply = (lambda _request: [reply]) if isinstance(reply, bytes) else reply
        #: The requests so far, with their heads and bodies.
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.base_url = f"http://{self.place}/v1"

    def __enter__(self) -> RawServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # This wakes the thread that waits for connections. Closing the socket does not.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._socket.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                if not (received := client.recv(65536)):
                    return
                request += received
            head, _end, body = request.partition(b"\r\n\r\n")
            lengths = [
                line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
            ]
            while len(body) < int(lengths[0] if lengths else 0):
                body += client.recv(65536)
            self.requests.append(head + b"\r\n\r\n" + body)
            for piece in self._reply(self.requests[-1]):
                client.sendall(piece)
