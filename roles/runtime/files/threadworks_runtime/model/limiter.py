# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of requests to a model server. All runs of the process that use the same server and key share it."""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import itertools
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from ..settings import ModelOptions
from .budgets import Entry, Minute, Told
from .pace import Pace
from .rate_headers import budget, retry_after

# Opening a connection takes several turns of the event loop. If a thousand connections were opened at the same time,
# all of them would take longer than the timeout.
_CONNECTING = 16
_AVERAGED = 8  # answers, for the usual length of an answer


class Outlasted(Exception):
    """The server accepts no request before the run expires.

    Attributes:
        seconds: The seconds until the server accepts requests.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Waiting(NamedTuple):
    """How a run waits.

    Attributes:
        until: When the run expires, on the monotonic clock.
        report: Called when the run starts to wait for its turn, and when it no longer waits.
    """

    until: float = math.inf
    report: Callable[[bool], object] = bool


class _Stage(Enum):
    OUTSIDE = auto()
    WAITING = auto()
    CONNECTING = auto()
    UNANSWERED = auto()
    ANSWERED = auto()


@dataclass(eq=False)
class Turn:
    """A request of a run and its repetitions.

    Attributes:
        number: Its place in the order.
        limits: The limits of the run.
        tokens: The estimated tokens.
        waiting: How the run waits.
        stage: Where the request is.
        granted: Set when the request may be sent.
        started: When it was sent, on the monotonic clock.
        used: The positions of the request in what the server has said about its budgets.
        entry: The request in the last minute.
    """

    number: int
    limits: ModelOptions
    tokens: int
    waiting: Waiting
    stage: _Stage = _Stage.OUTSIDE
    granted: asyncio.Future[None] | None = None
    started: float = 0.0
    used: tuple[int, int] = (0, 0)
    entry: Entry = field(default_factory=lambda: Entry(-math.inf, 0))


class Limiter:
    """Starts requests in order, within the limits of the run, of the server, and of its latest answers."""

    def __init__(self) -> None:
        self._waiting: list[Turn] = []
        self._stages: Counter[_Stage] = Counter()
        self._numbers = itertools.count()
        self._pace = Pace()
        self._minute = Minute()
        self._requests = Told(is_refilled=False)
        self._tokens = Told(is_refilled=True)
        self._answer = 0.0  # the usual number of tokens of an answer
        self._timer: asyncio.TimerHandle | None = None

    @contextlib.contextmanager
    def turn(self, limits: ModelOptions, estimate: Callable[[], int], waiting: Waiting | None = None) -> Iterator[Turn]:
        """Take part in the order. At the end of the context, the request has ended or is no longer wanted.

        Args:
            limits: The limits of the run.
            estimate: Estimates the tokens of the prompt.
            waiting: How the run waits.
        """
        is_counted = limits.tokens_per_minute is not None or self._tokens.is_known
        tokens = estimate() + int(self._answer) if is_counted else 0
        turn = Turn(next(self._numbers), limits, tokens, waiting or Waiting())
        try:
            yield turn
        finally:
            if turn.stage is _Stage.WAITING:
                self._waiting.remove(turn)
            self._move(turn, _Stage.OUTSIDE)
            self._fill()

    async def start(self, turn: Turn) -> None:
        """Wait until the request may be sent. A repeated request keeps its place in the order.

        Raises:
            Outlasted: The server accepts no request before the run expires.
        """
        turn.granted = asyncio.get_running_loop().create_future()
        self._move(turn, _Stage.WAITING)
        self._pace.shorten(turn.waiting.until, time.monotonic())
        bisect.insort(self._waiting, turn, key=lambda turn: turn.number)
        self._end_outlasted()
        self._fill()
        if turn.granted.done():
            return turn.granted.result()
        turn.waiting.report(True)
        try:
            return await turn.granted
        finally:
            turn.waiting.report(False)

    def connected(self, turn: Turn) -> None:
        """Take note that the request has a connection."""
        if turn.stage is _Stage.CONNECTING:
            self._move(turn, _Stage.UNANSWERED)
            self._fill()

    def answered(self, turn: Turn, headers: Mapping[str, str]) -> None:
        """Take note of an answer that is not a refusal.

        Args:
            turn: The request.
            headers: The headers of the answer.
        """
        now = time.monotonic()
        self._move(turn, _Stage.ANSWERED)
        self._pace.answered(turn.started, now)
        self._note(turn, headers, now)
        self._fill()

    def refused(self, turn: Turn, headers: Mapping[str, str]) -> bool:
        """Take note that the server has refused the request with the status 429.

        Args:
            turn: The request.
            headers: The headers of the answer.

        Returns:
            Whether `start` can repeat the request before the run expires.
        """
        now = time.monotonic()
        self._move(turn, _Stage.OUTSIDE)
        self._pace.refuse(turn.started, retry_after(headers), now)
        self._note(turn, headers, now)
        self._end_outlasted()
        self._fill()
        return self._pace.resume <= turn.waiting.until

    def count(self, turn: Turn, prompt: int, answer: int) -> None:
        """Correct the estimated tokens.

        Args:
            turn: The request.
            prompt: The tokens of the request, as the server has counted them.
            answer: The tokens of the answer.
        """
        self._answer += (answer - self._answer) / _AVERAGED
        self._minute.correct(turn.entry, prompt + answer, time.monotonic())

    def _move(self, turn: Turn, stage: _Stage) -> None:
        self._stages[turn.stage] -= 1
        self._stages[stage] += 1
        turn.stage = stage

    def _fill(self) -> None:
        """Start the next requests, and set the timer for the one after them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        while self._waiting:
            turn = self._waiting[0]
            delay = self._delay(turn, now)
            if delay > 0:
                if delay != math.inf:
                    self._timer = asyncio.get_running_loop().call_later(delay, self._fill)
                return
            self._begin(turn, now)

    def _delay(self, turn: Turn, now: float) -> float:
        """Return the seconds until the next request can start, or infinity if something must end first."""
        connecting, limits = self._stages[_Stage.CONNECTING], turn.limits
        unanswered = connecting + self._stages[_Stage.UNANSWERED]
        active = unanswered + self._stages[_Stage.ANSWERED]
        if connecting >= _CONNECTING or active >= (limits.concurrent_requests or math.inf):
            return math.inf
        return max(
            self._pace.delay(unanswered, now),
            self._minute.delay(limits.requests_per_minute, limits.tokens_per_minute, turn.tokens, now),
            self._requests.delay(1, now),
            self._tokens.delay(turn.tokens, now),
        )

    def _begin(self, turn: Turn, now: float) -> None:
        del self._waiting[0]
        if turn.granted is None or turn.granted.done():  # the run was cancelled
            self._move(turn, _Stage.OUTSIDE)
            return
        self._move(turn, _Stage.CONNECTING)
        turn.granted.set_result(None)
        turn.started = now
        self._pace.start()
        turn.entry = self._minute.add(turn.tokens, now)
        turn.used = self._requests.use(1), self._tokens.use(turn.tokens)

    def _end_outlasted(self) -> None:
        """Remove the requests whose runs expire before the end of the pause."""
        now, resume = time.monotonic(), self._pace.resume
        if now >= resume:
            return
        for turn in [turn for turn in self._waiting if turn.waiting.until < resume]:
            self._waiting.remove(turn)
            self._move(turn, _Stage.OUTSIDE)
            if turn.granted is not None and not turn.granted.done():
                turn.granted.set_exception(Outlasted(resume - now))

    def _note(self, turn: Turn, headers: Mapping[str, str], now: float) -> None:
        requests, tokens = turn.used
        self._requests.note(budget(headers, "requests"), requests, now)
        self._tokens.note(budget(headers, "tokens"), tokens, now)
