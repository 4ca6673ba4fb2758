# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of an answer: own prices, the price list, and what is unknown."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from decimal import Decimal
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadworks_runtime.model.usage import Reported
from threadworks_runtime.schemas.terms import read_terms
from threadworks_runtime.usage import price_list
from threadworks_runtime.usage import prices as loading
from threadworks_runtime.usage.details import Price, Round, new_details, with_round
from threadworks_runtime.usage.money import DOLLAR, shown, to_units
from threadworks_runtime.usage.price_list import list_date, list_price
from threadworks_runtime.usage.prices import OwnPrices, Pricing

_MILLION = 1_000_000
_OPENAI = "https://api.openai.com/v1"


def _price(
    served: Reported, *, model: str = "gpt-5-mini", url: str | None = None, own: OwnPrices | None = None
) -> Price | None:
    async def ask() -> Price | None:
        pricing = Pricing(model, url, own or {})
        pricing.prepare()
        return await pricing.price(served)

    return asyncio.run(ask())


def _served(model: str | None = None, tier: str | None = "default", **tokens: int | None) -> Reported:
    return Reported(model, tier, **{"input_tokens": _MILLION, "cached_tokens": 0, "output_tokens": 0, **tokens})


def test_a_run_that_is_cancelled_while_it_waits_for_the_list_affects_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    may_import = threading.Event()
    imported = loading._import_now

    def import_late(future: Future[ModuleType | None]) -> None:
        may_import.wait()
        imported(future)

    monkeypatch.setattr(loading, "_imported", None)
    monkeypatch.setattr(loading, "_import_now", import_late)

    async def ask() -> Price | None:
        cancelled = asyncio.create_task(Pricing("gpt-5-mini", None, {}).price(_served()))
        other = asyncio.create_task(Pricing("gpt-5-mini", None, {}).price(_served()))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.wait((cancelled,))
        may_import.set()
        return await other

    assert asyncio.run(ask()) is not None
    assert _price(_served()) is not None


def test_an_error_of_the_price_list_is_an_unknown_price(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise KeyError("tiers")

    monkeypatch.setattr(price_list, "list_price", fail)
    assert _price(_served()) is None


def test_own_prices_are_exact() -> None:
    own = {"m": {"input": "0.1", "cached": "0.0125", "output": "0.7"}}
    served = _served(input_tokens=3, cached_tokens=1, output_tokens=1)
    price = _price(served, model="m", own=own)
    assert price is not None
    assert (shown(price.cost), price.prices_from) == ("0.0000009125", None)
    # As floats, this is 0.30000000000000004.
    details = new_details()
    for _each in range(3):
        details = with_round(details, Round(_served(), 0, None, Price(to_units(Decimal("0.1")), None)), 0.0)
    assert shown(details["cost"] or 0) == "0.3"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"gpt-x": {"input": "1", "output": "0"}}, "1"),
        ({"gpt-x-2026": {"input": "2", "output": "0"}, "gpt-x": {"input": "1", "output": "0"}}, "2"),
        ({"gpt": {"input": "1", "output": "0"}}, None),
    ],
)
def test_own_prices_are_found_by_the_served_and_the_requested_name(own: OwnPrices, expected: str | None) -> None:
    price = _price(_served("gpt-x-2026"), model="gpt-x", url="http://gpu.example:8000/v1", own=own)
    assert (None if price is None else shown(price.cost)) == expected


@pytest.mark.parametrize("url", ["http://127.0.0.1:11434/v1", "http://localhost:8080/v1", "http://[::1]:8000/v1"])
def test_a_model_on_this_machine_is_unknown_unless_its_price_is_set(url: str) -> None:
    assert _price(_served("gpt-5-mini"), url=url) is None
    free = {"gpt-5-mini": {"input": "0", "output": "0"}}
    assert _price(_served(input_tokens=None), url=url, own=free) == Price(0, None)


def test_the_list_has_todays_models() -> None:
    assert list_price(_served(cached_tokens=_MILLION // 2), ["gpt-5-mini"], _OPENAI) == Decimal("0.1375")
    for model in ("gpt-6-luna", "gpt-6-luna-2026-09-22", "gpt-6-sol", "gpt-6-astra"):
        assert list_price(_served(), [model], _OPENAI), model
    price = _price(_served("gpt-5-mini-2025-08-07"))
    assert price == Price(DOLLAR // 4, list_date())
    assert list_date() >= "2026-10-14"


@pytest.mark.parametrize(
    ("served", "url"),
    [
        (_served("no-such-model"), _OPENAI),
        (_served("gpt-5-mini", input_tokens=None), _OPENAI),
        (_served("gpt-5-mini", output_tokens=None), _OPENAI),
        (_served("gpt-5-mini"), "https://gateway.example/v1"),
        (_served("gpt-6-luna", "scale"), _OPENAI),
        (_served("gpt-6-luna", "priority"), "https://name.openai.azure.com/openai/v1"),
    ],
)
def test_what_the_list_does_not_know_is_unknown(served: Reported, url: str) -> None:
    assert list_price(served, [served.model or ""], url) is None
    assert _price(served, model="no-such-model", url=url) is None


def test_numbers_that_contradict_each_other_have_no_price() -> None:
    assert _price(_served("gpt-6-luna", input_tokens=10, cached_tokens=8, cache_write_tokens=8)) is None


def test_a_service_tier_has_its_own_price() -> None:
    standard, flex, priority = (
        list_price(_served(None, tier), ["gpt-6-luna"], _OPENAI) for tier in ("default", "flex", "priority")
    )
    assert standard is not None
    assert (flex, priority) == (standard / 2, standard * 2)


@given(st.integers(0, 2**62))
def test_an_amount_is_shown_exactly(units: int) -> None:
    text = shown(units)
    assert to_units(Decimal(text)) == units
    assert "e" not in text.lower()
    assert "." not in text or not text.endswith("0")


@pytest.mark.parametrize(
    ("prices", "budget", "problem"),
    [
        ("{", "", "--prices: Invalid JSON"),
        ('{"m": {"input": 1}}', "", "--prices: m.output: Field required"),
        ('{"m": {"input": -1, "output": 1}}', "", "--prices: m.input: Input should be greater than or equal to 0"),
        ("", '{"name": "b", "per": "day"}', "a budget needs tokens or cost"),
        ("", '{"name": "b", "per": "play", "tokens": 1}', "a budget per play needs the id of the play"),
        ("", '{"name": "b", "per": "week", "tokens": 1}', "--budget: per: "),
        ("", '{"name": "", "per": "day", "tokens": 1}', "--budget: name: "),
        ("", '{"name": "b", "per": "day", "cost": 0}', "--budget: cost: "),
    ],
)
def test_wrong_settings_are_refused(prices: str, budget: str, problem: str) -> None:
    with pytest.raises(ValueError, match="--") as refused:
        read_terms(prices, budget)
    assert problem in str(refused.value)


def test_settings_are_read() -> None:
    terms = read_terms(
        '{"m": {"input": 0.1, "output": 2}}', '{"name": "team", "tokens": 5, "cost": 0.25, "per": "day"}'
    )
    assert terms == {
        "prices": {"m": {"input": "0.1", "output": "2"}},
        "budgets": [
            {"name": "team", "scope": "server", "per": "day", "play": None, "tokens": 5, "cost": DOLLAR // 4},
        ],
    }
    assert read_terms("", "") == {}
