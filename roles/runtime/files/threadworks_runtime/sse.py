# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-sent events (the format ``text/event-stream``): written for clients, and read from model servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: A comment that is sent if there are no events. All clients skip it.
SIGN_OF_LIFE = b": waiting\n\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIELD = b"data:"


def encode_event(name: str, data: Mapping[str, Any] | str) -> bytes:
    """Return one server-sent event.

    Args:
        name: The event's name.
        data: A JSON object, or a text without line breaks.
    """
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode()


class EventStreamDecoder:
    """Splits the bytes of a stream into the data of its events, in linear time.

    An incomplete event at the end of the stream is dropped, as the format requires.

    Attributes:
        pending: The bytes of the incomplete event.
    """

    def __init__(self) -> None:
        self.pending = bytearray()
        self._searched = 0
        self._ends_with_return = False
        self._is_first = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """Add a chunk of the stream, and return the data of all complete events, without comments."""
        if not chunk:
            return []
        if self._ends_with_return or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        pending, found, start = self.pending, [], 0
        pending += chunk
        if self._is_first and len(pending) >= len(_BYTE_ORDER_MARK):
            self._is_first = False
            if pending.startswith(_BYTE_ORDER_MARK):
                del pending[: len(_BYTE_ORDER_MARK)]
                self._searched = 0
        end = pending.find(b"\n\n", self._searched)
        while end >= 0:
            if data := _data_of(bytes(pending[start:end])):
                found.append(data)
            start = end + 2
            end = pending.find(b"\n\n", start)
        del pending[:start]
        # The first half of an empty line may have been received.
        self._searched = max(len(pending) - 1, 0)
        return found

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """Normalize line ends. A pair of carriage return and line feed can be split between two chunks."""
        if self._ends_with_return:
            chunk = chunk.removeprefix(b"\n")
        self._ends_with_return = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _data_of(event: bytes) -> bytes:
    lines = [line[len(_FIELD) :].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(_FIELD)]
    return lines[0] if len(lines) == 1 else b"\n".join(lines)
