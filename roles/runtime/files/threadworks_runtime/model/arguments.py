# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the arguments of function calls against the schemas of the functions."""

from __future__ import annotations

from typing import Any

from ..json_schema.checking import problems
from ..json_schema.text import read_json
from .errors import not_understood
from .tools import NO_PARAMETERS
from .types import ResponseRequest, ToolCall


async def find_problems(calls: list[ToolCall], request: ResponseRequest) -> dict[str, str | None]:
    """Check the function calls of an answer, so that clients do not have to.

    Args:
        calls: The tool calls of the API.
        request: The request, with the functions.

    Returns:
        The problem of each call or None, by its id.

    Raises:
        ModelError: Two calls have the same id.
    """
    functions = [tool for tool in request.get("tools", []) if tool["type"] == "function"]
    numbers = {tool["name"]: number for number, tool in enumerate(functions)}
    found: dict[str, str | None] = {}
    values: dict[str, tuple[int, Any]] = {}
    for call in calls:
        if call["type"] != "function":
            continue
        if call["id"] in found:
            # Their outputs and problems could not be distinguished.
            raise not_understood(f"two calls have the id {call['id']}")
        number = numbers.get(call["function"]["name"])
        problem, arguments = _read(call["function"]["arguments"] or "{}")
        found[call["id"]] = "the run has no such function" if number is None else problem
        if number is not None and problem is None and functions[number]["parameters"] != NO_PARAMETERS:
            values[call["id"]] = (number, arguments)
    checked = await problems([tool["parameters"] for tool in functions], list(values.values()))
    return found | dict(zip(values, checked, strict=True))


def _read(text: str) -> tuple[str | None, Any]:
    try:
        arguments = read_json(text)
    except ValueError as error:
        return f"they are not JSON: {error}", None
    return (None if isinstance(arguments, dict) else "they are not an object"), arguments
