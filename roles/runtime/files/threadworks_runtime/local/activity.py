# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the runtime is needed: requests in flight, runs, and when there was the last of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from ..resources.context import Context

# Who has just started the runtime, or has asked whether it is alive, is about to send a request.
_EXPECTED = 10.0  # seconds


class Activity:
    """Knows since when the runtime is idle.

    Args:
        context: The application's parts.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._requests = 0
        self._last = time.monotonic()
        self._expected = self._last + _EXPECTED

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Count a request, until its answer has been sent; a stream is one for as long as it lasts."""
        self._requests += 1
        # Only the first one is expected.
        self._expected = 0.0
        try:
            yield
        finally:
            self._requests -= 1
            self._last = time.monotonic()

    def expect(self) -> None:
        """Somebody is about to send a request."""
        self._last = time.monotonic()
        self._expected = self._last + _EXPECTED

    @property
    def busy(self) -> bool:
        """Whether there is work."""
        executor = self._context.executor
        return bool(self._requests or executor.running() or executor.queued())

    def idle_seconds(self) -> float:
        """The seconds without work; to be asked often, since runs do not report their end here."""
        if self.busy:
            self._last = time.monotonic()
        return time.monotonic() - self._last

    def is_over(self) -> bool:
        """Whether there has been no work for long enough."""
        return self.idle_seconds() >= self._context.idle_timeout and time.monotonic() >= self._expected
