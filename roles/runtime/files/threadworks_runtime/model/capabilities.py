# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the server did what the request asked for.

Small servers answer 200 and silently leave out what they cannot do. A run must never pass that off as done: where the
answer shows it, the run fails and says what was ignored; where it cannot be known, the run ends with a warning.
"""

from __future__ import annotations

from ..objects import Usage
from .errors import ModelError
from .parts import CALL_INPUTS
from .tools import describe
from .types import Json, ResponseRequest
from .wording import line

_HOSTED = {"code_interpreter": "code_interpreter_call", "file_search": "file_search_call"}
# Small servers have a context of so many tokens, or a multiple.
_CONTEXT_STEP = 1024


def incomplete_reason(response: Json, usage: Usage | None, request: ResponseRequest) -> str | None:
    """Return why the run is incomplete (Assistants wire, section 7), or None if the answer is whole.

    llama.cpp calls an answer completed that it cut at ``max_output_tokens``, or where its context was full: only the
    usage shows it.

    Args:
        response: The raw response.
        usage: Its usage, as the wire has it.
        request: The request.

    Raises:
        ModelError: It was cut for a reason that a run cannot be incomplete for.
    """
    if response.get("status") == "incomplete":
        reason = line(str((response.get("incomplete_details") or {}).get("reason") or "max_output_tokens"))
        if reason != "max_output_tokens":
            code = "invalid_prompt" if reason == "content_filter" else "server_error"
            raise ModelError(code, f"The model server cut the answer short: {reason}.")
        return "max_completion_tokens"
    if usage is None:
        return None
    if usage["completion_tokens"] >= request["max_output_tokens"]:
        return "max_completion_tokens"
    total = usage["total_tokens"]
    # A server that knows the field would have filled it in. Without it, an answer that by chance ends on such a number
    # of tokens is taken for a cut one: better once in a thousand times than a cut one for a whole one.
    if "incomplete_details" not in response and total and total % _CONTEXT_STEP == 0:
        return "max_completion_tokens"
    return None


def check_answer(response: Json, output: list[Json], request: ResponseRequest) -> list[str]:
    """Check a whole answer against its request.

    Args:
        response: The raw response.
        output: Its output items.
        request: The request.

    Returns:
        Warnings: what may have been ignored.

    Raises:
        ModelError: What was ignored.
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
    """Many servers repeat the request's tools in the response: a tool that is missing there was dropped."""
    if "tools" not in response:
        return
    known = {tool.get("type") for tool in response["tools"] or []}
    for tool in request.get("tools", []):
        if tool["type"] in _HOSTED and tool["type"] not in known:
            raise _ignored(f"the tool {tool['type']}", "the response does not have it")


def _unused_tools(response: Json, output: list[Json], request: ResponseRequest) -> list[str]:
    if "tools" in response:
        return []
    used = {item["type"] for item in output}
    return [
        f"The model did not use {tool['type']}, and the model server does not tell whether it has it."
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
        f"The model server ignored {what}: {seen}. Use a server and a model that support it, or do without it.",
    )
