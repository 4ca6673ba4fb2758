# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a round may start under a budget, and its periods."""

from __future__ import annotations

import random
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadworks_runtime.objects import Budget
from threadworks_runtime.usage.budget import Amount, Reservation, Verdict, explain, shown_limits, verdict, window_of
from threadworks_runtime.usage.money import DOLLAR

_TIMES = st.integers(0, 2**33)


def _budget(per: str = "day", tokens: int | None = 100, cost: int | None = None) -> Budget:
    return {"name": "team", "scope": "client", "per": per, "play": "p1", "tokens": tokens, "cost": cost}


@given(
    limit=st.integers(1, 500),
    rounds=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50), st.booleans()), min_size=1, max_size=60),
    seed=st.integers(0, 2**32),
)
def test_in_any_order_at_most_one_round_exceeds_the_limit(
    limit: int, rounds: list[tuple[int, int, bool]], seed: int
) -> None:
    """Each round has the most that it can use, what it saves, and whether it has no upper limit.

    Rounds start whenever they may, and end in any order. A round without an upper limit uses more than its estimate.
    """
    chance = random.Random(seed)
    budget = _budget(tokens=limit)
    waiting, used, largest = list(rounds), 0, 0
    running: list[tuple[Reservation, int]] = []
    while waiting or running:
        others = [reservation for reservation, _actual in running]
        decided = verdict(budget, Amount(used), others)
        if waiting and decided == Verdict.START and chance.random() < 0.8:
            most, saved, is_alone = waiting.pop()
            actual = most * 3 if is_alone else max(most - saved, 0)
            running.append((Reservation(Amount(most), is_alone), actual))
            largest = max(largest, actual)
        elif running:
            _reservation, actual = running.pop(chance.randrange(len(running)))
            used += actual
        elif decided == Verdict.EXCEEDED:
            break
        else:
            # Nothing is in progress, so nothing can make a round wait.
            assert decided == Verdict.START
    assert used < limit + max(largest, 1)
    if waiting:
        assert used >= limit


@pytest.mark.parametrize(
    ("used", "others", "expected"),
    [
        (Amount(), [], Verdict.START),
        (Amount(99), [], Verdict.START),
        (Amount(100), [], Verdict.EXCEEDED),
        (Amount(50), [Reservation(Amount(49))], Verdict.START),
        (Amount(50), [Reservation(Amount(50))], Verdict.WAIT),
        (Amount(), [Reservation(Amount(), is_alone=True)], Verdict.WAIT),
        (Amount(0, 5), [], Verdict.EXCEEDED),
        (Amount(0, 4), [Reservation(Amount(0, 1))], Verdict.WAIT),
    ],
)
def test_tokens_and_cost_are_both_limits(used: Amount, others: list[Reservation], expected: Verdict) -> None:
    assert verdict(_budget(cost=5), used, others) == expected


@given(now=_TIMES, per=st.sampled_from(["hour", "day", "month"]))
def test_periods_follow_one_another(now: int, per: str) -> None:
    window = window_of(_budget(per), "run_1", now)
    assert now < window.ends_at
    assert window_of(_budget(per), "run_2", window.ends_at - 1) == window
    following = window_of(_budget(per), "run_1", window.ends_at)
    assert following.key != window.key
    assert following.ends_at > window.ends_at
    assert datetime.fromtimestamp(window.ends_at, timezone.utc).minute == 0


def test_runs_and_plays_have_their_own_periods() -> None:
    assert window_of(_budget("run"), "run_1", 0).key == "client|run|run_1|team"
    assert window_of(_budget("play"), "run_1", 0).key == "client|play|p1|team"
    assert window_of(_budget("month"), "run_1", 1795716000).key == "client|month|2026-11|team"
    assert window_of({**_budget("month"), "scope": "server"}, "run_1", 1795716000).key != "client|month|2026-11|team"


def test_the_message_has_limit_use_and_time() -> None:
    now = datetime(2026, 11, 26, 18, 30, tzinfo=timezone.utc).timestamp()
    budget = _budget("day", 100, 2 * DOLLAR)
    assert explain(budget, Amount(120, DOLLAR // 2), window_of(budget, "run_1", now)) == (
        "The budget team per day is used up: 120 of 100 tokens and 0.5 of 2 US dollars. It is free again at 2026-11-27 "
        "00:00 UTC."
    )


@pytest.mark.parametrize(
    ("per", "again"),
    [
        ("run", "Increase it, or use fewer tool calls."),
        ("play", "Increase it, or start a new play."),
        ("hour", "It is free again at 2026-11-26 19:00 UTC."),
        ("month", "It is free again at 2026-12-01 00:00 UTC."),
    ],
)
def test_the_message_has_what_helps(per: str, again: str) -> None:
    now = datetime(2026, 11, 26, 18, 30, tzinfo=timezone.utc).timestamp()
    budget = _budget(per, 100)
    message = explain(budget, Amount(100, 1), window_of(budget, "run_1", now))
    assert message == f"The budget team per {per} is used up: 100 of 100 tokens. {again}"
    money = {**budget, "tokens": None, "cost": DOLLAR}
    assert explain(money, Amount(100, DOLLAR), window_of(budget, "run_1", now)).endswith(
        f": 1 of 1 US dollars. {again}"
    )


def test_limits_that_are_not_set_are_not_shown() -> None:
    assert shown_limits(None, None) == {}
    assert shown_limits(5, None) == {"tokens": 5}
    assert shown_limits(None, DOLLAR // 4) == {"cost": "0.25"}


def test_an_empty_budget_and_the_sum_of_amounts() -> None:
    assert verdict(_budget(tokens=None), Amount(5, 5), []) == Verdict.START
    assert Amount(1, 20) + Amount(3, 50) == Amount(4, 70)


def test_nothing_is_used_at_first() -> None:
    assert Amount() == Amount(0, 0)
    assert verdict(_budget(tokens=1, cost=1), Amount(), []) == Verdict.START


@pytest.mark.parametrize("per", ["run", "play"])
def test_runs_and_plays_are_not_forgotten_before_they_end(per: str) -> None:
    window = window_of(_budget(per), "run_1", 1795716000)
    assert not window.is_free_again
    assert window.ends_at > 1795716000 + 7 * 24 * 3600
