# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a run as payloads of PostgreSQL's NOTIFY, which are limited to 8000 bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..runner.subscription import StreamEvent
from ..sse import encode_event

_LARGEST = 7900  # bytes
_TOO_LARGE = b"event: look\ndata: {}\n\n"
_PIECE = 1000  # characters of a text, each of which takes up to 6 bytes


class Payload(NamedTuple):
    """A decoded payload.

    Args:
        run_id: The run.
        number: The number of the payload, from 0.
        events: The events.
        is_complete: Whether no event was too large for a payload.
    """

    run_id: str
    number: int
    events: list[StreamEvent]
    is_complete: bool


def encode(run_id: str, number: int, events: Sequence[StreamEvent]) -> Iterator[str]:
    """Yield the payloads for events.

    Args:
        run_id: The run.
        number: The number of the first payload.
        events: The events, in order.
    """
    room = _LARGEST - len(run_id) - 20
    waiting: list[bytes] = []
    for frame in _frames(events, room):
        if sum(map(len, waiting)) + len(frame) > room:
            yield _payload(run_id, number, waiting)
            number, waiting = number + 1, []
        waiting.append(frame)
    if waiting:
        yield _payload(run_id, number, waiting)


def decode(payload: str) -> Payload:
    """Return the events of a payload."""
    head, _line, body = payload.partition("\n")
    run_id, number = head.split(" ")
    events: list[StreamEvent] = []
    is_complete = True
    for frame in body.split("\n\n")[:-1]:
        name, _line, data = frame.removeprefix("event: ").partition("\ndata: ")
        if name == "look":
            is_complete = False
        elif name.endswith(".delta"):
            events.append(f"{frame}\n\n".encode())
        else:
            events.append((name, json.loads(data)))
    return Payload(run_id, int(number), events, is_complete)


def _frames(events: Sequence[StreamEvent], room: int) -> Iterator[bytes]:
    for event in events:
        frame = event if isinstance(event, bytes) else encode_event(*event)
        if len(frame) <= room:
            yield frame
        elif isinstance(event, bytes):
            yield from _pieces(event, room)
        else:
            yield _TOO_LARGE


def _pieces(delta: bytes, room: int) -> Iterator[bytes]:
    """Split the delta of a text."""
    name, _line, data = delta.decode().removeprefix("event: ").strip().partition("\ndata: ")
    content = json.loads(data)
    (part,) = content["delta"].get("content") or [{}]
    text = part.get("text", {}).get("value")
    if text is None:
        yield _TOO_LARGE
        return
    for start in range(0, len(text), _PIECE):
        piece = {**part, "text": {"value": text[start : start + _PIECE]}}
        yield encode_event(name, {**content, "delta": {"content": [piece]}})


def _payload(run_id: str, number: int, frames: list[bytes]) -> str:
    return f"{run_id} {number}\n{b''.join(frames).decode()}"
