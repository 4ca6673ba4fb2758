# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of requests. Requests that OpenAI refuses are refused with the same messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .server import ModelServer

Json = dict[str, Any]

_REQUEST_FIELDS = """
    background conversation include input instructions max_output_tokens max_tool_calls metadata model
    parallel_tool_calls previous_response_id prompt prompt_cache_key reasoning safety_identifier service_tier store
    stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user
"""
_PARTS = {"assistant": ("output_text", "refusal"), "user": ("input_text", "input_image", "input_file")}
_TOOL_FIELDS = {"function": "name", "code_interpreter": "container", "file_search": "vector_store_ids"}


class Refused(Exception):
    """An error body of OpenAI, and its status."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def check(body: Json, model: ModelServer) -> None:
    """Refuse the requests that OpenAI refuses, with the same messages."""
    for name, value in body.items():
        if name == "response_format" and not model.openai:
            continue
        if name not in _REQUEST_FIELDS.split():
            raise Refused(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
        if value is None:
            raise Refused(f"Invalid type for '{name}': got null.", param=name, code="invalid_type")
    for name in ("model", "input"):
        if name not in body:
            raise _missing(name)
    _check_tools(body)
    _check_input(body["input"], model)


def _check_tools(body: Json) -> None:
    for index, tool in enumerate(body.get("tools", [])):
        field = _TOOL_FIELDS.get(tool.get("type"), "type")
        if field not in tool:
            raise _missing(f"tools[{index}].{field}")
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        wanted = ("type", "name") if choice.get("type") == "function" else ("type",)
        if not any(all(tool.get(key) == choice.get(key) for key in wanted) for tool in body.get("tools", [])):
            raise Refused(
                f"Tool choice '{choice.get(wanted[-1])}' not found in 'tools' parameter.", param="tool_choice"
            )
    text_format = body.get("text", {}).get("format", {})
    if text_format.get("type") == "json_schema":
        for field in ("name", "schema"):
            if field not in text_format:
                raise _missing(f"text.format.{field}")


def _check_input(items: str | list[Json], model: ModelServer) -> None:
    if isinstance(items, str):
        return
    for index, item in enumerate(items):
        if item.get("type") is None:
            raise _missing(f"input[{index}].type")
        if item["type"] == "message":
            _check_parts(item, f"input[{index}]")
    _check_calls(items, model)


def _check_calls(items: list[Json], model: ModelServer) -> None:
    """Check that each call has its output and its reasoning, and each output its call."""
    calls: set[str] = set()
    reasoning: set[str] = set()
    for item in items:
        if item["type"] == "reasoning":
            reasoning.add(item["id"])
        elif item["type"] == "function_call":
            calls.add(item["call_id"])
            needed = model.reasoning_of(item["call_id"])
            if needed and needed not in reasoning:
                raise Refused(
                    f"Item '{item.get('id')}' of type 'function_call' was provided without its required 'reasoning'"
                    f" item: '{needed}'.",
                    param="input",
                )
        elif item["type"] == "function_call_output":
            if item["call_id"] not in calls:
                raise Refused(
                    f"No tool call found for function call output with call_id {item['call_id']}.", param="input"
                )
            calls.discard(item["call_id"])
    if calls:
        raise Refused(f"No tool output found for function call {min(calls)}.", param="input")


def _check_parts(item: Json, where: str) -> None:
    allowed = _PARTS.get(item.get("role", ""), _PARTS["user"])
    if isinstance(item["content"], str):
        return
    for index, part in enumerate(item["content"]):
        if part.get("type") not in allowed:
            raise Refused(
                f"Invalid value: '{part.get('type')}'. Supported values are: {', '.join(map(repr, allowed))}.",
                param=f"{where}.content[{index}]",
                code="invalid_value",
            )


def _missing(param: str) -> Refused:
    return Refused(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
