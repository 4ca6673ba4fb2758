# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model server says about its rate limits: ``Retry-After`` and ``x-ratelimit-*``."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Mapping
from typing import NamedTuple

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"(?:[0-9]{1,9}(?:\.[0-9]{0,9})?)"
_PART = re.compile(f"({_NUMBER})({'|'.join(_UNITS)})")
_DURATION = re.compile(f"(?:{_NUMBER}(?:{'|'.join(_UNITS)}))+")
_SECONDS = re.compile(f" *({_NUMBER}) *")
_COUNT = re.compile(r" *([0-9]{1,15}) *")


class Budget(NamedTuple):
    """What a server still accepts.

    Attributes:
        left: The number of requests or tokens.
        seconds: The seconds until the whole budget is available again.
        limit: The whole budget, or None if it is unknown.
    """

    left: int
    seconds: float
    limit: int | None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until a refused request can be repeated, or None if the server does not say it.

    Without ``Retry-After``, this is when an exhausted budget is available again.

    Args:
        headers: The headers of the answer, with names in lower case.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "")
        if found := _SECONDS.fullmatch(value):
            return float(found[1]) * unit
        if (seconds := duration(value)) is not None:
            return seconds
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        return max(date.timestamp() - time.time(), 0.0)
    except (TypeError, ValueError, OverflowError, IndexError):
        budgets = (budget(headers, kind) for kind in ("requests", "tokens"))
        return max((each.seconds for each in budgets if each and not each.left), default=None)


def budget(headers: Mapping[str, str], kind: str) -> Budget | None:
    """Return what the server still accepts, or None if it does not say it completely.

    Args:
        headers: The headers of the answer, with names in lower case.
        kind: ``requests`` or ``tokens``.
    """
    left = _count(headers.get(f"x-ratelimit-remaining-{kind}"))
    seconds = duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
    if left is None or seconds is None:
        return None
    return Budget(left, seconds, _count(headers.get(f"x-ratelimit-limit-{kind}")))


def duration(text: str) -> float | None:
    """Return a duration such as ``6m0s`` or ``20ms`` in seconds. A number without a unit is in seconds.

    Args:
        text: The value of a header.

    Returns:
        The seconds, or None if it is not a duration.
    """
    text = text.strip()
    if found := _SECONDS.fullmatch(text):
        return float(found[1])
    if not _DURATION.fullmatch(text):
        return None
    return math.fsum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def _count(text: str | None) -> int | None:
    found = _COUNT.fullmatch(text or "")
    return int(found[1]) if found else None
