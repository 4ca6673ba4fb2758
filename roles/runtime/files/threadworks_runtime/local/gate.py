# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is before the application: the count of requests, and the operations that only a local runtime has.

``GET /healthz`` says that the process is alive, as the application does, but without a look at the store.
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
    """An ASGI application around the runtime's.

    Args:
        app: The runtime's application.
        activity: Counts the requests.
        describe: Describes the process.
        stop: Ends it; takes whether the runs that are active are waited for (``False``) or not (``True``).
    """

    def __init__(
        self, app: Any, activity: Activity, describe: Callable[[], dict[str, Any]], stop: Callable[[bool], None]
    ) -> None:
        self.closing = False
        """Whether each answer closes its connection, so that the client's next request goes to another runtime."""
        self._app = app
        self._activity = activity
        self._describe = describe
        self._stop = stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is about the process, and pass on what is about the store."""
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
