# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tokens that an answer has used, as a model server counts them."""

from __future__ import annotations

from typing import Any

from ..objects import Usage
from .types import Json

# The largest integer that all JSON decoders support.
_MOST = 2**53


def tokens(value: Any) -> int | None:
    """Return a number of tokens, or None if the value is not a number of tokens."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def read_usage(response: Json) -> Usage | None:
    """Return the usage of a response in the format of the Assistants API.

    Args:
        response: The raw response.

    Returns:
        None if the server does not report it or reports invalid numbers.
    """
    usage = response.get("usage")
    if not isinstance(usage, dict) or not usage:
        return None
    counted = {name: tokens(usage.get(name) or 0) for name in ("input_tokens", "output_tokens", "total_tokens")}
    prompt, completion, total = counted.values()
    if prompt is None or completion is None or total is None:
        return None
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total or prompt + completion}
