# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer before the application: counts requests, and adds operations of the local runtime.

``GET /healthz`` reports that the process is alive, without checking the store.
``GET /runtime`` describes the process, ``POST /runtime/stop`` ends it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ..store.migrations import VERSION
from .activity import Activity

_LARGEST = 1024  # bytes
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Gate:
    """An ASGI application that wraps the runtime's application.

    Args:
        app: The runtime's application.
        activity: Counts the requests.
        describe: Describes the process.
        stop: Stops it. The argument is True to stop without waiting for active runs.
    """

    def __init__(
        self, app: Any, activity: Activity, describe: Callable[[], dict[str, Any]], stop: Callable[[bool], None]
    ) -> None:
        self.closing = False
        """Whether responses close their connections, so that the next request goes to another runtime."""
        self._app = app
        self._activity = activity
        self._describe = describe
        self._stop = stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer requests about the process, and pass other requests to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        operation = (scope["method"], scope["path"])
        if operation == ("GET", "/healthz"):
            self._activity.expect()
            await self._answer(send, {"status": "ok", "store_version": VERSION})
        elif operation == ("GET", "/runtime"):
            await self._answer(send, self._describe())
        elif operation == ("POST", "/runtime/stop"):
            force = await _forced(receive)
            await self._answer(send, self._describe())
            self._stop(force)
        else:
            with self._activity.request():
                await self._app(scope, receive, self._closing(send))

    def _closing(self, send: Send) -> Send:
        async def closing(message: MutableMapping[str, Any]) -> None:
            if self.closing and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        return closing

    async def _answer(self, send: Send, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await self._closing(send)({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


async def _forced(receive: Receive) -> bool:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > _LARGEST:
            break
    try:
        return bool(json.loads(body or b"{}").get("force"))
    except (ValueError, AttributeError):
        return False
