# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The output items of a response while they are written.

Servers differ in how much of an item they stream. So each item remembers what it has told, and when it ends it tells
the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from .events import (
    CallDelta,
    CallFinished,
    CallStarted,
    Citation,
    Event,
    Json,
    RefusalDelta,
    TextDelta,
    TextFinished,
    TextStarted,
)
from .parts import CALL_INPUTS, to_annotation, to_call, to_content

#: The raw events that carry a piece of an item, and the kind of item that they belong to.
PIECES = {
    "response.output_text.delta": "message",
    "response.refusal.delta": "message",
    "response.output_text.annotation.added": "message",
    "response.function_call_arguments.delta": "function_call",
    "response.code_interpreter_call_code.delta": "code_interpreter_call",
}


class Message:
    """A message of the assistant.

    :param item: the item as it was announced.
    """

    kind = "message"

    def __init__(self, item: Json) -> None:
        self.keys = {item.get("id")}
        self._text = ""
        self._refusal = ""
        self._citations = 0

    def start(self) -> Iterator[Event]:
        """The message begins."""
        yield TextStarted()

    def read(self, event: Json) -> Iterator[Event]:
        """One of the raw events in :data:`PIECES`."""
        if event["type"] == "response.output_text.delta":
            yield from self._write(event["delta"])
        elif event["type"] == "response.refusal.delta":
            yield from self._refuse(event["delta"])
        else:
            yield from self._cite(event["annotation"])

    def finish(self, item: Json) -> Iterator[Event]:
        """The message ends; ``item`` is all of it, or empty where the server does not repeat it."""
        parts = item.get("content") or self._written()
        text = "".join(part["text"] for part in parts if part["type"] == "output_text")
        refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
        if rest := _rest(text, self._text):
            yield from self._write(rest)
        if rest := _rest(refusal, self._refusal):
            yield from self._refuse(rest)
        annotations = [annotation for part in parts for annotation in part.get("annotations") or []]
        for annotation in annotations[self._citations :]:
            yield from self._cite(annotation)
        yield TextFinished(to_content(parts))

    def _write(self, text: str) -> Iterator[Event]:
        self._text += text
        yield TextDelta(text)

    def _refuse(self, text: str) -> Iterator[Event]:
        self._refusal += text
        yield RefusalDelta(text)

    def _cite(self, annotation: Json) -> Iterator[Event]:
        self._citations += 1
        if citation := to_annotation(annotation, self._text):
            yield Citation(citation)

    def _written(self) -> list[Json]:
        if self._refusal:
            return [{"type": "refusal", "refusal": self._refusal}]
        return [{"type": "output_text", "text": self._text}]


class Call:
    """A tool call.

    :param item: the item as it was announced.
    :param index: its place among the response's calls.
    :param request: the request, for what the call's wire object repeats of it.
    """

    def __init__(self, item: Json, index: int, request: Json) -> None:
        self.kind: str = item["type"]
        self.keys = {item.get("id"), item.get("call_id")}
        self._item = item
        self._index = index
        self._request = request
        self._input = ""

    def start(self) -> Iterator[Event]:
        """The call begins."""
        empty = {name: value for name, value in self._item.items() if name in ("type", "id", "call_id", "name")}
        yield CallStarted(self._index, to_call(empty, self._request))

    def read(self, event: Json) -> Iterator[Event]:
        """One of the raw events in :data:`PIECES`."""
        yield from self._write(event["delta"])

    def finish(self, item: Json) -> Iterator[Event]:
        """The call ends; ``item`` is all of it, or empty where the server does not repeat it."""
        whole = {**self._item, **item}
        if name := CALL_INPUTS[self.kind]:
            whole[name] = whole.get(name) or self._input
            if rest := _rest(whole[name], self._input):
                yield from self._write(rest)
        yield CallFinished(self._index, to_call(whole, self._request))

    def _write(self, text: str) -> Iterator[Event]:
        self._input += text
        yield CallDelta(self._index, text)


def _rest(whole: str, told: str) -> str:
    """What is left to tell of a text."""
    return whole[len(told) :] if whole.startswith(told) else ""
