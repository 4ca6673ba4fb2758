# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schemas among the options of an assistant or a run: of its functions, and of its response format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .rules import Unusable
from .usable import first_unusable


async def find_unusable(options: Mapping[str, Any]) -> tuple[str, Unusable] | None:
    """Find a schema that cannot be used.

    Args:
        options: Has the wire's ``tools`` and ``response_format``; both may be missing, or null.

    Returns:
        The location of the first one, as in ``tools[0].function.parameters``, and its problem. None if all can be used.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, tool in enumerate(options.get("tools") or []):
        if parameters := tool.get("function", {}).get("parameters"):
            found[f"tools[{number}].function.parameters"] = parameters
    response_format = options.get("response_format")
    if isinstance(response_format, dict) and (schema := response_format.get("json_schema", {}).get("schema")):
        found["response_format.json_schema.schema"] = schema
    unusable = await first_unusable(list(found.values()))
    if unusable is None:
        return None
    number, reason = unusable
    return list(found)[number], reason
