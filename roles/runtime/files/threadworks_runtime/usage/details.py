# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run has used, counted round by round. A value that a model server does not report is unknown, not 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from ..model.usage import Reported
from ..objects import Document, RunDetails
from ..records import RunRecord
from . import money

_TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
_SHOWN = (
    "model",
    "service_tier",
    *_TOKENS,
    "rounds",
    "tool_calls",
    "seconds",
    "seconds_to_first_token",
)
_DECIMALS = 3  # of a second


@dataclass(frozen=True)
class Price:
    """The cost of a round.

    Attributes:
        cost: The cost in units of `money`.
        prices_from: The date of the price list, or None if the user has set the prices.
    """

    cost: int
    prices_from: str | None


@dataclass(frozen=True)
class Round:
    """What a round has used.

    Attributes:
        served: What the model server reports.
        tool_calls: The number of tool calls in the answer.
        first: The seconds from the start of the round to the first part of its answer.
        price: The cost, or None if it is unknown.
        shutdown_date: The date on which the model will be shut down, or None if it is unknown.
    """

    served: Reported
    tool_calls: int
    first: float | None = None
    price: Price | None = None
    shutdown_date: str | None = None


def new_details() -> RunDetails:
    """Return the details of a run that has not started."""
    return {
        "model": None,
        "service_tier": None,
        "input_tokens": 0,
        "cached_tokens": 0,
        "output_tokens": 0,
        "reasoning_tokens": 0,
        "rounds": 0,
        "tool_calls": 0,
        "seconds": None,
        "seconds_to_first_token": None,
        "cost": 0,
        "prices_from": None,
        "started": None,
        "latest": (0, 0),
    }


def with_round(details: RunDetails, latest: Round, now: float) -> RunDetails:
    """Add a round.

    Args:
        details: What the run has used before.
        latest: The round.
        now: The wall clock.

    Returns:
        The sum.
    """
    served, price = latest.served, latest.price
    is_first = details["rounds"] == 0
    added: Document = {
        "model": served.model or details["model"],
        "service_tier": served.service_tier or details["service_tier"],
        **{name: _sum(details[name], getattr(served, name)) for name in _TOKENS},  # type: ignore[literal-required]
        "rounds": details["rounds"] + 1,
        "tool_calls": details["tool_calls"] + latest.tool_calls,
        "seconds_to_first_token": latest.first if is_first else details["seconds_to_first_token"],
        "cost": _sum(details["cost"], price.cost if price else None),
        "prices_from": (price and price.prices_from) or details["prices_from"],
        "latest": (_sum(served.input_tokens, served.output_tokens), price.cost if price else None),
    }
    if latest.shutdown_date:
        added["shutdown_date"] = latest.shutdown_date
    return ended(cast("RunDetails", {**details, **added}), now)


def with_cut_round(details: RunDetails) -> RunDetails:
    """Add a round that was cut off in its answer. Nobody reports what it has used.

    Args:
        details: What the run has used before.

    Returns:
        The sum.
    """
    unknown = dict.fromkeys((*_TOKENS, "cost"))
    return cast("RunDetails", {**details, **unknown, "rounds": details["rounds"] + 1, "latest": (None, None)})


def started(details: RunDetails, now: float) -> RunDetails:
    """Start a round. The first one starts the clock of the run.

    Args:
        details: What the run has used before.
        now: The wall clock.

    Returns:
        The changed details.
    """
    return {**details, "started": now if details["started"] is None else details["started"], "latest": (0, 0)}


def ended(details: RunDetails, now: float) -> RunDetails:
    """Stop the clock of a run.

    Args:
        details: What the run has used before.
        now: The wall clock.

    Returns:
        The changed details.
    """
    if details["started"] is None:
        return details
    return {**details, "seconds": round(max(now - details["started"], 0.0), _DECIMALS)}


def spent_latest(run: RunRecord) -> tuple[int | None, int | None] | None:
    """Return the tokens and the cost of the latest round of a run. A value is None if it is unknown.

    Args:
        run: The run.
    """
    details = run.private.get("details")
    if details is None:
        return None
    tokens, cost = details["latest"]
    return tokens, cost


def shown_details(run: RunRecord) -> Document:
    """Return the details of a run as clients get them.

    Args:
        run: The run. Of a run of an older version, only the tokens of its usage are known.
    """
    details = run.private.get("details")
    if details is None:
        usage = run.document["usage"]
        known: Document = (
            {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]} if usage else {}
        )
        return {**dict.fromkeys((*_SHOWN, "cost")), **known}
    document = cast(Document, details)
    shown = {**{name: document[name] for name in _SHOWN}, "cost": _cost(details)}
    if "shutdown_date" in details:
        shown["shutdown_date"] = details["shutdown_date"]
    return shown


def _cost(details: RunDetails) -> Document | None:
    if details["cost"] is None:
        return None
    return {"amount": money.shown(details["cost"]), "prices_from": details["prices_from"]}


def _sum(before: int | None, added: int | None) -> int | None:
    return None if before is None or added is None else before + added
