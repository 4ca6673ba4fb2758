# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of a run that another process executes, for a reader that also reads the run from the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from .subscription import StreamEvent

_QUIET = 1.0  # seconds without events after which the store is read, because the runner may have died
_OPEN = ("queued", "in_progress")
_ID = b'data: {"id":"'


class Feed:
    """Events from another process, and which of them the reader has not read from the store yet.

    Deltas are only passed on for messages and steps whose creation has been passed on, so that no text is missing
    or doubled. The reader gets the others when they are complete, from the store.
    """

    def __init__(self) -> None:
        self._events: list[StreamEvent] = []
        self._news = asyncio.Event()
        self._is_live = self._has_gap = False
        self._created: set[str] = set()
        self._next = 0

    def send(self, number: int, events: list[StreamEvent], *, is_complete: bool) -> None:
        """Take events.

        Args:
            number: The number of the message that contained them, from 0.
            events: The events.
            is_complete: Whether all of them were in the message. Otherwise the store has to be read.
        """
        if number != self._next or not is_complete:
            self.lose()
        self._next = number + 1
        self._is_live = True
        self._events += events
        self._news.set()

    def lose(self) -> None:
        """Note that events may be missing."""
        self._has_gap = True
        self._news.set()

    async def until_look(self, seconds: float) -> AsyncIterator[list[StreamEvent]]:
        """Yield events until the store has to be read.

        Args:
            seconds: The time to wait if there is no process that sends events.
        """
        while True:
            try:
                await asyncio.wait_for(self._news.wait(), _QUIET if self._is_live else seconds)
            except asyncio.TimeoutError:
                return
            self._news.clear()
            events, self._events = self._events, []
            if self._has_gap:
                self._has_gap = False
                self._created.clear()
                return
            yield events

    def fresh(self, events: list[StreamEvent], statuses: Mapping[str, str]) -> list[StreamEvent]:
        """Return the events that the reader does not know yet.

        Args:
            events: The events, in order.
            statuses: The statuses of the objects that the reader knows, by id.
        """
        fresh: list[StreamEvent] = []
        seen = dict(statuses)
        for event in events:
            if isinstance(event, bytes):
                if _id(event) in self._created and seen.get(_id(event)) in _OPEN:
                    fresh.append(event)
                continue
            name, data = event
            known, status = seen.get(data["id"]), data["status"]
            if name.endswith(".created"):
                if known is None:
                    self._created.add(data["id"])
                    fresh.append(event)
                continue
            is_second = known is None and data["id"] in self._created
            if is_second or (known != status and (known is None or known in _OPEN)):
                fresh.append(event)
                seen[data["id"]] = status
        return fresh


def _id(delta: bytes) -> str:
    return delta.partition(_ID)[2].partition(b'"')[0].decode()
