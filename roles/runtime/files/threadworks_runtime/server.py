# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP connections of uvicorn, with limits for slow, numerous or excessive clients."""

from __future__ import annotations

import asyncio
import http
import json
import socket
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .bodies import LONG_BODY
from .joined import JoinedTransport
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
_PIPELINED = 8  # pipelined requests that can wait for an earlier response
_TO_SEND_A_BODY = 120.0  # seconds
_TO_READ_ON = 120.0  # seconds until a client must read part of a response
_TO_LEAVE = 2.0  # seconds for a refused client to read the error
_LOOK = 1.0  # seconds between two checks of a connection


class _Unacceptable(Exception):
    """Stops the parser."""


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with limits for the size and duration of requests.

    A client has uvicorn's ``timeout_keep_alive`` for the head of its next request, whether or not it has started to
    send it. With uvicorn's ``limit_concurrency`` connections, further connections are refused.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to watch the connection."""
        super().connection_made(JoinedTransport(transport, self.loop))  # type: ignore[arg-type]
        self._size = self._kept = self._callbacks = self._received = 0
        self._refused = self._has_headers = False
        self._waiting: tuple[str, object] | None = None
        self._since = 0.0
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self.connections.discard(self)
            message = "The runtime has reached its maximum number of connections. Try again later."
            self._answer(unavailable(message, "too_busy"))
            self.transport.close()
        else:
            self._look()

    def data_received(self, data: bytes) -> None:
        """Parse the received data, and limit the size of the head, which the parser does not limit."""
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
        """Keep the connection of a client that closes its side after a complete request until the response is sent."""
        cycle: Any = self.cycle
        if cycle is None or cycle.more_body or cycle.response_started:
            return False
        cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """Start to count the size of the head."""
        self._size = 0
        self._has_headers = False
        self._count(0)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Add a part of the URL."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header. A trailer after a body is ignored, because the headers have already been checked."""
        self._count(len(name) + len(value) + len(": \r\n"))
        if not self._has_headers:
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Start to answer the request, or queue it after the current one."""
        self._has_headers = True
        if self._is_offered_upgrade():
            return
        hosts = [name for name, _value in self.headers if name == b"host"]
        known = self.parser.get_http_version() in ("1.0", "1.1") and self.parser.get_method() != b"CONNECT"
        if not known or len(hosts) > 1 or len(self.pipeline) >= _PIPELINED:
            raise _Unacceptable
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Add a part of the body. The application limits its size."""
        self._callbacks += 1
        self._received += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Finish the body."""
        if not self._is_offered_upgrade():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse a malformed request. Earlier requests are still answered. Then the connection is closed."""
        cycle: Any = self.cycle
        unfinished = cycle is not None and not cycle.response_complete
        if unfinished and not cycle.more_body:
            cycle.keep_alive = False
            self._refused = True
            return
        if unfinished and (cycle.response_started or self.pipeline):
            # An error cannot be sent in the middle of another response.
            self.transport.abort()
        if self.transport.is_closing():
            return
        if unfinished:  # the application gets no further data of the request, and sends nothing
            cycle.disconnected = True
            cycle.waiting_for_100_continue = False
            cycle.message_event.set()
        if self._size + self._kept > _LARGEST_HEAD:
            message = f"The headers are too large: at most {_LARGEST_HEAD} bytes are accepted."
            self._answer(ApiError(431, message, code="headers_too_large"))
        else:
            self._answer(ApiError(400, "The request is not valid HTTP.", code="invalid_http"))
        # If a connection is closed before all data has been read, it is reset, and the response is lost.
        self.transport.write_eof()
        self._refused = True

    def _parse(self, data: bytes) -> None:
        """Parse the received data, and ignore upgrade offers.

        The parser would stop at the offer, before the body. So a new parser gets the same headers without it.
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
        """Send an error response of the API."""
        content = json.dumps(error.body).encode()
        phrase = http.HTTPStatus(error.status).phrase
        fields = f"content-type: application/json\r\ncontent-length: {len(content)}\r\nconnection: close"
        self.transport.write(f"HTTP/1.1 {error.status} {phrase}\r\n{fields}\r\n\r\n".encode() + content)

    def _look(self) -> None:
        """Close the connection if the client takes too long. Otherwise check again later."""
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
        """Return what the client must do next, and the seconds that it has for this, or None if the server is next."""
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
    """The protocol of TCP connections, which sends each part of a response immediately.

    asyncio only does this if the listening socket specifies its protocol. The socket of uvicorn's worker processes does
    not, so each response would wait 40 ms for the acknowledgement of its headers.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Turn Nagle's algorithm off."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
