# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a round reserves of its budgets before it starts, and how long it waits for the rounds of others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from threadworks_runtime.model import ModelError
from threadworks_runtime.model.types import ResponseRequest
from threadworks_runtime.model.usage import Reported
from threadworks_runtime.objects import Budget
from threadworks_runtime.runner import admission
from threadworks_runtime.runner.admission import Admission
from threadworks_runtime.store.budgets import Decision
from threadworks_runtime.usage.budget import Amount, BudgetReached, Reservation, Verdict
from threadworks_runtime.usage.details import Price
from threadworks_runtime.usage.money import LARGEST

START, WAIT, EXCEEDED = (Decision(each, f"{each.value}!") for each in Verdict)
BODY: dict[str, Any] = {"model": "m", "input": [{"role": "user", "content": "Hi"}], "max_output_tokens": 100}
SIZE = len(json.dumps(BODY))


def _budget(**limits: int) -> Budget:
    return {"name": "team", "scope": "client", "per": "day", "play": "", "tokens": None, "cost": None, **limits}  # type: ignore[typeddict-item]


class _Prices:
    """Prices that differ by tier, and for tokens that are written to the cache."""

    def __init__(self, factor: int | None = 1) -> None:
        self._factor = factor

    async def price(self, served: Reported) -> Price | None:
        if self._factor is None or served.input_tokens is None or served.output_tokens is None:
            return None
        assert (served.model, served.cached_tokens, served.reasoning_tokens) == (None, 0, 0)
        written = 3 * (served.cache_write_tokens or 0)
        tokens = served.input_tokens + written + 5 * served.output_tokens
        return Price(self._factor * tokens * (2 if served.service_tier == "priority" else 1), None)


class _Round:
    """A round whose budgets decide as the test says.

    Attributes:
        reserved: What it has tried to reserve.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, reserving: list[Decision], looking: Sequence[Decision]) -> None:
        self.reserved: list[Reservation] = []
        self.pauses: list[float] = []
        self.looks = list(looking)

        def reserve(_connection: object, _run: object, own: Reservation) -> Decision:
            self.reserved.append(own)
            return reserving.pop(0)

        async def sleep(seconds: float) -> None:
            self.pauses.append(seconds)

        monkeypatch.setattr(admission.budgets, "reserve", reserve)
        monkeypatch.setattr(admission.budgets, "look", lambda _connection, _run: self.looks.pop(0))
        monkeypatch.setattr(admission.asyncio, "sleep", sleep)

    def wait(
        self, budgets: list[Budget], body: dict[str, Any], prices: _Prices | None = None, *, attempts: int = 1
    ) -> None:
        async def call(work: Any, *arguments: object) -> Any:
            return work(None, *arguments)

        async def write(work: Any) -> None:
            for _attempt in range(attempts):
                await call(work, None)

        ledger = SimpleNamespace(write=write)
        run = SimpleNamespace(private={"terms": {"budgets": budgets}})
        admitted = Admission(cast(Any, SimpleNamespace(read=call)), cast(Any, ledger), cast(Any, prices or _Prices()))
        asyncio.run(admitted.wait(cast(Any, run), cast(ResponseRequest, body)))


def test_a_run_without_budgets_reserves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    round_ = _Round(monkeypatch, [], [])
    round_.wait([], BODY)
    assert round_.reserved == []


@pytest.mark.parametrize(
    ("tools", "is_alone"), [([], False), ([{"type": "function"}], False), ([{"type": "web_search"}], True)]
)
def test_it_reserves_the_bytes_of_the_request_and_the_longest_answer(
    monkeypatch: pytest.MonkeyPatch, tools: list[dict[str, Any]], is_alone: bool
) -> None:
    round_, body = _Round(monkeypatch, [START], []), {**BODY, "tools": tools}
    round_.wait([_budget(tokens=9)], body)
    assert round_.reserved == [Reservation(Amount(len(json.dumps(body)) + 100, 0), is_alone)]


@pytest.mark.parametrize("kind", ["input_image", "input_file"])
def test_a_round_without_an_upper_limit_runs_alone(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    bodies = [
        {**BODY, "input": [{"role": "user", "content": [{"type": "input_text"}, {"type": kind}]}]},
        {name: value for name, value in BODY.items() if name != "max_output_tokens"},
    ]
    for body in bodies:
        round_ = _Round(monkeypatch, [START], [])
        round_.wait([_budget(tokens=9)], body)
        (own,) = round_.reserved
        assert own.is_alone
        assert own.amount.tokens > len(json.dumps(body))


def test_text_has_an_upper_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [{"role": "user", "content": [{"type": "input_text"}]}, {"type": "function_call_output", "output": "x"}]
    round_ = _Round(monkeypatch, [START], [])
    round_.wait([_budget(tokens=9)], {**BODY, "input": items})
    assert not round_.reserved[0].is_alone


def test_it_reserves_the_highest_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the highest tier, if all tokens of the prompt are written to the cache."""
    round_ = _Round(monkeypatch, [START], [])
    round_.wait([_budget(tokens=9), _budget(cost=9)], BODY)
    assert round_.reserved == [Reservation(Amount(SIZE + 100, 2 * (SIZE + 3 * SIZE + 5 * 100)))]


def test_the_highest_cost_fits_into_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    round_ = _Round(monkeypatch, [START], [])
    round_.wait([_budget(cost=9)], BODY, _Prices(LARGEST))
    assert round_.reserved[0].amount.cost == LARGEST


def test_the_price_must_be_known_if_the_cost_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    round_ = _Round(monkeypatch, [START], [])
    with pytest.raises(ModelError, match="The budget team limits the cost, but the price of the model is unknown"):
        round_.wait([_budget(cost=9)], BODY, _Prices(None))
    round_.wait([_budget(tokens=9)], BODY, _Prices(None))


def test_it_waits_until_others_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It only writes if it may start. Another round may be faster."""
    round_ = _Round(monkeypatch, [WAIT, WAIT, START], [WAIT, START, WAIT, START])
    round_.wait([_budget(tokens=9)], BODY)
    assert (len(round_.reserved), round_.looks) == (3, [])


def test_it_looks_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    round_ = _Round(monkeypatch, [WAIT, START], [WAIT] * 20 + [START])
    round_.wait([_budget(tokens=9)], BODY)
    first, *others = round_.pauses
    assert 0 < first <= 0.1
    assert others == sorted(others)
    assert first < others[0] < others[-1] == others[-2] <= 1


@pytest.mark.parametrize(
    ("reserving", "looking"), [([EXCEEDED], []), ([WAIT], [EXCEEDED]), ([WAIT, EXCEEDED], [WAIT, START])]
)
def test_a_budget_that_is_used_up_ends_it(
    monkeypatch: pytest.MonkeyPatch, reserving: list[Decision], looking: list[Decision]
) -> None:
    round_ = _Round(monkeypatch, reserving, looking)
    with pytest.raises(BudgetReached) as reached:
        round_.wait([_budget(tokens=9)], BODY)
    assert reached.value.message == "exceeded!"
    assert (reserving, round_.looks) == ([], [])


def test_a_transaction_that_is_repeated_decides_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database has rolled back its first attempt."""
    round_ = _Round(monkeypatch, [START, EXCEEDED], [])
    with pytest.raises(BudgetReached):
        round_.wait([_budget(tokens=9)], BODY, attempts=2)
