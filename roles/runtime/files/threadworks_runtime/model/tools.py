# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert tools, tool choice and response format to the Responses API."""

from __future__ import annotations

from typing import Any

from .errors import ModelError
from .types import Json

#: The schema of a function without parameters.
NO_PARAMETERS: Json = {"type": "object", "properties": {}}


def to_tools(tools: list[Json], resources: Json, file_ids: list[str]) -> list[Json]:
    """Translate a run's tools (Assistants wire, section 2).

    Args:
        tools: The wire's tools.
        resources: The ``tool_resources`` of assistant and thread, merged.
        file_ids: Files attached to messages for the code interpreter.

    Raises:
        ModelError: Two functions have the same name.
    """
    names = [tool["function"]["name"] for tool in tools if tool["type"] == "function"]
    if name := next((name for number, name in enumerate(names) if name in names[:number]), None):
        # New runs with duplicates are refused, but an older one may have them.
        raise ModelError("invalid_prompt", f"Two functions have the name {name}. Rename one of them.")
    return [translated for tool in tools if (translated := _TRANSLATE[tool["type"]](tool, resources, file_ids))]


def to_tool_choice(choice: str | Json | None, tools: list[Json]) -> str | Json | None:
    """Convert the ``tool_choice`` of a run. Returns None for the default.

    Args:
        choice: The choice in the Assistants API.
        tools: The request's tools.

    Raises:
        ModelError: The choice forces a tool that the run does not have.
    """
    if choice is None or choice == "auto" or (choice == "none" and not tools):
        return None
    if isinstance(choice, str):
        if not tools:
            raise ModelError("invalid_prompt", f"tool_choice is {choice}, but the run has no tools that can be called.")
        return choice
    kind = choice["type"]
    wanted = {"type": kind} | ({"name": choice["function"]["name"]} if kind == "function" else {})
    if not any(wanted.items() <= {"type": tool["type"], "name": tool.get("name")}.items() for tool in tools):
        hint = " with a vector store in tool_resources" if kind == "file_search" else ""
        raise ModelError(
            "invalid_prompt", f"tool_choice forces {describe(wanted)}, but the run has no such tool{hint}."
        )
    return wanted


def to_text_format(response_format: str | Json | None) -> Json | None:
    """Convert the ``response_format`` of a run. Returns None for plain text."""
    kind = response_format["type"] if isinstance(response_format, dict) else "text"
    if kind == "text" or not isinstance(response_format, dict):
        return None
    if kind == "json_object":
        return {"type": kind}
    spec = response_format[kind]
    described = {"description": spec["description"]} if spec.get("description") else {}
    schema, strict = spec.get("schema") or {}, bool(spec.get("strict"))
    return {"type": kind, "name": spec["name"], **described, "schema": schema, "strict": strict}


def describe(choice: str | Json) -> str:
    """Return a description of a converted tool choice for messages."""
    if isinstance(choice, str):
        return "a tool"
    return f"the function {choice['name']}" if choice["type"] == "function" else str(choice["type"])


def _function(tool: Json, _resources: Json, _file_ids: list[str]) -> Json:
    function = tool["function"]
    described = {"description": function["description"]} if function.get("description") else {}
    # A missing "strict" means true in the Responses API, and false in the Assistants API.
    return {
        "type": "function",
        "name": function["name"],
        **described,
        "parameters": function.get("parameters") or NO_PARAMETERS,
        "strict": bool(function.get("strict")),
    }


def _code_interpreter(_tool: Json, resources: Json, file_ids: list[str]) -> Json:
    own = (resources.get("code_interpreter") or {}).get("file_ids") or []
    all_ids = list(dict.fromkeys([*own, *file_ids]))
    return {"type": "code_interpreter", "container": {"type": "auto"} | ({"file_ids": all_ids} if all_ids else {})}


def _file_search(tool: Json, resources: Json, _file_ids: list[str]) -> Json | None:
    stores = (resources.get("file_search") or {}).get("vector_store_ids") or []
    if not stores:
        # The Assistants API allows it without anything to search. The Responses API refuses it.
        return None
    options = tool.get("file_search") or {}
    translated: dict[str, Any] = {"type": "file_search", "vector_store_ids": stores}
    if options.get("max_num_results"):
        translated["max_num_results"] = options["max_num_results"]
    if options.get("ranking_options"):
        # The rankers of the Assistants API are older. Only "auto" exists in both APIs.
        translated["ranking_options"] = {
            "ranker": "auto",
            "score_threshold": options["ranking_options"]["score_threshold"],
        }
    return translated


_TRANSLATE = {"function": _function, "code_interpreter": _code_interpreter, "file_search": _file_search}
