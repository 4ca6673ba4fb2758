# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader's end of a run's events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from ..lifecycle import WireEvent

_QUIET = 1.0  # seconds without an event, after which the reader gets a sign of life
_MOST = 20_000  # events that wait for a reader


class Subscription:
    """The events of one execution, for one reader.

    The writer never waits for the reader. A reader that is far too slow gets no more events: the store has the rest.
    """

    def __init__(self) -> None:
        self._events: list[WireEvent] = []
        self._closed = False
        self._news = asyncio.Event()

    def send(self, event: WireEvent) -> None:
        """Take an event."""
        if self._closed:
            return
        self._events.append(event)
        self._closed = len(self._events) >= _MOST
        self._news.set()

    def close(self) -> None:
        """There will be no more events."""
        self._closed = True
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[list[WireEvent]]:
        """Yield all events that have come since the last time; none of them: a sign of life.

        The events may end before the run does: then the store has the rest.
        """
        try:
            while not self._closed or self._events:
                try:
                    await asyncio.wait_for(self._news.wait(), _QUIET)
                except asyncio.TimeoutError:
                    yield []
                    continue
                self._news.clear()
                events, self._events = self._events, []
                if events:
                    yield events
        finally:  # the reader may have left
            self._closed, self._events = True, []
