# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer has used, as a model server reports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..objects import Usage
from .types import Json

# The largest integer that all JSON decoders support.
_MOST = 10**10  # tokens. No answer has as many, and the database can add millions of them.
_LONGEST_NAME = 256  # characters


@dataclass(frozen=True)
class Reported:
    """What a response reports about itself. A value is None if the server does not report it.

    Attributes:
        model: The model that answered.
        service_tier: The service tier of the answer.
        input_tokens: The tokens of the prompt.
        cached_tokens: Those of them that were read from the server's cache.
        cache_write_tokens: Those of them that were written to the server's cache.
        output_tokens: The tokens of the answer.
        reasoning_tokens: Those of them that were used for reasoning.
    """

    model: str | None = None
    service_tier: str | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


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


def read_reported(response: Json) -> Reported:
    """Return what a response reports about itself.

    Args:
        response: The raw response.

    Returns:
        The values. Invalid values count as not reported.
    """
    usage = read_usage(response)
    counted: Json = response["usage"] if usage else {}
    return Reported(
        model=_name(response.get("model")),
        service_tier=_name(response.get("service_tier")),
        input_tokens=usage["prompt_tokens"] if usage else None,
        cached_tokens=_detail(counted, "input_tokens", "cached_tokens"),
        cache_write_tokens=_detail(counted, "input_tokens", "cache_write_tokens"),
        output_tokens=usage["completion_tokens"] if usage else None,
        reasoning_tokens=_detail(counted, "output_tokens", "reasoning_tokens"),
    )


def _name(value: Any) -> str | None:
    return value[:_LONGEST_NAME] if isinstance(value, str) and value else None


def _detail(usage: Json, whole: str, part: str) -> int | None:
    details = usage.get(f"{whole}_details")
    count = tokens(details.get(part)) if isinstance(details, dict) else None
    # A part that is larger than the whole is a mistake of the server.
    return None if count is None else min(count, tokens(usage.get(whole)) or 0)
