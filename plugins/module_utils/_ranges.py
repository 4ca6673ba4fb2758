# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Which numbers the options can be. A file of its own, because a lookup needs no more of the checks than this.

from __future__ import annotations

import math
import typing as t

from ._errors import TaskError

# The lowest and the highest value of each option.
RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "max_prompt_tokens": (256, math.inf),
    "max_completion_tokens": (256, math.inf),
    "last_messages": (1, math.inf),
    "timeout": (0.001, math.inf),
    "max_retries": (0, math.inf),
    # Below a second it would end between two tasks; above a day nobody remembers it.
    "runtime_idle_timeout": (1, 86400),
    "runtime_concurrent_runs": (1, 10000),
    "wait_timeout": (0.001, math.inf),
}


def check_ranges(params: dict[str, t.Any]) -> None:
    """Check the options that are numbers; others are left alone. Raises: TaskError naming the option and its value."""
    for name, value in params.items():
        if name in RANGES and value is not None:
            check_range(name, value, *RANGES[name])


def check_range(option: str, value: float, low: float, high: float) -> None:
    """Check one number. Raises: TaskError naming the option, its value and what it may be."""
    # Also where it is not a number at all: YAML has `.nan`.
    if not low <= value <= high:
        allowed = f"at least {low}" if high == math.inf else f"between {low} and {high}"
        raise TaskError(f"{option} is {value:g}, but must be {allowed}.")
