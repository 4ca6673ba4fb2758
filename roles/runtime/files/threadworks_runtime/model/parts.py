# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Output items of the Responses API as parts of wire messages and as wire tool calls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .types import Annotation, ContentPart, FunctionCall, Json, ToolCall

#: The types of output items that are tool calls in the Assistants API, with the field of their input.
CALL_INPUTS = {"function_call": "arguments", "code_interpreter_call": "code", "file_search_call": None}
_ANNOTATIONS = {"file_citation": "file_citation", "file_path": "file_path", "container_file_citation": "file_path"}
_DEFAULT_RANKING: Json = {"ranker": "default_2024_08_21", "score_threshold": 0.0}
_FILE_ID = re.compile(r"c?file[-_]\w+")


class Malformed(ValueError):
    """An item does not conform to the Responses API. The message describes the problem."""


def to_content(item_parts: list[Json]) -> list[ContentPart]:
    """Return a message item's parts as content parts of the Assistants API (section 2), at least one."""
    parts: list[ContentPart] = []
    for part in item_parts:
        if part["type"] == "refusal":
            parts.append({"type": "refusal", "refusal": a_text(part["refusal"])})
        elif part["type"] == "output_text":
            parts.append(_text(a_text(part["text"]), to_annotations(part)))
    return parts or [_text("", [])]


def to_annotations(part: Json) -> list[Annotation]:
    """Return the annotations of a text part, without types that the Assistants API does not support, such as URLs."""
    translated = (to_annotation(annotation, part["text"]) for annotation in part.get("annotations") or [])
    return [annotation for annotation in translated if annotation]


def to_annotation(annotation: Json, text: str) -> Annotation | None:
    """Return a citation as an annotation of the Assistants API, or None if it does not support the type.

    The Assistants API marks a range of the text. The Responses API does so for files written by code. For searched
    files it only has a position (an empty range), and for file paths nothing (the end of the text).

    Args:
        annotation: The citation in the format of the Responses API.
        text: The current text of the message.
    """
    kind = _ANNOTATIONS.get(annotation["type"])
    if kind is None:
        return None
    place = annotation.get("index") if annotation["type"] == "file_citation" else None
    start = _between(annotation.get("start_index", place), 0, len(text))
    end = _between(annotation.get("end_index", start), start, len(text))
    found: Annotation = {"type": kind, "text": text[start:end]}
    if kind == "file_path":
        found["file_path"] = {"file_id": a_text(annotation["file_id"])}
    else:
        found["file_citation"] = {"file_id": a_text(annotation["file_id"])}
    return {**found, "start_index": start, "end_index": end}


def to_call(item: Json, tools: list[Json]) -> ToolCall:
    """Return an item of a kind in `CALL_INPUTS` as a tool call of the wire (section 8).

    Args:
        item: The item.
        tools: The tools of the request, for the ranking options of a file search.
    """
    return _CALLS[item["type"]](item, tools)


def reasoning_summaries(items: Sequence[Json]) -> list[str]:
    """Return the summaries of its reasoning that a model has added to its answer.

    Args:
        items: The raw output items of the answer.
    """
    summaries = (item.get("summary") for item in items if item.get("type") == "reasoning")
    parts = (part for summary in summaries if isinstance(summary, list) for part in summary if isinstance(part, dict))
    return [part["text"] for part in parts if isinstance(part.get("text"), str)]


def a_text(value: Any) -> str:
    """Return a value that must be a string.

    Raises:
        Malformed: It is not a string.
    """
    if not isinstance(value, str):
        raise Malformed(f"{_name_of(value)} is used instead of a string")
    return value


def _name_of(value: Any) -> str:
    names = {dict: "an object", list: "a list", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _between(value: Any, least: int, most: int) -> int:
    return max(least, min(value, most)) if isinstance(value, int) else most


def _text(value: str, annotations: list[Annotation]) -> ContentPart:
    return {"type": "text", "text": {"value": value, "annotations": annotations}}


def _function(item: Json, _tools: list[Json]) -> ToolCall:
    name, arguments = a_text(item["name"]), a_text(item.get("arguments") or "")
    function: FunctionCall = {"name": name, "arguments": arguments, "output": None}
    return {"id": a_text(item.get("call_id") or item["id"]), "type": "function", "function": function}


def _code_interpreter(item: Json, _tools: list[Json]) -> ToolCall:
    outputs = [_code_output(output) for output in item.get("outputs") or []]
    interpreter = {"input": a_text(item.get("code") or ""), "outputs": outputs}
    return {"id": a_text(item["id"]), "type": "code_interpreter", "code_interpreter": interpreter}


def _code_output(output: Json) -> Json:
    if output["type"] == "logs":
        return {"type": "logs", "logs": a_text(output["logs"])}
    # The Assistants API identifies an image by its file, the Responses API by a URL that ends with the file.
    url = a_text(output["url"])
    found = _FILE_ID.findall(url)
    return {"type": "image", "image": {"file_id": found[-1] if found else url}}


def _file_search(item: Json, tools: list[Json]) -> ToolCall:
    tool: Json = next((tool for tool in tools if tool["type"] == "file_search"), {})
    results: list[dict[str, Any]] = [
        {
            "file_id": a_text(result["file_id"]),
            "file_name": a_text(result.get("filename") or ""),
            "score": _score(result.get("score")),
            "content": [{"type": "text", "text": a_text(result["text"])}] if result.get("text") else [],
        }
        for result in item.get("results") or []
    ]
    search = {"ranking_options": tool.get("ranking_options", _DEFAULT_RANKING), "results": results}
    return {"id": a_text(item["id"]), "type": "file_search", "file_search": search}


def _score(value: Any) -> float:
    """Return a score from 0 to 1."""
    return max(0.0, min(float(value), 1.0)) if isinstance(value, (int, float)) else 0.0


_CALLS = {
    "function_call": _function,
    "code_interpreter_call": _code_interpreter,
    "file_search_call": _file_search,
}
