# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP connections: uvicorn's, for clients that may be slow, many, or send too much."""

from __future__ import annotations

import asyncio
import http
import json
import socket
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .bodies import LONG_BODY
from .wire_errors import ApiError, unavailable

OPTIONS: dict[str, Any] = {
    "ws": "none",
    "lifespan": "on",
    "access_log": False,
    "proxy_headers": False,
    "server_header": False,
}
"""uvicorn's options, wherever the runtime is served."""
_LARGEST_HEAD = 64 * 1024  # bytes
_PIPELINED = 8  # requests that may wait for the answer to the one before them
_TO_SEND_A_BODY = 120.0  # seconds
_TO_READ_ON = 120.0  # seconds until a client has to take something of an answer
_TO_LEAVE = 2.0  # seconds in which a client that was refused may read why
_LOOK = 1.0  # seconds between two looks at a connection


class _Unacceptable(Exception):
    """Stops the parser."""


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with limits for what a client sends and for the time that it takes.

    A client has uvicorn's ``timeout_keep_alive`` for the head of its next request, whether it has begun to send it or
    not. uvicorn's ``limit_concurrency`` is the first number of connections that is one too many.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look after the connection."""
        super().connection_made(transport)
        self._size = self._kept = self._callbacks = self._received = 0
        self._refused = self._has_headers = False
        self._waiting: tuple[str, object] | None = None
        self._since = 0.0
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self.connections.discard(self)
            message = "The runtime has as many connections as it can take; try again later."
            self._answer(unavailable(message, "too_busy"))
            transport.close()
        else:
            self._look()

    def data_received(self, data: bytes) -> None:
        """Parse what has come. The parser keeps an unfinished header, however long it becomes."""
        if self._refused:
            return
        before = self._callbacks
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self.send_400_response("")
        self._kept = 0 if self._callbacks > before else self._kept + len(data)
        if self._kept > _LARGEST_HEAD and not self._refused:
            self.send_400_response("")

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection of a client that has closed its side after a whole request, until it has the answer."""
        cycle: Any = self.cycle
        if cycle is None or cycle.more_body or cycle.response_started:
            return False
        cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._size = 0
        self._has_headers = False
        self._count(0)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. A trailer after a body is ignored: it comes after all that checks the headers."""
        self._count(len(name) + len(value) + len(": \r\n"))
        if not self._has_headers:
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Start to answer, or put the request behind the one that is being answered."""
        self._has_headers = True
        if self._is_offered_upgrade():
            return
        hosts = [name for name, _value in self.headers if name == b"host"]
        known = self.parser.get_http_version() in ("1.0", "1.1") and self.parser.get_method() != b"CONNECT"
        if not known or len(hosts) > 1 or len(self.pipeline) >= _PIPELINED:
            raise _Unacceptable
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body; the application bounds its size."""
        self._callbacks += 1
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body."""
        if not self._is_offered_upgrade():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be parsed. Requests before it are still answered; then the connection is closed."""
        cycle: Any = self.cycle
        unfinished = cycle is not None and not cycle.response_complete
        if unfinished and not cycle.more_body:
            cycle.keep_alive = False
            self._refused = True
            return
        if unfinished and (cycle.response_started or self.pipeline):
            # There is no place for an answer in the middle of another one.
            self.transport.abort()
        if self.transport.is_closing():
            return
        if unfinished:  # the application gets no more of the request, and says no more
            cycle.disconnected = True
            cycle.waiting_for_100_continue = False
            cycle.message_event.set()
        if self._size + self._kept > _LARGEST_HEAD:
            message = f"The headers are too large: at most {_LARGEST_HEAD} bytes are accepted."
            self._answer(ApiError(431, message, code="headers_too_large"))
        else:
            self._answer(ApiError(400, "The request is not valid HTTP.", code="invalid_http"))
        # A connection that is closed before all has been read is reset, and the answer is lost.
        self.transport.write_eof()
        self._refused = True

    def _parse(self, data: bytes) -> None:
        """Parse what has come, and ignore offers to upgrade.

        The parser would stop at one, before the request's body: another one gets the same headers without the offer.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                fields = [b"%s: %s\r\n" % (name, value) for name, value in self.headers if name != b"upgrade"]
                version = self.parser.get_http_version().encode()
                line = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
                data = line + b"".join(fields) + b"\r\n" + data[upgrade.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
            else:
                return

    def _is_offered_upgrade(self) -> bool:
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def _count(self, size: int) -> None:
        self._callbacks += 1
        self._size += size
        if self._size > _LARGEST_HEAD:
            raise _Unacceptable

    def _answer(self, error: ApiError) -> None:
        """Answer in the shape of the wire."""
        content = json.dumps(error.body).encode()
        phrase = http.HTTPStatus(error.status).phrase
        fields = f"content-type: application/json\r\ncontent-length: {len(content)}\r\nconnection: close"
        self.transport.write(f"HTTP/1.1 {error.status} {phrase}\r\n{fields}\r\n\r\n".encode() + content)

    def _look(self) -> None:
        """Close the connection if the client takes too long; otherwise look again later."""
        if self not in self.connections:
            return
        waiting, limit = self._awaited()
        now = self.loop.time()
        if waiting != self._waiting:
            self._waiting, self._since = waiting, now
        if waiting is not None and now - self._since >= limit:
            self.transport.abort()
        else:
            self.loop.call_later(_LOOK, self._look)

    def _awaited(self) -> tuple[tuple[str, object] | None, float]:
        """What the client is to do next, and how many seconds it has for that; ``None``: it is the server's turn."""
        cycle: Any = self.cycle
        answered = cycle is None or cycle.response_complete
        if self._refused and (answered or cycle.disconnected):
            return ("leave", None), _TO_LEAVE
        unread = self.transport.get_write_buffer_size()
        if unread:
            return ("read", unread), _TO_READ_ON
        if answered:
            return ("head", cycle), self.timeout_keep_alive
        if cycle.more_body:
            received = self._received if cycle.scope.get(LONG_BODY) else 0
            return ("body", (cycle, received)), _TO_SEND_A_BODY
        return None, 0.0


class TcpProtocol(Protocol):
    """The protocol of TCP connections, which sends each piece of an answer at once.

    asyncio does so by itself only where the listening socket names its protocol, and that of uvicorn's worker processes
    does not: there each answer would wait 40 ms for the acknowledgement of its headers.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Turn Nagle's algorithm off."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
