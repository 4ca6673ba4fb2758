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
from .parts import CALL_INPUTS, a_text, to_annotation, to_call, to_content
from .secrets import Secrets, Veil

#: The raw events that carry a piece of an item, and the kind of item that they belong to.
PIECES = {
    "response.output_text.delta": "message",
    "response.refusal.delta": "message",
    "response.output_text.annotation.added": "message",
    "response.function_call_arguments.delta": "function_call",
    "response.code_interpreter_call_code.delta": "code_interpreter_call",
}


class _Told:
    """A text of an item, as far as it has been told."""

    def __init__(self, secrets: Secrets) -> None:
        self._veil = Veil(secrets)
        self._pieces: list[str] = []

    def more(self, piece: str) -> str:
        """Take a piece; returns what can be told of it now."""
        return self._note(self._veil.feed(a_text(piece)))

    def rest(self, whole: str) -> str:
        """Returns what is left to tell of the whole text; where the server does not repeat it, of what came."""
        told = str(self)
        if whole and whole.startswith(told):
            return self._note(whole[len(told) :])
        return "" if whole else self._note(self._veil.rest())

    def __str__(self) -> str:
        return "".join(self._pieces)

    def _note(self, text: str) -> str:
        self._pieces.append(text)
        return text


class Message:
    """A message of the assistant.

    Args:
        item: The item as it was announced.
        secrets: What is not told.
    """

    kind = "message"

    def __init__(self, item: Json, secrets: Secrets) -> None:
        self._text = _Told(secrets)
        self._refusal = _Told(secrets)
        self._citations = 0

    def start(self) -> Iterator[Event]:
        """The message begins."""
        yield TextStarted()

    def read(self, event: Json) -> Iterator[Event]:
        """One of the raw events in `PIECES`."""
        if event["type"] == "response.output_text.delta":
            yield from _text(self._text.more(event["delta"]))
        elif event["type"] == "response.refusal.delta":
            yield from _refusal(self._refusal.more(event["delta"]))
        else:
            yield from self._cite(event["annotation"])

    def finish(self, item: Json) -> Iterator[Event]:
        """The message ends; ``item`` is all of it, or empty where the server does not repeat it."""
        parts = item.get("content") or []
        yield from _text(self._text.rest("".join(part["text"] for part in parts if part["type"] == "output_text")))
        yield from _refusal(self._refusal.rest("".join(part["refusal"] for part in parts if part["type"] == "refusal")))
        annotations = [annotation for part in parts for annotation in part.get("annotations") or []]
        for annotation in annotations[self._citations :]:
            yield from self._cite(annotation)
        yield TextFinished(to_content(parts or self._written()))

    def _cite(self, annotation: Json) -> Iterator[Event]:
        self._citations += 1
        if citation := to_annotation(annotation, str(self._text)):
            yield Citation(citation)

    def _written(self) -> list[Json]:
        if refusal := str(self._refusal):
            return [{"type": "refusal", "refusal": refusal}]
        return [{"type": "output_text", "text": str(self._text)}]


class Call:
    """A tool call.

    Args:
        item: The item as it was announced.
        secrets: What is not told.
        index: Its place among the response's calls.
        request: The request, for what the call's wire object repeats of it.
    """

    def __init__(self, item: Json, secrets: Secrets, index: int, request: Json) -> None:
        self.kind: str = item["type"]
        self._item = item
        self._index = index
        self._request = request
        self._input = _Told(secrets)

    def start(self) -> Iterator[Event]:
        """The call begins."""
        empty = {name: value for name, value in self._item.items() if name in ("type", "id", "call_id", "name")}
        yield CallStarted(self._index, to_call(empty, self._request))

    def read(self, event: Json) -> Iterator[Event]:
        """One of the raw events in `PIECES`."""
        yield from self._write(self._input.more(event["delta"]))

    def finish(self, item: Json) -> Iterator[Event]:
        """The call ends; ``item`` is all of it, or empty where the server does not repeat it."""
        whole = {**self._item, **item}
        if name := CALL_INPUTS[self.kind]:
            yield from self._write(self._input.rest(a_text(whole.get(name) or "")))
            whole[name] = whole.get(name) or str(self._input)
        yield CallFinished(self._index, to_call(whole, self._request))

    def _write(self, text: str) -> Iterator[Event]:
        if text:
            yield CallDelta(self._index, text)


def without_secrets(item: Json, secrets: Secrets) -> Json:
    """An item in which no secret is spread over the parts of a message; each part alone has none.

    Args:
        item: The item, whole.
        secrets: What is not told.

    Returns:
        The same; where a secret was, the texts are one part, without the places of citations.
    """
    parts = item.get("content") or []
    texts = [part for part in parts if part["type"] == "output_text"] if item["type"] == "message" else []
    whole = "".join(a_text(part["text"]) for part in texts)
    shown = secrets.hide(whole) if len(texts) > 1 else whole
    if shown == whole:
        return item
    others = [part for part in parts if part["type"] != "output_text"]
    return {**item, "content": [{"type": "output_text", "text": shown, "annotations": []}, *others]}


def _text(text: str) -> Iterator[Event]:
    if text:
        yield TextDelta(text)


def _refusal(text: str) -> Iterator[Event]:
    if text:
        yield RefusalDelta(text)
