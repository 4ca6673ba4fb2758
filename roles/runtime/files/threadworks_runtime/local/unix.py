# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""uvicorn on a Unix socket that only serves processes of the same user."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

import uvicorn

from ..app import Runtime
from ..descriptors import allow_descriptors
from ..server import OPTIONS, Protocol

BACKLOG = 2048
_DESCRIPTORS = 65536
_KEEP_ALIVE = 60  # seconds
_LAST_ANSWERS = 10  # seconds for responses after the runs have ended
# From sys/un.h and sys/ucred.h of macOS.
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED = 0, 1, 76


class UnixServer(uvicorn.Server):
    """The server of a local runtime; the service handles signals.

    Args:
        app: The ASGI application that wraps the runtime.
        runtime: The application.
        begin: Called once when the server is ready.
        admits: Whether a new connection is accepted. Otherwise it is closed without a response.
    """

    def __init__(self, app: Any, runtime: Runtime, begin: Callable[[], None], admits: Callable[[], bool]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_protocol(admits),
                log_config=None,
                backlog=BACKLOG,
                # The other half is for model servers and the store.
                limit_concurrency=allow_descriptors(_DESCRIPTORS) // 2,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_LAST_ANSWERS,
                **OPTIONS,
            )
        )
        self.forced = False
        self._runtime = runtime
        self._begin = begin

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer requests."""
        await super().startup(sockets)
        self._begin()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer the received requests, and wait for their runs. If the stop is forced, do neither."""
        if self.forced:
            # The open streams wait for these runs.
            await asyncio.gather(self._runtime.context.executor.stop(0), super().shutdown(sockets))
        else:
            self._runtime.context.grace = None
            await super().shutdown(sockets)

    async def hurry(self) -> None:
        """Stop waiting for runs, even if the stop is in progress."""
        self.forced = True
        if self.should_exit:
            await self._runtime.context.executor.stop(0)

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Do not capture signals."""
        return contextlib.nullcontext()


def _protocol(admits: Callable[[], bool]) -> type[asyncio.Protocol]:
    """Return the HTTP protocol for connections of this user's processes that are admitted."""

    class UnixProtocol(Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Check the peer before anything is read."""
            super().connection_made(transport)
            if _peer_user(transport.get_extra_info("socket")) not in (None, os.geteuid()) or not admits():
                transport.abort()

    return UnixProtocol


def _peer_user(connection: socket.socket) -> int | None:
    """Return the user id of the peer, or None if it is unknown. Then only the directory restricts access."""
    if sys.platform.startswith("linux"):
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[1])
    if sys.platform == "darwin":
        return int(struct.unpack_from("2I", connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED))[1])
    return None
