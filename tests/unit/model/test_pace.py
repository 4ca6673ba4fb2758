# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to learn the limit of a server that only refuses requests, in simulated time."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable

import pytest
from threadworks_runtime.model import pace
from threadworks_runtime.model.pace import Pace

_DELAY = 0.01  # seconds from a request to its refusal


def _window(requests: int, seconds: float) -> Callable[[float], bool]:
    """Return a server that accepts a number of requests in each window, which starts with a request."""
    began, accepted = -math.inf, 0

    def accepts(now: float) -> bool:
        nonlocal began, accepted
        if now >= began + seconds:
            began, accepted = now, 0
        accepted += 1
        return accepted <= requests

    return accepts


def _send(runs: int, accepts: Callable[[float], bool], duration: float = 0.0) -> list[float]:
    """Send the requests of runs that start at the same time until all are answered, and return the times of all."""
    paced, now, waiting, unanswered = Pace(), 0.0, runs, 0
    times: list[float] = []
    arriving: list[tuple[float, int, float, bool]] = []
    numbers = itertools.count()
    while waiting or arriving:
        delay = paced.delay(unanswered, now) if waiting else math.inf
        if delay <= 0:
            paced.start()
            times.append(now)
            waiting, unanswered = waiting - 1, unanswered + 1
            is_accepted = accepts(now)
            heapq.heappush(arriving, (now + _DELAY + duration * is_accepted, next(numbers), now, is_accepted))
        elif arriving and arriving[0][0] <= now + delay:
            now, _number, started, is_accepted = heapq.heappop(arriving)
            unanswered -= 1
            if is_accepted:
                paced.answered(started, now)
            else:
                waiting += 1
                paced.refuse(started, None, now)
        else:
            now += delay
    return times


@pytest.fixture(autouse=True)
def _longest_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace.random, "uniform", lambda _least, most: most)


@pytest.mark.parametrize("duration", [0.0, 1.0])
@pytest.mark.parametrize(("requests", "seconds"), [(25, 3.0), (50, 4.0), (10, 1.0)])
def test_few_requests_are_refused_until_the_limit_is_known(requests: int, seconds: float, duration: float) -> None:
    assert len(_send(100, _window(requests, seconds), duration)) <= 120


def test_a_later_pause_ends_when_the_server_accepts_requests_again() -> None:
    # At most eight and two requests are refused in the first window, and one in each of the others.
    assert len(_send(100, _window(25, 3.0))) <= 100 + 10 + 3


def test_all_runs_start_soon_if_the_server_refuses_none() -> None:
    assert _send(1000, lambda _now: True, duration=5.0)[-1] <= 1.5
