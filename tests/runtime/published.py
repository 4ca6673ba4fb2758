# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare answers and events with the published fields (`wire_facts`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.threadworks.openai.tests.runtime.wire_facts import ALTERNATIVES, EVENTS, OBJECTS

_PLAIN = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "any": lambda value: True,
}
# The operations of the API and the type of their answers. "assistant..." is a list, "assistant.deleted" a deletion.
OPERATIONS = {
    "listAssistants": "assistant...",
    "createAssistant": "assistant",
    "getAssistant": "assistant",
    "modifyAssistant": "assistant",
    "deleteAssistant": "assistant.deleted",
    "createThread": "thread",
    "createThreadAndRun": "run",
    "getThread": "thread",
    "modifyThread": "thread",
    "deleteThread": "thread.deleted",
    "listMessages": "message...",
    "createMessage": "message",
    "getMessage": "message",
    "modifyMessage": "message",
    "deleteMessage": "thread.message.deleted",
    "listRuns": "run...",
    "createRun": "run",
    "getRun": "run",
    "modifyRun": "run",
    "cancelRun": "run",
    "submitToolOutputsToRun": "run",
    "listRunSteps": "run_step...",
    "getRunStep": "run_step",
}


def answer_problems(operation: str, body: Any) -> list[str]:
    """Return how an answer violates the published fields.

    Args:
        operation: The operation, or "error" for an error.
        body: The decoded answer.
    """
    if operation == "error":
        return list(_problems(body.get("error"), "error", operation))
    kind = OPERATIONS[operation]
    if kind.endswith(".deleted"):
        fields = {"id": "string", "object": f"={kind}", "deleted": "boolean"}
        return list(_fields(body, fields, operation))
    if kind.endswith("..."):
        listed = {"object": "=list", "data": f"[]{kind[:-3]}", "first_id": "string", "last_id": "string"}
        return list(_fields(body, {**listed, "has_more": "boolean"}, operation))
    return list(_problems(body, kind, operation))


def event_problems(name: str, data: Any) -> list[str]:
    """Return how an event of a stream violates the published fields."""
    if name == "done":
        return [] if data == "[DONE]" else [f"done: {data!r}"]
    return list(_problems(data, EVENTS[name], name)) if name in EVENTS else [f"unknown event {name}"]


def _problems(value: Any, kind: str, place: str) -> Iterator[str]:
    found = [list(_one(value, each, place)) for each in _alternatives(kind)]
    if all(found):
        # The alternative that fits best is the one that is meant.
        yield from min(found, key=len)


def _alternatives(kind: str) -> list[str]:
    return [kind] if kind.startswith(("[]", "{}")) and "/" not in kind.partition(")")[2] else kind.split(" / ")


def _one(value: Any, kind: str, place: str) -> Iterator[str]:
    if kind in _PLAIN:
        yield from [] if _PLAIN[kind](value) else [f"{place}: {value!r} is not {kind}"]
    elif kind.startswith("="):
        yield from [] if value in kind[1:].split("|") else [f"{place}: {value!r} is not one of {kind[1:]}"]
    elif kind.startswith("[]"):
        yield from _items(value, kind[2:].strip("()"), place)
    elif kind.startswith("{}"):
        yield from _values(value, kind[2:], place)
    elif kind in ALTERNATIVES:
        yield from _problems(value, ALTERNATIVES[kind], place)
    else:
        yield from _fields(value, OBJECTS[kind], place)


def _items(value: Any, kind: str, place: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{place}: {value!r} is not a list"
        return
    for index, item in enumerate(value):
        yield from _problems(item, kind, f"{place}[{index}]")


def _values(value: Any, kind: str, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: {value!r} is not a map"
        return
    for name, item in value.items():
        yield from _problems(item, kind, f"{place}.{name}")


def _fields(value: Any, fields: dict[str, str], place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: {value!r} is not an object"
        return
    for field, kind in fields.items():
        name = field.removesuffix("?")
        if name in value:
            yield from _problems(value[name], kind, f"{place}.{name}")
        elif name == field:
            yield f"{place}: {name} is missing"
