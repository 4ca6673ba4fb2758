# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clean JSON of a model server, so that it can be stored, sent and shown. Python accepts more than valid JSON."""

from __future__ import annotations

import math
from typing import Any

from ..json_schema.text import is_deep
from .secrets import Secrets

# The schemas of a request, which servers repeat, have less nesting (see json_schema).
_DEEPEST = 150
_LARGEST_INTEGER = 2**64


def clean(value: Any, secrets: Secrets) -> Any:
    """Remove values that JSON does not support, and secrets.

    Lone surrogates are replaced by question marks. NaN, infinities and integers of more than 64 bits become null.

    Args:
        value: The decoded JSON.
        secrets: The secrets to hide in each text.

    Returns:
        The cleaned value.

    Raises:
        ValueError: It is nested too deeply.
    """
    if is_deep(value, _DEEPEST):
        raise ValueError(f"JSON that is nested more than {_DEEPEST} levels deep")
    return _clean(value, secrets)


def text(value: str, secrets: Secrets) -> str:
    """Return a text without lone surrogates and secrets."""
    return secrets.hide(value if value.isascii() else without_surrogates(value))


def without_surrogates(value: str) -> str:
    """Return a text with lone surrogates, which UTF-8 cannot encode, replaced by question marks."""
    return value.encode("utf-8", "replace").decode()


def _clean(value: Any, secrets: Secrets) -> Any:
    if isinstance(value, str):
        return text(value, secrets)
    if isinstance(value, dict):
        return {text(name, secrets): _clean(inner, secrets) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, secrets) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        return None
    return value
