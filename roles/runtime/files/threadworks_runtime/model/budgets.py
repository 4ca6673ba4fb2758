# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Budgets of requests and tokens: the own limits per minute, and what a model server says is left."""

from __future__ import annotations

import math
from collections import deque

from .rate_headers import Budget

_MINUTE = 60.0
_LONGEST = 60.0  # seconds to wait at most because of the headers of an answer that was not refused


class Minute:
    """The requests and tokens of the last minute. Times are those of the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._tokens = 0

    def delay(self, requests: int | None, tokens: int | None, needed: int, now: float) -> float:
        """Return the seconds until a request fits into the limits.

        Args:
            requests: The maximum number of requests per minute, or None.
            tokens: The maximum number of tokens per minute, or None.
            needed: The tokens of the request.
            now: The current time.
        """
        while self._entries and self._entries[0].time <= now - _MINUTE:
            self._tokens -= self._entries.popleft().tokens
        end = -math.inf
        if requests is not None and len(self._entries) >= requests:
            end = self._entries[len(self._entries) - requests].time
        if tokens is not None:
            free = tokens - self._tokens
            for entry in self._entries:
                # A request with more tokens than the limit is sent alone.
                if free >= needed:
                    break
                free += entry.tokens
                end = max(end, entry.time)
        return max(end + _MINUTE - now, 0)

    def add(self, tokens: int, now: float) -> Entry:
        """Add a request.

        Args:
            tokens: Its estimated tokens.
            now: The current time.

        Returns:
            The entry for `correct`.
        """
        entry = Entry(now, tokens)
        self._entries.append(entry)
        self._tokens += tokens
        return entry

    def correct(self, entry: Entry, tokens: int, now: float) -> None:
        """Replace the estimated tokens of a request by the tokens that the server has counted."""
        if entry.time > now - _MINUTE:
            self._tokens += tokens - entry.tokens
            entry.tokens = tokens


class Entry:
    """A request.

    Attributes:
        time: When it was started.
        tokens: Its tokens.
    """

    __slots__ = ("time", "tokens")

    def __init__(self, time: float, tokens: int) -> None:
        self.time, self.tokens = time, tokens


class Told:
    """What a server has said about a budget in its latest answer.

    Args:
        is_refilled: Whether the budget is refilled continuously. Otherwise it may be refilled at once.
    """

    def __init__(self, *, is_refilled: bool) -> None:
        self._is_refilled = is_refilled
        self._left = math.inf
        self._limit = math.inf
        self._rate = 0.0
        self._since = self._until = -math.inf
        self._used = self._newest = 0

    @property
    def is_known(self) -> bool:
        """Whether the server has said something about the budget."""
        return self._until > -math.inf

    def delay(self, needed: int, now: float) -> float:
        """Return the seconds until a request fits into the budget.

        Args:
            needed: What the request needs of it.
            now: The current time.
        """
        left = self._left + self._rate * (now - self._since)
        if now >= self._until or left >= needed or needed > self._limit:
            return 0
        whole = self._until - now
        return min((needed - left) / self._rate, whole) if self._rate else whole

    def use(self, needed: int) -> int:
        """Use a part of the budget.

        Args:
            needed: What a request needs.

        Returns:
            A position for `note`: what all requests so far have needed.
        """
        self._left -= needed
        self._used += needed
        return self._used

    def note(self, budget: Budget | None, used: int, now: float) -> None:
        """Take note of an answer. Answers to older requests than the latest known one do not count.

        Args:
            budget: What the server has said, if anything.
            used: The position of the request.
            now: The current time.
        """
        if budget is None or used < self._newest:
            return
        self._newest = used
        # The server may not have counted the later requests yet.
        self._left = budget.left - (self._used - used)
        self._limit = math.inf if budget.limit is None else budget.limit
        self._since, self._until = now, now + min(budget.seconds, _LONGEST)
        is_known = self._is_refilled and budget.limit is not None and budget.seconds > 0
        self._rate = (self._limit - budget.left) / budget.seconds if is_known else 0.0
