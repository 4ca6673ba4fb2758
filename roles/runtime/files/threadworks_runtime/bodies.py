# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request bodies: read completely or refused, with limits on the memory and time that they need."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from falcon.asgi import Request, Response
from pydantic_core import from_json

from .wire_errors import ApiError, unavailable

# A value of two bytes takes a hundred bytes of memory, and several microseconds in which other clients must wait.
_MOST_VALUES = 250_000
_MOST_DIGITS = 100  # parsing time grows with the square of the length
# 1e999 is read as infinity. With so many digits at most, a number needs an exponent of three digits for that.
_MAYBE_INFINITE = re.compile(rb"[0-9][eE]\+?[0-9]{3}")
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_AT_ONCE = 4  # the limit for all bodies together, relative to the limit of one body
LONG_BODY = "threadworks.long_body"
"""Set in the scope of a request whose body is forwarded while it is received."""
_BROKEN_OFF = "threadworks.broken_off"
_RECEIVE = "threadworks.receive"
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Bodies:
    """Middleware that lets a resource read the body of its request with ``req.context.bodies.read(req)``.

    Args:
        limit: The maximum size of a body in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    async def process_request(self, req: Request, resp: Response) -> None:
        """Make the body available to the request."""
        req.context.bodies, req.context.held = self, 0

    async def process_response(self, req: Request, resp: Response, resource: object, succeeded: bool) -> None:
        """Release the body."""
        self._held -= req.context.held

    async def read(self, req: Request) -> Any:
        """Read a body. An empty body is an empty object, with any content type.

        Args:
            req: The request.

        Returns:
            The decoded JSON.

        Raises:
            ApiError: 400, 413, 415 or 503.
        """
        raw = await self._read(req)
        if not raw:
            return {}
        if (req.content_type or "").partition(";")[0].strip().lower() != "application/json":
            shown = req.content_type or "none"
            raise ApiError(
                415,
                f"Unsupported content type: '{shown}'. This API accepts 'application/json'.",
                code="unsupported_content_type",
            )
        return decode(raw)

    async def pieces(self, req: Request, limit: int, *, is_long: bool = True) -> AsyncIterator[bytes]:
        """Yield a body in pieces without storing it.

        Args:
            req: The request.
            limit: The maximum size of the body in bytes.
            is_long: Whether there is no time limit as long as data arrives.

        Yields:
            The next piece.

        Raises:
            ApiError: 413 if the body is too large, 400 if it is incomplete.
        """
        req.scope[LONG_BODY] = is_long
        async for piece in _pieces(req, limit):
            yield piece

    async def _read(self, req: Request) -> bytearray:
        raw = bytearray()
        async for piece in _pieces(req, self._limit):
            raw += piece
            req.context.held += len(piece)
            self._held += len(piece)
            if self._held > _AT_ONCE * self._limit:
                message = "The runtime is processing too many large requests. Try again later."
                raise unavailable(message, "too_busy")
        return raw


def decode(raw: bytes | bytearray, most_values: int = _MOST_VALUES) -> Any:
    """Decode a JSON text that a client has sent.

    Args:
        raw: The text.
        most_values: The maximum number of values.

    Returns:
        The value.

    Raises:
        ApiError: 400 if it is not JSON, 413 if it has too many values.
    """
    _check_cost(raw, most_values)
    try:
        value = from_json(raw, allow_inf_nan=False)
        if _MAYBE_INFINITE.search(raw):
            json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise ApiError(400, f"The body of your request is not valid JSON: {error}.", code="invalid_json") from None
    return value


async def _pieces(req: Request, limit: int) -> AsyncIterator[bytes]:
    length, read = req.content_length or 0, 0
    if length > limit:
        raise _too_large(f"{limit} bytes")
    async for piece in req.stream:
        read += len(piece)
        if read > limit:
            raise _too_large(f"{limit} bytes")
        yield piece
    if req.scope.get(_BROKEN_OFF) or read < length:
        raise ApiError(
            400, f"The body of your request is incomplete: it ended after {read} bytes.", code="incomplete_body"
        )


def watch_body(scope: dict[str, Any], receive: _Receive) -> _Receive:
    """Record in the request's scope if the client disconnects before the end of the body.

    falcon treats this as the end of the body.

    `client_left` also needs the events.

    Args:
        scope: The request.
        receive: Its events.

    Returns:
        The same events.
    """
    ended = False

    async def watched() -> MutableMapping[str, Any]:
        nonlocal ended
        event = await receive()
        if event["type"] == "http.disconnect":
            scope[_BROKEN_OFF] = not ended
        else:
            ended = not event.get("more_body", False)
        return event

    scope[_RECEIVE] = watched
    return watched


async def client_left(req: Request) -> None:
    """Wait until the client has closed the connection. The body of the request must have been read.

    Args:
        req: The request.
    """
    while (await req.scope[_RECEIVE]())["type"] != "http.disconnect":
        pass


def _check_cost(raw: bytes | bytearray, most_values: int) -> None:
    """Check the cost of a JSON text without decoding it.

    Raises:
        ApiError: 413 if it has too many values, 400 if a number has too many digits.
    """
    if _beginnings(raw) <= most_values and not _has_long_number(raw):
        return
    # They may be in strings. Each value has at most two strings: its key and itself.
    unescaped = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    too_many = unescaped.count(b'"') > 4 * most_values
    bare = b"" if too_many else b'"'.join(unescaped.split(b'"')[::2])
    if too_many or _beginnings(bare) > most_values:
        raise ApiError(413, f"The body is too large: at most {most_values} values are accepted.", code="body_too_large")
    if _has_long_number(bare):
        message = f"The body contains a number that is too long: at most {_MOST_DIGITS} digits are accepted."
        raise ApiError(400, message, code="invalid_json")


def _too_large(most: str) -> ApiError:
    return ApiError(413, f"The body is too large: at most {most} are accepted.", code="body_too_large")


def _beginnings(text: bytes | bytearray) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def _has_long_number(text: bytes | bytearray) -> bool:
    return b"0" * (_MOST_DIGITS + 1) in text.translate(_ZEROS)
