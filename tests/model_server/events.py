# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of a streamed response, as defined by the Responses API, or as llama.cpp sends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .words import pieces

Json = dict[str, Any]


def events(response: Json, error: Json | None) -> Iterator[Json]:
    """Yield all events of a response, in the order and with the fields of the Responses API."""
    started = response | {"status": "in_progress", "output": [], "usage": None, "error": None}
    started["incomplete_details"] = None
    yield {"type": "response.created", "response": started}
    yield {"type": "response.in_progress", "response": started}
    for index, item in enumerate(response["output"]):
        for event in _ITEM_EVENTS[item["type"]](item):
            yield {"output_index": index} | event
    if error is not None:
        yield {"type": "error", "code": None, "message": None, "param": None} | error
    else:
        yield {"type": f"response.{response['status']}", "response": response}


def _message_events(item: Json) -> Iterator[Json]:
    yield {"type": "response.output_item.added", "item": item | {"status": "in_progress", "content": []}}
    for index, part in enumerate(item["content"]):
        where = {"item_id": item["id"], "content_index": index}
        kind, text = ("refusal", "refusal") if part["type"] == "refusal" else ("output_text", "text")
        empty = part | {text: ""} | ({"annotations": []} if text == "text" else {})
        extra: Json = {"logprobs": []} if text == "text" else {}
        yield {"type": "response.content_part.added", **where, "part": empty}
        for piece in pieces(part[text]):
            yield {"type": f"response.{kind}.delta", **where, "delta": piece, **extra}
        for number, annotation in enumerate(part.get("annotations", [])):
            added = {"annotation_index": number, "annotation": annotation}
            yield {"type": "response.output_text.annotation.added", **where, **added}
        yield {"type": f"response.{kind}.done", **where, text: part[text], **extra}
        yield {"type": "response.content_part.done", **where, "part": part}
    yield {"type": "response.output_item.done", "item": item}


def _function_events(item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"]}
    yield {"type": "response.output_item.added", "item": item | {"status": "in_progress", "arguments": ""}}
    for piece in pieces(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", **where, "delta": piece}
    finished = {"name": item["name"], "arguments": item["arguments"]}
    yield {"type": "response.function_call_arguments.done", **where, **finished}
    yield {"type": "response.output_item.done", "item": item}


def _code_events(item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"]}
    yield {"type": "response.output_item.added", "item": item | {"status": "in_progress", "code": "", "outputs": None}}
    yield {"type": "response.code_interpreter_call.in_progress", **where}
    for piece in pieces(item["code"]):
        yield {"type": "response.code_interpreter_call_code.delta", **where, "delta": piece}
    yield {"type": "response.code_interpreter_call_code.done", **where, "code": item["code"]}
    yield {"type": "response.code_interpreter_call.interpreting", **where}
    yield {"type": "response.code_interpreter_call.completed", **where}
    yield {"type": "response.output_item.done", "item": item}


def _search_events(item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"]}
    yield {
        "type": "response.output_item.added",
        "item": item | {"status": "in_progress", "queries": [], "results": None},
    }
    for phase in ("in_progress", "searching", "completed"):
        yield {"type": f"response.file_search_call.{phase}", **where}
    yield {"type": "response.output_item.done", "item": item}


def _plain_events(item: Json) -> Iterator[Json]:
    yield {"type": "response.output_item.added", "item": item}
    yield {"type": "response.output_item.done", "item": item}


_ITEM_EVENTS = {
    "message": _message_events,
    "function_call": _function_events,
    "code_interpreter_call": _code_events,
    "file_search_call": _search_events,
    "reasoning": _plain_events,
}


def sparse(event: Json) -> Json:
    """Return an event as llama.cpp's server sends it."""
    event = {name: value for name, value in event.items() if not name.endswith(("_index", "_number", "logprobs"))}
    if "response" in event:
        names = ("id", "object", "created_at", "status", "model", "output", "usage")
        kept = {name: event["response"][name] for name in names if event["response"][name] is not None}
        if "usage" in kept:
            kept["usage"] = {name: value for name, value in kept["usage"].items() if not name.endswith("_details")}
        event["response"] = kept
    return event
