# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool of connections whose cost does not depend on their number. Only imported with the SDK.

The pool of the HTTP library looks at all of its connections for each request. With a thousand of them, this takes
longer than the request. So each connection has a pool of its own.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

import httpx2

_KEPT = 100  # connections without a request
_KEPT_SECONDS = 30.0


@dataclass
class Lane:
    """One connection, which may not be open."""

    transport: httpx2.AsyncHTTPTransport
    since: float = 0.0


class Lanes(httpx2.AsyncBaseTransport):
    """Sends each request on a connection without another request.

    Args:
        verify: The TLS context.
    """

    def __init__(self, verify: ssl.SSLContext) -> None:
        self._verify = verify
        self._limits = httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEPT_SECONDS)
        self._idle: deque[Lane] = deque()
        self._is_closed = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request. The connection is free again when the answer is closed."""
        # The one that was used last, because servers close connections that are not used.
        lane = self._idle.pop() if self._idle else Lane(self._new())
        try:
            response = await lane.transport.handle_async_request(request)
        except BaseException:
            await self.free(lane)
            raise
        response.stream = _Body(cast(httpx2.AsyncByteStream, response.stream), self, lane)
        return response

    async def aclose(self) -> None:
        """Close the connections without a request, and the others as soon as their answers are closed."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop().transport.aclose()

    def _new(self) -> httpx2.AsyncHTTPTransport:
        return httpx2.AsyncHTTPTransport(verify=self._verify, limits=self._limits)

    async def free(self, lane: Lane) -> None:
        """Keep a connection for the next request, and close those that have been kept for too long."""
        lane.since = now = time.monotonic()
        self._idle.append(lane)
        while self._idle and (self._is_closed or len(self._idle) > _KEPT or self._idle[0].since < now - _KEPT_SECONDS):
            await self._idle.popleft().transport.aclose()


class _Body(httpx2.AsyncByteStream):
    """The body of an answer."""

    def __init__(self, body: httpx2.AsyncByteStream, lanes: Lanes, lane: Lane) -> None:
        self._body, self._lanes = body, lanes
        self._lane: Lane | None = lane

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._body)

    async def aclose(self) -> None:
        lane, self._lane = self._lane, None
        try:
            await self._body.aclose()
        finally:
            if lane is not None:
                await self._lanes.free(lane)
