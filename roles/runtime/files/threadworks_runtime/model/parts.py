# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Output items of the Responses API as parts of wire messages and as wire tool calls."""

from __future__ import annotations

import re
from typing import Any

from .events import Json

#: The kinds of output items that are tool calls on the wire, and where each keeps its input.
CALL_INPUTS = {"function_call": "arguments", "code_interpreter_call": "code", "file_search_call": None}
_ANNOTATIONS = {"file_citation": "file_citation", "file_path": "file_path", "container_file_citation": "file_path"}
_DEFAULT_RANKING: Json = {"ranker": "default_2024_08_21", "score_threshold": 0.0}
_FILE_ID = re.compile(r"c?file[-_]\w+")


def to_content(item_parts: list[Json]) -> list[Json]:
    """A message item's parts as wire content parts (Assistants wire, section 2); at least one, empty if need be."""
    parts: list[Json] = []
    for part in item_parts:
        if part["type"] == "refusal":
            parts.append({"type": "refusal", "refusal": part["refusal"]})
        elif part["type"] == "output_text":
            parts.append(_text(part["text"], to_annotations(part)))
    return parts or [_text("", [])]


def to_annotations(part: Json) -> list[Json]:
    """The wire annotations of a text part; what the wire has no word for (a web address) is left out."""
    translated = (to_annotation(annotation, part["text"]) for annotation in part.get("annotations") or [])
    return [annotation for annotation in translated if annotation]


def to_annotation(annotation: Json, text: str) -> Json | None:
    """A citation as a wire annotation.

    The wire marks a range of the text. Responses does so for a file that code has written; for a file that was searched
    it tells only the place where the citation belongs (an empty range), and for a file path nothing (the text's end).

    :param text: the message's text as far as it is known.
    """
    kind = _ANNOTATIONS.get(annotation["type"])
    if kind is None:
        return None
    place = annotation.get("index") if annotation["type"] == "file_citation" else None
    start = _between(annotation.get("start_index", place), 0, len(text))
    end = _between(annotation.get("end_index", start), start, len(text))
    return {
        "type": kind,
        "text": text[start:end],
        kind: {"file_id": annotation["file_id"]},
        "start_index": start,
        "end_index": end,
    }


def to_call(item: Json, request: Json) -> Json:
    """An item of a kind in :data:`CALL_INPUTS` as a wire tool call (Assistants wire, section 8).

    :param request: the request, for the ranking options that a file search was asked to use.
    """
    return _CALLS[item["type"]](item, request)


def _between(value: int | None, least: int, most: int) -> int:
    return most if value is None else max(least, min(value, most))


def _text(value: str, annotations: list[Json]) -> Json:
    return {"type": "text", "text": {"value": value, "annotations": annotations}}


def _function(item: Json, _request: Json) -> Json:
    function = {"name": item["name"], "arguments": item.get("arguments") or "", "output": None}
    return {"id": item.get("call_id") or item["id"], "type": "function", "function": function}


def _code_interpreter(item: Json, _request: Json) -> Json:
    outputs = [_code_output(output) for output in item.get("outputs") or []]
    interpreter = {"input": item.get("code") or "", "outputs": outputs}
    return {"id": item["id"], "type": "code_interpreter", "code_interpreter": interpreter}


def _code_output(output: Json) -> Json:
    if output["type"] == "logs":
        return {"type": "logs", "logs": output["logs"]}
    # The wire names an image by its file, Responses by an address that ends in the file.
    found = _FILE_ID.findall(output["url"])
    return {"type": "image", "image": {"file_id": found[-1] if found else output["url"]}}


def _file_search(item: Json, request: Json) -> Json:
    tool: Json = next((tool for tool in request.get("tools", []) if tool["type"] == "file_search"), {})
    results: list[dict[str, Any]] = [
        {
            "file_id": result["file_id"],
            "file_name": result.get("filename") or "",
            "score": result.get("score") or 0.0,
            "content": [{"type": "text", "text": result["text"]}] if result.get("text") else [],
        }
        for result in item.get("results") or []
    ]
    search = {"ranking_options": tool.get("ranking_options", _DEFAULT_RANKING), "results": results}
    return {"id": item["id"], "type": "file_search", "file_search": search}


_CALLS = {
    "function_call": _function,
    "code_interpreter_call": _code_interpreter,
    "file_search_call": _file_search,
}
