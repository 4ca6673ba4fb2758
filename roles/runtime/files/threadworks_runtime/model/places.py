# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The location of run options in the request to the model server."""

from __future__ import annotations

from typing import Any

from ..schemas.passed import PASSED
from .types import Json

# Options with a different name in the request. All others have the same name.
_PLACES = {
    "max_completion_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "reasoning_summary": "reasoning.summary",
    "response_format": "text.format",
    "verbosity": "text.verbosity",
}
_OPTIONS = {**{name: name for name in PASSED}, **{place: name for name, place in _PLACES.items()}}


def put(request: Json, option: str, value: Any) -> None:
    """Set an option in the request. None is omitted."""
    if value is not None:
        *path, last = _PLACES.get(option, option).split(".")
        for name in path:
            request = request.setdefault(name, {})
        request[last] = value


def option_of(param: str, message: str) -> str | None:
    """Return the option that a model server's error is about.

    Args:
        param: The field in the error, or empty.
        message: The message of the error, which may also contain the field.
    """
    for place, option in _OPTIONS.items():
        if param == place or param.startswith(f"{place}.") or (not param and place in message):
            return option
    return None
