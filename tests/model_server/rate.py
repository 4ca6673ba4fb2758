# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rate limit: a budget of requests for each window of time."""

from __future__ import annotations

import math
import threading
import time
from typing import Any


class Rate:
    """Accepts a number of requests in each window, and counts the requests that it refuses.

    Args:
        requests: The number of requests in a window.
        seconds: The duration of a window, from the first request.
        tells: What the answers contain: `budget` (the headers ``x-ratelimit-*``, and ``Retry-After`` with a refusal),
            `retry` (only ``Retry-After``) or `nothing`.
    """

    def __init__(self, requests: int, seconds: float, tells: str = "nothing") -> None:
        self._requests, self._seconds, self._tells = requests, seconds, tells
        self._lock = threading.Lock()
        self._began = 0.0
        self._accepted = 0
        self.refused = 0

    def admit(self) -> tuple[bool, dict[str, str]]:
        """Return whether a request is accepted, and the headers of its answer."""
        with self._lock:
            now = time.monotonic()
            if now >= self._began + self._seconds:
                self._began, self._accepted = now, 0
            is_accepted = self._accepted < self._requests
            self._accepted += is_accepted
            self.refused += not is_accepted
            left, rest = self._requests - self._accepted, self._began + self._seconds - now
        headers = {"Retry-After": str(math.ceil(rest))} if self._tells != "nothing" and not is_accepted else {}
        if self._tells == "budget":
            headers |= {
                "x-ratelimit-limit-requests": str(self._requests),
                "x-ratelimit-remaining-requests": str(left),
                "x-ratelimit-reset-requests": f"{math.ceil(rest * 1000)}ms",
            }
        return is_accepted, headers


def rate_of(options: dict[str, Any] | None) -> Rate | None:
    """Return the rate limit for the arguments of `Rate`, or None."""
    return Rate(**options) if options else None
