# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read JSON from a model strictly, because Python accepts more than valid JSON."""

from __future__ import annotations

import json
import math
from typing import Any

#: The maximum nesting of a value. All clients support it.
DEEPEST = 100


def read_json(text: str) -> Any:
    """Read a JSON text.

    Args:
        text: The text of a model.

    Returns:
        The value.

    Raises:
        ValueError: It is not JSON, or is nested too deeply. The message contains the reason and the location.
    """
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise _too_deep() from None
    if is_deep(value, DEEPEST):
        raise _too_deep()
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it contains a lone surrogate, which is not a valid character") from None
    return value


def is_deep(value: Any, levels: int) -> bool:
    """Return whether a value is nested too deeply.

    Args:
        value: JSON.
        levels: The maximum nesting.

    Returns:
        True if it is nested more deeply.
    """
    level = [value]
    for _level in range(levels + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:40]} is too large")
    return number
