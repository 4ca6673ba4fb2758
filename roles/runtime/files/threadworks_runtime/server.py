# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server around the application: uvicorn, which lets the runs end before it ends itself."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn

from .app import Runtime

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as HttpProtocol
except ImportError:  # slower, and always there
    from uvicorn.protocols.http.h11_impl import H11Protocol as HttpProtocol  # type: ignore[assignment]


class Server(uvicorn.Server):
    """Serves one application.

    :param app: what is called: the application, or what is wrapped around it.
    :param runtime: the application.
    :param grace: seconds that runs have left when the server is stopped.
    :param options: further settings of uvicorn.
    """

    def __init__(self, app: Any, runtime: Runtime, *, grace: float, **options: Any) -> None:
        super().__init__(uvicorn.Config(app, access_log=False, proxy_headers=False, lifespan="on", **options))
        self._runtime = runtime
        self._grace = runtime.context.grace = grace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the runs and the server together: the open streams wait for these very runs."""
        await asyncio.gather(self._runtime.context.executor.stop(self._grace), super().shutdown(sockets))


class TcpProtocol(HttpProtocol):
    """uvicorn's HTTP protocol, which sends each piece of an answer at once.

    asyncio does so by itself only where the listening socket names its protocol, and that of uvicorn's worker processes
    does not: there each answer would wait 40 ms for the acknowledgement of its headers.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Turn Nagle's algorithm off."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
