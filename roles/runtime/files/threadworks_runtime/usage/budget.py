# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Budgets: when a round may start.

Each round reserves the most that it can use before it starts, and returns the rest when it has ended. A round starts if
what is used and reserved is below the limit. So at any time at most one round can exceed the limit, because all others
fit together. A round without an upper limit, for example with an image, runs alone.

This module reads and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

from ..objects import Budget, Document
from .money import shown

# A play or a run has ended by then.
_LONGEST = timedelta(days=30)


@dataclass(frozen=True)
class Amount:
    """Tokens, and a cost in units of `money`."""

    tokens: int = 0
    cost: int = 0

    def __add__(self, other: Amount) -> Amount:
        """Return the sum."""
        return Amount(self.tokens + other.tokens, self.cost + other.cost)


@dataclass(frozen=True)
class Reservation:
    """What a round can use at most.

    Attributes:
        amount: The amount. Of a round that runs alone, it is an estimate.
        is_alone: Whether there is no upper limit.
    """

    amount: Amount
    is_alone: bool = False


@dataclass(frozen=True)
class Window:
    """A period of a budget.

    Attributes:
        key: Identifies the budget and the period.
        ends_at: The end of the period in Unix seconds. Of a run or a play, the time when it can be forgotten.
        is_free_again: Whether the budget starts again at this time.
    """

    key: str
    ends_at: int
    is_free_again: bool


class Verdict(Enum):
    """Whether a round may start now."""

    START = "start"
    WAIT = "wait"
    EXCEEDED = "exceeded"


class BudgetReached(Exception):
    """A run cannot ask the model again, because a budget is used up.

    Attributes:
        message: The budget, its limit, what is used, and when it is free again.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def window_of(budget: Budget, run_id: str, now: float) -> Window:
    """Return the period of a budget that a round belongs to.

    Args:
        budget: The budget.
        run_id: The run.
        now: The start of the round, in Unix seconds.

    Returns:
        The period. Hours, days and months are those of UTC.
    """
    time = datetime.fromtimestamp(now, timezone.utc)
    start = time.replace(minute=0, second=0, microsecond=0)
    per = budget["per"]
    if per == "hour":
        period, end = f"{start:%Y-%m-%dT%H}", start + timedelta(hours=1)
    elif per == "day":
        period, end = f"{start:%Y-%m-%d}", start.replace(hour=0) + timedelta(days=1)
    elif per == "month":
        first = start.replace(day=1, hour=0)
        period, end = f"{start:%Y-%m}", (first + timedelta(days=32)).replace(day=1)
    else:
        period, end = (run_id if per == "run" else str(budget["play"])), time + _LONGEST
    key = "|".join((budget["scope"], per, period, budget["name"]))
    return Window(key, int(end.timestamp()), per in ("hour", "day", "month"))


def verdict(budget: Budget, used: Amount, others: Iterable[Reservation]) -> Verdict:
    """Decide whether a round may start.

    Args:
        budget: The budget with its limits.
        used: What has been used in the period.
        others: The reservations of the rounds in progress.

    Returns:
        The decision.
    """
    if _is_reached(budget, used):
        return Verdict.EXCEEDED
    total = used
    for other in others:
        if other.is_alone:
            return Verdict.WAIT
        total += other.amount
    return Verdict.WAIT if _is_reached(budget, total) else Verdict.START


def _is_reached(budget: Budget, amount: Amount) -> bool:
    tokens, cost = budget["tokens"], budget["cost"]
    return (tokens is not None and amount.tokens >= tokens) or (cost is not None and amount.cost >= cost)


def shown_limits(tokens: int | None, cost: int | None) -> Document:
    """Return limits, or what is used of them, as clients get them."""
    limits = {"tokens": tokens, "cost": None if cost is None else shown(cost)}
    return {name: value for name, value in limits.items() if value is not None}


def explain(budget: Budget, used: Amount, window: Window) -> str:
    """Return the message for a budget that is used up.

    Args:
        budget: The budget.
        used: What has been used in the period.
        window: The period.

    Returns:
        The budget, its limit, what is used, and when it is free again.
    """
    limits = []
    if budget["tokens"] is not None:
        limits.append(f"{used.tokens} of {budget['tokens']} tokens")
    if budget["cost"] is not None:
        limits.append(f"{shown(used.cost)} of {shown(budget['cost'])} US dollars")
    when = f"{datetime.fromtimestamp(window.ends_at, timezone.utc):%Y-%m-%d %H:%M} UTC"
    again = f"It is free again at {when}." if window.is_free_again else "Increase it, or start a new play."
    if budget["per"] == "run":
        again = "Increase it, or use fewer tool calls."
    return f"The budget {budget['name']} per {budget['per']} is used up: {' and '.join(limits)}. {again}"
