# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hostile server of the Assistants API: the runtime, with payloads in all texts of its answers."""

from __future__ import annotations

import json
from typing import Any

from payloads import Payloads

# The free texts of the API. The others are ids, and words on which clients base decisions.
_TEXTS = ("value", "name", "description", "instructions", "model", "message", "arguments", "text", "file_id", "output")
_WORDS = ("object", "status", "type", "role")


class Poisoned:
    """An ASGI application around that of the runtime.

    Attributes:
        active: Whether answers are poisoned.
        ids: Whether ids are poisoned too. No client can work with such a server.
    """

    def __init__(self, app: Any, payloads: Payloads) -> None:
        self.active = self.ids = False
        self._app, self._payloads = app, payloads

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not self.active:
            await self._app(scope, receive, send)
            return
        start: dict[str, Any] = {}
        body = bytearray()

        async def hold(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                poisoned = self._poison(bytes(body))
                length = (b"content-length", str(len(poisoned)).encode())
                start["headers"] = [*(pair for pair in start["headers"] if pair[0] != b"content-length"), length]
                await send(start)
                await send({"type": "http.response.body", "body": poisoned})

        await self._app(scope, receive, hold)

    def _poison(self, body: bytes) -> bytes:
        lines = []
        for line in body.decode().split("\n"):
            prefix = "data: " if line.startswith("data: {") else ""
            holds_json = prefix or line.startswith("{")
            lines.append(prefix + json.dumps(self._poisoned(json.loads(line[len(prefix) :]))) if holds_json else line)
        return "\n".join(lines).encode()

    def _poisoned(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            found = {key: self._poisoned(inner, key) for key, inner in value.items()}
            if isinstance(found.get("metadata"), dict):
                found["metadata"] = {
                    **found["metadata"],
                    "poison": self._payloads.next(),
                    self._payloads.next(): "x",
                }
            return {**found, "poison": self._payloads.next()} if "object" in value else found
        if isinstance(value, list):
            return [self._poisoned(inner, name) for inner in value]
        poisoned = name in _TEXTS or (self.ids and name not in _WORDS)
        return self._payloads.all() if poisoned and isinstance(value, str) else value
