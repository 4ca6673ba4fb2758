# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whether the server honored the request.

Small servers answer 200 and ignore what they do not support. A run must not hide that. If the answer shows it, the run
fails and reports what was ignored. If it is unknown, the run ends with a warning.
"""

from __future__ import annotations

import math

from ..objects import Usage
from .errors import ModelError
from .parts import CALL_INPUTS
from .tools import describe
from .types import Json, ResponseRequest
from .wording import line

_HOSTED = {"code_interpreter": "code_interpreter_call", "file_search": "file_search_call"}
# The context sizes of small servers are multiples of this number of tokens.
_CONTEXT_STEP = 1024


def incomplete_reason(response: Json, usage: Usage | None, request: ResponseRequest) -> str | None:
    """Return why the run is incomplete (Assistants wire, section 7), or None if the answer is whole.

    ``content_filter`` is a reason, too, although a run only has token limits as reasons. See `lifecycle.end`.

    llama.cpp reports an answer as completed even if it was cut at ``max_output_tokens`` or because the context was
    full. Only the usage shows this.

    Args:
        response: The raw response.
        usage: Its usage in the format of the Assistants API.
        request: The request.

    Raises:
        ModelError: It was cut for a reason that is not possible for an incomplete run.
    """
    if response.get("status") == "incomplete":
        reason = line(str((response.get("incomplete_details") or {}).get("reason") or "max_output_tokens"))
        if reason == "content_filter":
            return reason
        if reason != "max_output_tokens":
            raise ModelError("server_error", f"The model server truncated the answer: {reason}.")
        return "max_completion_tokens"
    if usage is None:
        return None
    if usage["completion_tokens"] >= request.get("max_output_tokens", math.inf):
        return "max_completion_tokens"
    total = usage["total_tokens"]
    # A server that supports the field would have set it. Without it, an answer that happens to end at this number of
    # tokens is treated as cut. This is rare, and better than treating a cut answer as complete.
    if "incomplete_details" not in response and total and total % _CONTEXT_STEP == 0:
        return "max_completion_tokens"
    return None


def check_answer(response: Json, output: list[Json], request: ResponseRequest) -> list[str]:
    """Check a complete answer against its request.

    Args:
        response: The raw response.
        output: Its output items.
        request: The request.

    Returns:
        Warnings about options that may have been ignored.

    Raises:
        ModelError: The server ignored an option.
    """
    _check_tool_choice(output, request)
    _check_hosted_tools(response, request)
    messages = [item for item in output if item["type"] == "message"]
    calls_function = any(item["type"] == "function_call" for item in output)
    warnings = _unused_tools(response, output, request)
    if not calls_function and not is_refusal(messages) and not text_of(messages):
        warnings.append("The model's answer is empty.")
    return warnings


def _check_tool_choice(output: list[Json], request: ResponseRequest) -> None:
    choice = request.get("tool_choice", "auto")
    calls = [item for item in output if item["type"] in CALL_INPUTS]
    functions = [item for item in calls if item["type"] == "function_call"]
    if choice == "none" and calls:
        raise _ignored("tool_choice none", "the model called a tool")
    if choice == "required" and not calls:
        raise _ignored("tool_choice required", "the model called no tool")
    if isinstance(choice, dict):
        kind = _HOSTED.get(choice["type"], "function_call")
        if not any(item["type"] == kind and item.get("name") == choice.get("name") for item in calls):
            raise _ignored("tool_choice", f"the model did not call {describe(choice)}")
    if request.get("parallel_tool_calls") is False and len(functions) > 1:
        raise _ignored("parallel_tool_calls false", f"the model called {len(functions)} functions at once")


def _check_hosted_tools(response: Json, request: ResponseRequest) -> None:
    """Check the tools that a server repeats in its response. A missing tool was ignored."""
    if "tools" not in response:
        return
    known = {tool.get("type") for tool in response["tools"] or []}
    for tool in request.get("tools", []):
        if tool["type"] in _HOSTED and tool["type"] not in known:
            raise _ignored(f"the tool {tool['type']}", "the response does not contain it")


def _unused_tools(response: Json, output: list[Json], request: ResponseRequest) -> list[str]:
    if "tools" in response:
        return []
    used = {item["type"] for item in output}
    return [
        f"The model did not use {tool['type']}, and the model server does not report whether it supports it."
        for tool in request.get("tools", [])
        if tool["type"] in _HOSTED and _HOSTED[tool["type"]] not in used
    ]


def text_of(messages: list[Json]) -> str:
    """Return the text of message items."""
    parts = (part for message in messages for part in message.get("content") or [])
    return "".join(part["text"] for part in parts if part["type"] == "output_text")


def is_refusal(messages: list[Json]) -> bool:
    """Return whether the model refuses to answer, in one of these message items."""
    return any(part["type"] == "refusal" for message in messages for part in message.get("content") or [])


def _ignored(what: str, seen: str) -> ModelError:
    return ModelError(
        "server_error",
        f"The model server ignored {what}: {seen}. Use a server and a model that support it, or omit it.",
    )
