# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Track the activity of the runtime: requests and runs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from ..resources.context import Context

# A client that has just started or checked the runtime is about to send a request.
_EXPECTED = 10.0  # seconds


class Activity:
    """Tracks since when the runtime is idle.

    Args:
        context: The parts of the application.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._requests = 0
        self._last = time.monotonic()
        self._expected = self._last + _EXPECTED

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """Count a request until its response, which can be a stream, has been sent."""
        self._requests += 1
        # Only the first request was expected.
        self._expected = 0.0
        try:
            yield
        finally:
            self._requests -= 1
            self._last = time.monotonic()

    def expect(self) -> None:
        """Expect a request."""
        self._last = time.monotonic()
        self._expected = self._last + _EXPECTED

    @property
    def busy(self) -> bool:
        """Whether there is work."""
        executor = self._context.executor
        return bool(self._requests or executor.running() or executor.queued())

    def idle_seconds(self) -> float:
        """Return the seconds without work. Must be called often, because runs do not report their end."""
        if self.busy:
            self._last = time.monotonic()
        return time.monotonic() - self._last

    def is_over(self) -> bool:
        """Return whether the idle timeout has expired."""
        return self.idle_seconds() >= self._context.idle_timeout and time.monotonic() >= self._expected
