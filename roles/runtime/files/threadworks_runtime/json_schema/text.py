# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON that comes from a model: read strictly, since Python accepts more than JSON is."""

from __future__ import annotations

import json
import math
from typing import Any

#: Levels of nesting that a value may have. Every reader of the wire can follow them.
DEEPEST = 100


def read_json(text: str) -> Any:
    """Read a JSON text.

    Args:
        text: What a model wrote.

    Returns:
        The value.

    Raises:
        ValueError: It is not JSON, or is nested too deeply; the message says which, and where.
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
        raise ValueError("it has half of a surrogate pair, which is no character") from None
    return value


def is_deep(value: Any, levels: int) -> bool:
    """Whether a value has more levels of nesting than that.

    Args:
        value: JSON.
        levels: As many are fine.

    Returns:
        It has more.
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
        raise ValueError(f"{digits[:40]} is too large a number")
    return number
