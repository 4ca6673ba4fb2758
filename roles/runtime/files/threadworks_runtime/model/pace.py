# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests a model server gets at the same time, as learned from its answers.

A server that says nothing about its limits only shows them by refusing requests with the status 429. Each refused
request is wasted, so few requests are sent until the first answers arrive, and again after a refusal.
"""

from __future__ import annotations

import math
import random

# A burst starts with this number of requests at the same time. As long as more requests wait, it grows after each step
# of time. It does not grow with the answers: a fast server would get too many before it refuses the first one. It grows
# faster without answers: servers refuse a request immediately, but take time to answer it.
_FIRST = 8
_STEP = 0.2  # seconds
_GROWTH, _SILENT_GROWTH = math.sqrt(2), 2.0
# Seconds to wait if the server does not say how long: 1, 2, 4 and so on.
_LONGEST_PAUSE = 60.0
# Seconds to wait at least if the server refuses the request again after the time that it asked for: 0.1, 0.2 and so on.
_SHORTEST_PAUSE = 0.05
# Seconds after which a run asks the server again, although it would expire before the end of the pause. The limits may
# have been changed.
_ASK_AGAIN = 10.0
_FORGOTTEN = 60.0  # seconds without a refusal after which the server is treated like a new one


class Pace:
    """The number of requests that may wait for an answer. Times are those of the monotonic clock, in seconds.

    A refusal pauses all requests. Then one request is sent, two, four and so on, until three quarters of the requests
    have been started that the server accepted before the refusal. Further requests are sent one by one, and slowly
    more when the server has accepted as many as before. The next pause ends as long after the first accepted request
    as the previous one.

    Attributes:
        resume: The end of the pause.
    """

    def __init__(self) -> None:
        self.resume = -math.inf
        self._paused = -math.inf
        self._refused = 0  # pauses since the last answer
        self._window = float(_FIRST)
        self._widened = 0.0
        self._heard = -math.inf
        self._careful = 1.0
        self._started = self._answered = 0
        self._since = -math.inf
        self._known: int | None = None
        self._accepted = 0  # requests before the latest refusal
        self._began = -math.inf  # when the first request after the pause was started that the server accepted
        self._period = 0.0  # seconds from one such request to the next one

    def delay(self, unanswered: int, now: float) -> float:
        """Return the seconds until the next request, or infinity if an answer must arrive first.

        Args:
            unanswered: The number of requests that wait for an answer.
            now: The current time.
        """
        if now < self.resume:
            return self.resume - now
        if self._is_recovering(now):
            is_known = self._known is not None and self._started >= self._known
            return 0 if unanswered < int(self._careful if is_known else self._window) else math.inf
        if not unanswered:
            self._window, self._widened = float(_FIRST), now
        elif now >= self._widened + _STEP:
            self._window *= _GROWTH if self._heard >= self._widened else _SILENT_GROWTH
            self._widened = now
        return 0 if unanswered < self._window else self._widened + _STEP - now

    def shorten(self, until: float, now: float) -> None:
        """End a pause that a new run cannot wait for, unless it has just started.

        Args:
            until: When the run expires.
            now: The current time.
        """
        if until < self.resume and now >= self._paused + _ASK_AGAIN:
            self.resume = now

    def start(self) -> None:
        """Take note of a started request."""
        self._started += 1

    def answered(self, started: float, now: float) -> None:
        """Take note of an answer.

        Args:
            started: When its request was started.
            now: The current time.
        """
        if self._refused and started > self._paused:
            self._period, self._began = started - self._began, started
        self._refused = 0
        self._heard = now
        if not self._is_recovering(now):
            if now > self._since + _FORGOTTEN:
                self._since, self._answered = now, 0
            self._answered += 1
        elif started <= self._paused:
            # The server accepted it before the refusal.
            self._known, self._accepted = (self._known or 0) + 1, self._accepted + 1
        else:
            self._answered += 1
            self._window += 1
            if self._answered > self._accepted:
                self._careful += 1 / self._careful

    def refuse(self, started: float, asked: float | None, now: float) -> None:
        """Take note of a refused request, and start a pause.

        Args:
            started: When the request was started.
            asked: The seconds that the server asks to wait, or None.
            now: The current time.
        """
        if started <= self._paused:
            # It was sent before the pause.
            self.resume = max(self.resume, now + (asked or 0))
            return
        if not self._is_recovering(now):
            self._known, self._began, self._period = None, now, 0.0
        self._refused += 1
        if self._answered:
            # Slowly before the limit, which may lie in the middle of two windows of the server.
            self._known, self._accepted = max(self._answered * 3 // 4, 1), self._answered
        self._started = self._answered = 0
        self._window = self._careful = 1.0
        self._paused, self.resume = now, now + _pause(asked, self._refused)
        if asked is None and self._refused == 1:
            self.resume = max(self.resume, self._began + self._period)

    def _is_recovering(self, now: float) -> bool:
        return now < self.resume + _FORGOTTEN


def _pause(asked: float | None, times: int) -> float:
    """Return the seconds to wait after this number of refusals without an answer."""
    doubled = 2.0 ** min(times - 1, 16)
    if asked is not None:
        return max(asked, min(_SHORTEST_PAUSE * doubled, _LONGEST_PAUSE) if times > 1 else 0)
    # Several processes should not repeat their requests at the same time.
    return min(doubled, _LONGEST_PAUSE) * random.uniform(0.75, 1)  # noqa: S311
