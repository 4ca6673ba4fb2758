# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The headers with which model servers describe their rate limits."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from threadworks_runtime.model.budgets import Told
from threadworks_runtime.model.rate_headers import Budget, budget, duration, retry_after


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("1d", 86400),
        ("12", 12),
        ("0.5", 0.5),
        ("", None),
        ("soon", None),
        ("-1s", None),
        ("nan", None),
        ("1e999", None),
        ("1s2", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert duration(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "1m30s"}, 90),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1e999"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_date_to_wait_for() -> None:
    found = retry_after({"retry-after": formatdate(time.time() + 30, usegmt=True)})
    assert found is not None
    assert 20 < found < 40
    assert retry_after({"retry-after": formatdate(time.time() - 30, usegmt=True)}) == 0


def test_budgets() -> None:
    headers = {"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "2s"}
    assert budget(headers, "requests") == Budget(3, 2, None)
    assert budget({**headers, "x-ratelimit-limit-requests": "60"}, "requests") == Budget(3, 2, 60)
    assert budget(headers, "tokens") is None
    assert budget({**headers, "x-ratelimit-remaining-requests": "many"}, "requests") is None


def test_a_budget_that_is_refilled_is_used_as_soon_as_it_is_large_enough() -> None:
    tokens = Told(is_refilled=True)
    tokens.note(Budget(100, 30, 1000), tokens.use(50), 0)
    assert tokens.delay(100, 0) == 0
    assert tokens.delay(400, 0) == pytest.approx(10)  # 30 tokens per second
    assert tokens.delay(2000, 0) == 0  # it is never large enough, so let the server decide
    tokens.use(100)
    assert tokens.delay(100, 0) == pytest.approx(100 / 30)
    assert tokens.delay(1000, 0) == 30


def test_requests_that_the_server_may_not_have_counted_are_subtracted() -> None:
    requests = Told(is_refilled=False)
    first, second, _third = (requests.use(1) for _number in range(3))
    requests.note(Budget(1, 10, None), second, 0)
    assert requests.delay(1, 4) == 6
    requests.note(Budget(9, 10, None), first, 0)  # older
    assert requests.delay(1, 4) == 6
    assert requests.delay(1, 11) == 0
