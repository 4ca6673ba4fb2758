# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The connection options prices and budget. They can come from any source, so they are checked here. Tasks and lookups
# use connection options as keys, so they become JSON strings.

from __future__ import annotations

import json
import typing as t
from decimal import Decimal, InvalidOperation

from ._errors import TaskError

_PERIODS = ("run", "play", "hour", "day", "month")
_PRICES = ("input", "cached", "output")
_LONGEST_NAME = 64
_MOST_DIGITS = 30


def check_prices(option: str, value: t.Any) -> str:
    """Return prices as JSON, as `{"gpt-6-luna": {"input": "0.1", "cached": "0.01", "output": "0.5"}}`.

    Raises:
        TaskError: They are invalid.
    """
    models = _dictionary(option, value)
    return json.dumps({model: _prices(f"{option}.{model}", prices) for model, prices in models.items()})


def check_budget(option: str, value: t.Any) -> str:
    """Return a budget as JSON.

    Raises:
        TaskError: It is invalid.
    """
    budget = {name: each for name, each in _dictionary(option, value).items() if each is not None}
    if unknown := sorted(budget.keys() - {"name", "tokens", "cost", "per", "play"}):
        raise TaskError(f"{option} has an unknown key {unknown[0]}. Supported keys: name, tokens, cost, per.")
    name = budget.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() or "|" in name:
        raise TaskError(f"{option}.name must be a string of 1 to {_LONGEST_NAME} characters without '|'.")
    if budget.get("per") not in _PERIODS:
        raise TaskError(f"{option}.per must be one of {', '.join(_PERIODS)}.")
    if not budget.keys() & {"tokens", "cost"}:
        raise TaskError(f"{option} has no limit. Set tokens, cost or both.")
    if "tokens" in budget:
        tokens = _number(f"{option}.tokens", budget["tokens"])
        if tokens < 1 or tokens != int(tokens):
            raise TaskError(f"{option}.tokens must be an integer of at least 1.")
        budget["tokens"] = int(tokens)
    if "cost" in budget:
        cost = _number(f"{option}.cost", budget["cost"])
        if cost <= 0:
            raise TaskError(f"{option}.cost must be more than 0.")
        budget["cost"] = format(cost, "f")
    return json.dumps(budget, sort_keys=True)


def with_play(budget: t.Any, play: str) -> t.Any:
    """Return the option budget with the id of the play, if it is a budget per play.

    Args:
        budget: The option, not checked.
        play: The id.
    """
    known = budget
    if isinstance(budget, str):
        try:
            known = json.loads(budget)
        except ValueError:
            return budget
    if isinstance(known, dict) and known.get("per") == "play":
        return json.dumps({**known, "play": play}, default=str)
    return budget


def _dictionary(option: str, value: t.Any) -> dict[str, t.Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise TaskError(f"{option} is a string that is not JSON: {error}. Use YAML or JSON.") from None
    if not isinstance(value, dict):
        raise TaskError(f"{option} must be a dictionary.")
    return {str(name): each for name, each in value.items()}


def _prices(option: str, value: t.Any) -> dict[str, str]:
    prices = {name: each for name, each in _dictionary(option, value).items() if each is not None}
    if unknown := sorted(prices.keys() - set(_PRICES)):
        raise TaskError(f"{option} has an unknown key {unknown[0]}. Supported keys: {', '.join(_PRICES)}.")
    if missing := {"input", "output"} - prices.keys():
        raise TaskError(f"{option}.{min(missing)} is missing. Prices are in US dollars per million tokens.")
    found = {name: _number(f"{option}.{name}", price) for name, price in prices.items()}
    for name, price in found.items():
        if price < 0:
            raise TaskError(f"{option}.{name} must not be negative.")
    return {name: format(price, "f") for name, price in found.items()}


def _number(option: str, value: t.Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("nan")
    if isinstance(value, bool) or not number.is_finite():
        raise TaskError(f"{option} must be a number.")
    # Its digits would fill the memory.
    if abs(number.adjusted()) > _MOST_DIGITS:
        raise TaskError(f"{option} is too large or too small.")
    return number
