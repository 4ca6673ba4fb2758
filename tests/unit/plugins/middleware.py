# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""ASGI middleware that removes features of the runtime, so that it behaves like other servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ansible_collections.threadworks.openai.tests.world import App, Json

Around = Callable[[App], App]


async def body_of(receive: Any) -> bytes:
    """Read the body of a request."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def again(body: bytes, receive: Any) -> Any:
    """Return a receive function that returns this body, and then the messages after the body."""
    left = [{"type": "http.request", "body": body}]

    async def receive_body() -> Any:
        return left.pop() if left else await receive()

    return receive_body


def is_request(scope: Json, method: str, path: str) -> bool:
    """Return whether this is a request with this method and path."""
    return scope["type"] == "http" and (scope["method"], scope["path"]) == (method, path)


def answering(status: int, kind: str, body: bytes) -> Around:
    """A server that gives the same answer to all requests."""

    def around(app: App) -> App:
        async def call(scope: Json, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            await body_of(receive)
            await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})
            await send({"type": "http.response.body", "body": body})

        return call

    return around


def without_streams(app: App) -> App:
    """A server without streaming."""

    async def call(scope: Json, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            body = await body_of(receive)
            if b'"stream"' in body:
                fields = {name: value for name, value in json.loads(body).items() if name != "stream"}
                body = json.dumps(fields).encode()
            headers = [header for header in scope["headers"] if header[0] != b"content-length"]
            scope = {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
            receive = again(body, receive)
        await app(scope, receive, send)

    return call


def with_header(name: str, value: str | None) -> Around:
    """A server with a different header in its answers."""

    def around(app: App) -> App:
        async def call(scope: Json, receive: Any, send: Any) -> None:
            async def changed(message: Json) -> None:
                if message["type"] == "http.response.start":
                    kept = [header for header in message["headers"] if header[0].lower() != name.encode()]
                    added = [(name.encode(), value.encode())] if value else []
                    message = {**message, "headers": [*kept, *added]}
                await send(message)

            await app(scope, receive, changed)

        return call

    return around


def without_lists_of_threads(app: App) -> App:
    """A server without the list of threads, which is an addition of the runtime."""
    error = b'{"error": {"message": "Invalid URL (GET /v1/threads)", "type": "invalid_request_error"}}'
    refusing = answering(404, "application/json", error)(app)

    async def call(scope: Json, receive: Any, send: Any) -> None:
        await (refusing if is_request(scope, "GET", "/v1/threads") else app)(scope, receive, send)

    return call


def without_lists_of_runs(app: App) -> App:
    """A server without the list of the runs of all threads, which is an addition of the runtime."""
    error = b'{"error": {"message": "Invalid URL (GET /v1/runs)", "type": "invalid_request_error"}}'
    refusing = answering(404, "application/json", error)(app)

    async def call(scope: Json, receive: Any, send: Any) -> None:
        await (refusing if is_request(scope, "GET", "/v1/runs") else app)(scope, receive, send)

    return call


def without_runs_by_id(error: bytes) -> Around:
    """A server without runs by their id alone, which are an addition of the runtime."""

    def around(app: App) -> App:
        refusing = answering(404, "application/json", error)(app)

        async def call(scope: Json, receive: Any, send: Any) -> None:
            is_run = scope["type"] == "http" and scope["path"].startswith("/v1/runs/")
            await (refusing if is_run else app)(scope, receive, send)

        return call

    return around


def without_messages_in_lists(app: App) -> App:
    """A server without `include[]` on the list of runs, which is an addition of the runtime."""
    refusing = answering(400, "application/json", b'{"error": {"message": "Unknown parameter: \'include[]\'."}}')(app)

    async def call(scope: Json, receive: Any, send: Any) -> None:
        await (refusing if b"include" in scope.get("query_string", b"") else app)(scope, receive, send)

    return call


def with_a_rival(app: App) -> App:
    """A server without idempotency keys, to which another client has just sent the same request."""
    rivals = iter([True])

    async def unseen(message: Json) -> None:
        """Discard the answer to the other client."""

    async def call(scope: Json, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [each for each in scope["headers"] if each[0] != b"idempotency-key"]}
            if scope["method"] == "POST" and scope["path"].endswith("/runs") and next(rivals, False):
                body = await body_of(receive)
                await without_streams(app)(scope, again(body, receive), unseen)
                receive = again(body, receive)
        await app(scope, receive, send)

    return call
