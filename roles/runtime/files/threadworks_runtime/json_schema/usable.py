# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the schemas of a request: directly if that is quick, otherwise in another process."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

from .checking import ask
from .rules import Unusable, check_schema

# The limits for schemas that are prepared in this process. This takes up to 20 ms and blocks other requests.
_LIGHT_VALUES = 2000
_LIGHT_PATTERNS = 10_000  # characters, including repetitions in the patterns
_BRACES = re.compile(r"\{[^}]*")
_DIGITS = re.compile(r"\d{1,6}")
# Unicode classes and flags stand for thousands of characters.
_HEAVY = re.compile(r"\\[pP]|\(\?")
_PATTERNS = ("pattern", "patternProperties")
# The time to prepare them doubles, or more, with each reference.
_UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")
_MOST_KNOWN = 4096

# Digests of usable schemas, the oldest first. Each round of a run uses the same schemas again.
_known: dict[bytes, None] = {}


async def first_unusable(schemas: list[dict[str, Any]]) -> tuple[int, Unusable] | None:
    """Find a schema that cannot be used. All schemas together have a few seconds of CPU time.

    Args:
        schemas: The schemas.

    Returns:
        The index of the first one and its problem, or None if all can be used.
    """
    digests = [hashlib.sha256(json.dumps(schema).encode()).digest() for schema in schemas]
    new = [number for number, digest in enumerate(digests) if digest not in _known]
    if not new:
        return None
    unknown = [schemas[number] for number in new]
    if _are_light(unknown):
        found, why = [_verdict(schema) for schema in unknown], ""
    else:
        verdicts, why = await ask("schemas", {"schemas": unknown})
        found = [each and Unusable(each["path"], each["reason"]) for each in verdicts]
    found += [Unusable([], f"it cannot be validated: {why}")] * (len(new) - len(found))
    for number, unusable in zip(new, found, strict=True):
        if unusable is not None:
            return number, unusable
        _known[digests[number]] = None
        if len(_known) > _MOST_KNOWN:
            del _known[next(iter(_known))]
    return None


def _verdict(schema: dict[str, Any]) -> Unusable | None:
    try:
        check_schema(schema)
    except Unusable as unusable:
        return unusable
    return None


def _are_light(schemas: list[dict[str, Any]]) -> bool:
    """Return whether schemas are small and simple enough to be prepared quickly."""
    left: list[Any] = [*schemas]
    values = patterns = 0.0
    while left:
        value = left.pop()
        values += 1
        if isinstance(value, dict):
            if not value.keys().isdisjoint(_UNEVALUATED):
                return False
            for name in _PATTERNS:
                found = value.get(name)
                texts = [found] if isinstance(found, str) else found if isinstance(found, dict) else []
                patterns += sum(map(_weight, texts))
            left += value.values()
        elif isinstance(value, list):
            left += value
        if values + len(left) > _LIGHT_VALUES or patterns > _LIGHT_PATTERNS:
            return False
    return True


def _weight(pattern: str) -> float:
    if _HEAVY.search(pattern) or len(pattern) > _LIGHT_PATTERNS:
        return math.inf
    # Nested repetitions multiply.
    counts = [max(map(int, _DIGITS.findall(braces)), default=1) for braces in _BRACES.findall(pattern)]
    return len(pattern) * math.prod(counts) if len(counts) < 10 else math.inf
