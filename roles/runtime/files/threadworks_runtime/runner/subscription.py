# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a run's events from the pool to the one who reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from ..lifecycle import WireEvent

_QUIET = 1.0  # seconds without an event, after which the reader gets a sign of life
_LARGEST = 16 * 1024 * 1024  # bytes that wait for a reader
_DOCUMENT = 1024  # bytes for which a document is counted

#: An event that may still be changed for its reader, or one that is complete.
StreamEvent = WireEvent | bytes


class Subscription:
    """The events of one execution, for one reader.

    The writer never waits for the reader. A reader that is far too slow gets no more events: the store has the rest.

    Attributes:
        is_closed: Whether no more events are taken.
    """

    def __init__(self) -> None:
        self.is_closed = False
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

    def close(self) -> None:
        """There will be no more events."""
        self.is_closed = True
        self._news.set()

    async def __aiter__(self) -> AsyncGenerator[list[StreamEvent], None]:
        """Yield all events that have come since the last time; none of them: a sign of life.

        The events may end before the run does: then the store has the rest.
        """
        try:
            while not self.is_closed or self._events:
                try:
                    await asyncio.wait_for(self._news.wait(), _QUIET)
                except asyncio.TimeoutError:
                    yield []
                    continue
                self._news.clear()
                events, self._events, self._size = self._events, [], 0
                if events:
                    yield events
        finally:  # the reader may have left
            self.is_closed, self._events = True, []
