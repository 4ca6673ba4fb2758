# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Parse JSON that a model has written. Only values that Ansible can process are accepted.

from __future__ import annotations

import json
import math
import typing as t

# The maximum nesting, because Ansible processes results recursively.
_DEEPEST = 100
TOO_DEEP = f"nested more than {_DEEPEST} levels deep"


class TooDeep(ValueError):
    """The JSON is valid, but has too many levels."""


def parse(text: str) -> t.Any:
    """Parse a text.

    Args:
        text: The text.

    Raises:
        TooDeep: It has too many levels.
        ValueError: It is not JSON, or has a number that is too large.
    """
    try:
        parsed = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise TooDeep(TOO_DEEP) from None
    if _is_deep(parsed):
        raise TooDeep(TOO_DEEP)
    return parsed


def _is_deep(value: t.Any) -> bool:
    level = [value]
    for _level in range(_DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        # ansible-core before 2.19 cannot template it: a result that contains it becomes a string.
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
