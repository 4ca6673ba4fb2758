# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schemas within a request body: whether they can be used takes too long for the model of the body."""

from __future__ import annotations

from typing import Any

from ..json_schema.rules import json_path
from ..json_schema.usable import first_unusable
from ..wire_errors import invalid


async def check_schemas(body: dict[str, Any]) -> None:
    """Check the schemas of an assistant's or a run's tools and response format.

    Args:
        body: The request body, validated.

    Raises:
        ApiError: 400, for the first schema that cannot be used; says where in it and why.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, tool in enumerate(body.get("tools") or []):
        if parameters := tool.get("function", {}).get("parameters"):
            found[f"tools[{number}].function.parameters"] = parameters
    response_format = body.get("response_format")
    if isinstance(response_format, dict) and (schema := response_format.get("json_schema", {}).get("schema")):
        found["response_format.json_schema.schema"] = schema
    unusable = await first_unusable(list(found.values()))
    if unusable is not None:
        number, why = unusable
        raise invalid(list(found)[number] + json_path(why.path)[1:], f"this JSON Schema cannot be used: {why.reason}.")
