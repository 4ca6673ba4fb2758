# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a model server's answer as raw events of the Responses API, without secrets and invalid values."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from ..sse import EventStreamDecoder
from .cleaning import clean, without_surrogates
from .errors import ModelError, from_body
from .secrets import Secrets
from .types import Json
from .wording import page

if TYPE_CHECKING:
    import httpx2

    from .failures import Failures

#: The events that carry a piece of a text, and the kind of item that the text belongs to.
DELTAS = {
    "response.output_text.delta": "message",
    "response.refusal.delta": "message",
    "response.function_call_arguments.delta": "function_call",
    "response.code_interpreter_call_code.delta": "code_interpreter_call",
}
#: The event for an answer that is not a stream.
WHOLE = "response.whole"
_DONE = b"[DONE]"
_DRAIN_SECONDS = 0.2
# The fields that distinguish a response from other JSON objects.
_RESPONSE = {"status", "output", "error"}


async def read_events(
    response: httpx2.Response, secrets: Secrets, failures: Failures
) -> AsyncGenerator[list[Json], None]:
    """Read an answer to its end, and close it.

    A plain JSON answer is read as a single event, the last one of a stream.

    Args:
        response: The answer with an unread body.
        secrets: The secrets to hide in each text. In the deltas it is not, since a secret may be split between them.
        failures: Creates the errors.

    Yields:
        The events that were received together.

    Raises:
        ModelError: The answer cannot be read, or reports an error.
        httpx2.HTTPError: The answer was interrupted, or the server was silent for too long.
        RecursionError: It is nested too deeply.
        ValueError: It is not JSON.
    """
    reader, body = _Reader(secrets, failures), response.aiter_raw()
    try:
        if "text/event-stream" in response.headers.get("content-type", ""):
            stream = _stream(body, response.stream, reader)
            async with contextlib.aclosing(stream):
                async for events in stream:
                    yield events
            await _drain(body)
        else:
            yield [reader.only_event(b"".join([chunk async for chunk in body]))]
    except GeneratorExit:
        await _drain(body)
        raise
    finally:
        await response.aclose()


async def _stream(body: AsyncIterator[bytes], meter: Any, reader: _Reader) -> AsyncGenerator[list[Json], None]:
    decoder = EventStreamDecoder()
    async for chunk in body:
        events: list[Json] = []
        failure: Exception | None = None
        for data in decoder.feed(chunk):
            if data.startswith(_DONE):
                reader.is_done = True
                break
            try:
                events.append(reader.event(data))
            except (ModelError, ValueError, RecursionError) as error:
                failure = error  # raised below, after the events that were received before it
                break
        if events:
            meter.next_event(len(decoder.pending))
            yield events
        if failure is not None:
            raise failure
        if reader.is_done:
            return


class _Reader:
    """Reads the events of one answer."""

    def __init__(self, secrets: Secrets, failures: Failures) -> None:
        self.is_done = False
        self._secrets = secrets
        self._failures = failures
        self._item_ids: tuple[object, str | None] = (None, None)

    def event(self, data: bytes) -> Json:
        """Return an event of a stream."""
        event = _decoded(data)
        if not isinstance(event, dict):
            raise self._failures.unreadable("an event that is not a JSON object")
        if error := event.get("error"):
            raise from_body(clean(error, self._secrets), place=self._failures.place)
        kind, delta, number = event.get("type"), event.get("delta"), event.get("sequence_number")
        if isinstance(kind, str) and kind in DELTAS and isinstance(delta, str):
            return {
                "type": kind,
                "sequence_number": number if isinstance(number, int) else None,
                "item_id": self._item_id(event.get("item_id")),
                "delta": delta if delta.isascii() else without_surrogates(delta),
            }
        cleaned: Json = clean(event, self._secrets)
        return cleaned

    def only_event(self, raw: bytes) -> Json:
        """Return the event for a plain JSON answer."""
        if not raw.strip():
            raise self._failures.unreadable("an empty answer")
        if title := page(raw.decode(errors="replace")):
            raise self._failures.unreadable(f"{self._secrets.hide(title)} instead of JSON")
        response = json.loads(raw.decode("utf-8-sig"))
        if not isinstance(response, dict) or not response.keys() & _RESPONSE:
            raise self._failures.unreadable("JSON that is not a response")
        cleaned: Json = clean(response, self._secrets)
        return {"type": WHOLE, "response": cleaned}

    def _item_id(self, id: object) -> str | None:
        """Return the id of an item as in the event that announced it."""
        known, cleaned = self._item_ids
        if id != known:
            cleaned = clean(id, self._secrets) if isinstance(id, str) else None
            self._item_ids = id, cleaned
        return cleaned


def _decoded(data: bytes) -> Any:
    """Decode JSON. If the fast decoder refuses it, for example because of a lone surrogate, try the other one."""
    try:
        return from_json(data)
    except ValueError:
        return json.loads(data.decode())


async def _drain(body: AsyncIterator[bytes]) -> None:
    """Read the rest of the answer, because a connection can only be reused after that."""

    async def read() -> None:
        async for _chunk in body:
            pass

    with contextlib.suppress(Exception):
        await asyncio.wait_for(read(), _DRAIN_SECONDS)
