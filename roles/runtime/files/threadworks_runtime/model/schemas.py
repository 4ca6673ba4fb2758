# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions and JSON Schemas of a request: an assistant of an older runtime may have some that cannot be used."""

from __future__ import annotations

from ..json_schema.usable import first_unusable
from .errors import ModelError
from .events import Json


async def check_schemas(settings: Json) -> None:
    """Check that calls of a request's functions, and its answer, can be checked.

    Args:
        settings: The request without its input.

    Raises:
        ModelError: A schema cannot be used, or two functions have the same name.
    """
    found: dict[str, Json] = {}
    for tool in settings.get("tools", []):
        if tool["type"] == "function":
            place = f"the parameters of function {tool['name']}"
            if place in found:
                raise ModelError("invalid_prompt", f"Two functions have the name {tool['name']}. Rename one of them.")
            found[place] = tool["parameters"]
    schema = settings.get("text", {}).get("format", {}).get("schema")
    if schema is not None:
        found["response_format.json_schema.schema"] = schema
    unusable = await first_unusable(list(found.values()))
    if unusable is not None:
        number, why = unusable
        raise ModelError("invalid_prompt", f"The JSON Schema in {list(found)[number]} cannot be used: {why}.")
