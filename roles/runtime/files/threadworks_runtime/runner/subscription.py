# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pass the events of a run from the pool to a reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from ..lifecycle import WireEvent

_QUIET = 1.0  # seconds without an event after which the reader gets an empty list
_LARGEST = 16 * 1024 * 1024  # maximum number of bytes that wait for a reader
_DOCUMENT = 1024  # the assumed size of a document in bytes

#: The event, an addition to the wire, that has the number of deltas in place of the deltas.
PROGRESS = "thread.run.progress"
#: An event that can still be changed for its reader, or an encoded event.
StreamEvent = WireEvent | bytes


class DeltaEvent(bytes):
    """The encoded event of a delta, which some readers do not get."""


class Subscription:
    """The events of one execution, for one reader.

    The writer never waits for the reader. A reader that is too slow gets no more events, and reads the rest from the
    store.

    Args:
        has_deltas: Whether the reader gets each delta. Otherwise it gets their number, now and then.

    Attributes:
        is_closed: Whether no more events are accepted.
        is_waiting: Whether the run waits until the model server accepts its request.
    """

    def __init__(self, *, has_deltas: bool = True) -> None:
        self.is_closed = self.is_waiting = False
        self.has_deltas = has_deltas
        self._deltas = 0
        self._reported = (0, False)
        self._events: list[StreamEvent] = []
        self._size = 0
        self._news = asyncio.Event()

    def send(self, event: StreamEvent) -> None:
        """Take an event."""
        if self.is_closed:
            return
        self._events.append(event)
        self._size += len(event) if isinstance(event, bytes) else _DOCUMENT
        self.is_closed = self._size >= _LARGEST
        self._news.set()

    def count_delta(self) -> None:
        """Take note of a delta that the reader does not get."""
        self._deltas += 1

    def close(self) -> None:
        """End the events."""
        self.is_closed = True
        self._news.set()

    async def __aiter__(self) -> AsyncGenerator[list[StreamEvent], None]:
        """Yield the new events, or an empty list if there are none for some time.

        The events may end before the run does. The rest is then in the store.
        """
        try:
            while not self.is_closed or self._events:
                try:
                    await asyncio.wait_for(self._news.wait(), _QUIET)
                except asyncio.TimeoutError:
                    yield self._progress()
                    continue
                self._news.clear()
                events, self._events, self._size = self._events, [], 0
                if events:
                    yield events
        finally:  # the reader may have disconnected
            self.is_closed, self._events = True, []

    def _progress(self) -> list[StreamEvent]:
        progress = (self._deltas, self.is_waiting)
        if self.has_deltas or progress == self._reported:
            return []
        self._reported = progress
        return [(PROGRESS, {"object": PROGRESS, "deltas": self._deltas, "waiting": self.is_waiting})]
