# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for conditions, instead of for durations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait_for(condition: Callable[[], Any], seconds: float = 300) -> Any:
    """Call a function until it returns a true value, and return this value.

    Args:
        condition: The function.
        seconds: When to give up. The default is generous, for busy machines.

    Raises:
        AssertionError: The function has not returned a true value in time.
    """
    begun = time.monotonic()
    pause = 0.004  # most conditions become true within milliseconds
    while not (value := condition()):
        waited = time.monotonic() - begun
        assert waited < seconds, "it did not happen in time"
        time.sleep(pause)
        # Each question costs time that the others need: few of them during a long wait.
        pause = min(2 * pause, max(waited / 8, 0.02), 0.1)
    return value
