# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options prices and budget."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError
from ansible_collections.threadworks.openai.plugins.module_utils._spending import check_budget, check_prices, with_play


@pytest.mark.parametrize("given", [{"m": {"input": 0.1, "cached": "0.01", "output": 2}}, None])
def test_prices_become_decimal_numbers(given: Any) -> None:
    given = given or '{"m": {"input": 0.1, "cached": 0.01, "output": 2}}'
    assert json.loads(check_prices("prices", given)) == {"m": {"input": "0.1", "cached": "0.01", "output": "2"}}
    # It is checked again on a managed host.
    assert check_prices("prices", check_prices("prices", given)) == check_prices("prices", given)


def test_a_budget_is_checked_twice_with_the_same_result() -> None:
    once = check_budget("budget", {"name": "team", "tokens": "500", "cost": 0.25, "per": "day"})
    assert json.loads(once) == {"name": "team", "tokens": 500, "cost": "0.25", "per": "day"}
    assert check_budget("budget", once) == once


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("x", "prices is a string that is not JSON"),
        ([], "prices must be a dictionary"),
        ({"m": 1}, "prices.m must be a dictionary"),
        ({"m": {"input": 1}}, "prices.m.output is missing"),
        ({"m": {"input": 1, "output": "much"}}, "prices.m.output must be a number"),
        ({"m": {"input": True, "output": 1}}, "prices.m.input must be a number"),
        ({"m": {"input": -1, "output": 1}}, "prices.m.input must not be negative"),
        ({"m": {"input": 1, "output": 1, "batch": 1}}, "prices.m has an unknown key batch"),
    ],
)
def test_wrong_prices_are_refused(given: Any, problem: str) -> None:
    with pytest.raises(TaskError, match=problem.replace(".", r"\.")):
        check_prices("prices", given)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"name": None}, "budget.name must be"),
        ({"name": "a|b"}, "budget.name must be"),
        ({"name": "x" * 65}, "budget.name must be"),
        ({"per": "week"}, "budget.per must be one of run, play, hour, day, month"),
        ({"per": None}, "budget.per must be one of"),
        ({"tokens": None}, "budget has no limit"),
        ({"tokens": 0}, "budget.tokens must be an integer of at least 1"),
        ({"tokens": 1.5}, "budget.tokens must be an integer"),
        ({"tokens": ".nan"}, "budget.tokens must be a number"),
        ({"tokens": "1e999999999"}, "budget.tokens is too large or too small"),
        ({"cost": "1e-999999999"}, "budget.cost is too large or too small"),
        ({"cost": 0}, "budget.cost must be more than 0"),
        ({"limit": 1}, "budget has an unknown key limit"),
    ],
)
def test_wrong_budgets_are_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(TaskError, match=problem.replace(".", r"\.")):
        check_budget("budget", {"name": "team", "tokens": 5, "per": "day", **changed})


def test_only_a_budget_per_play_has_its_id() -> None:
    assert json.loads(with_play({"name": "b", "per": "play"}, "p1"))["play"] == "p1"
    assert json.loads(with_play('{"name": "b", "per": "play"}', "p1"))["play"] == "p1"
    for other in ({"name": "b", "per": "day"}, '{"per": "day"}', "x", 5):
        assert with_play(other, "p1") is other
