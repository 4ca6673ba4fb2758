# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The output items of a response while they are written.

Servers differ in how much of an item they stream. Each item stores what it has reported, and reports the rest when it
ends.
"""

from __future__ import annotations

from .events import (
    AnswerEvent,
    Citation,
    MessageFinished,
    MessageStarted,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from .parts import CALL_INPUTS, a_text, to_annotation, to_call, to_content
from .secrets import Secrets
from .streamed_text import StreamedText
from .types import Annotation, ContentPart, Json

_REFUSAL = "response.refusal.delta"


class Message:
    """A message of the assistant.

    Args:
        secrets: The secrets to hide in its texts.
    """

    kind = "message"

    def __init__(self, secrets: Secrets) -> None:
        self._text = StreamedText(secrets)
        self._refusal = StreamedText(secrets)
        self._annotations: list[Annotation] = []
        self._citations = 0
        # The types of the parts, in the order in which they started.
        self._parts: list[str] = []

    def start(self) -> list[AnswerEvent]:
        """Begin the message."""
        return [MessageStarted(self.content)]

    def delta(self, kind: str, piece: str) -> list[AnswerEvent]:
        """Take a piece.

        Args:
            kind: The type of the raw event.
            piece: The text of the event.
        """
        if kind == _REFUSAL:
            return self._refuse(self._refusal.more(piece))
        return self._write(self._text.more(piece))

    def cite(self, annotation: Json) -> list[AnswerEvent]:
        """Take a citation."""
        self._citations += 1
        cited = to_annotation(annotation, str(self._text))
        if cited is None:
            return []
        self._begin("text")
        self._annotations.append(cited)
        return [Citation(cited)]

    def finish(self, item: Json) -> list[AnswerEvent]:
        """End the message.

        Args:
            item: The complete item, or empty if the server does not repeat it.
        """
        parts = item.get("content") or []
        written = "".join(part["text"] for part in parts if part["type"] == "output_text")
        refused = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
        events = self._write(self._text.rest(written)) + self._refuse(self._refusal.rest(refused))
        annotations = [annotation for part in parts for annotation in part.get("annotations") or []]
        for annotation in annotations[self._citations :]:
            events += self.cite(annotation)
        return [*events, MessageFinished(to_content(parts) if parts else self.content() or to_content([]))]

    def content(self) -> list[ContentPart]:
        """Return the current content of the message, as content parts of the Assistants API."""
        whole: dict[str, ContentPart] = {
            "text": {"type": "text", "text": {"value": str(self._text), "annotations": self._annotations}},
            "refusal": {"type": "refusal", "refusal": str(self._refusal)},
        }
        return [whole[name] for name in self._parts]

    def _begin(self, part: str) -> None:
        if part not in self._parts:
            self._parts.append(part)

    def _write(self, text: str) -> list[AnswerEvent]:
        if not text:
            return []
        self._begin("text")
        return [TextDelta(text)]

    def _refuse(self, text: str) -> list[AnswerEvent]:
        if not text:
            return []
        self._begin("refusal")
        return [RefusalDelta(text)]


class Call:
    """A tool call.

    Args:
        item: The item as it was announced.
        secrets: The secrets to hide in its texts.
        index: Its index among the calls of the response.
        tools: The tools of the request, from which the call copies some fields.
    """

    def __init__(self, item: Json, secrets: Secrets, index: int, tools: list[Json]) -> None:
        self.kind: str = item["type"]
        self._item = item
        self._index = index
        self._tools = tools
        self._input = StreamedText(secrets)

    def start(self) -> list[AnswerEvent]:
        """Begin the call."""
        empty = {name: value for name, value in self._item.items() if name in {"type", "id", "call_id", "name"}}
        return [ToolCallStarted(self._index, to_call(empty, self._tools))]

    def delta(self, _kind: str, piece: str) -> list[AnswerEvent]:
        """Take a piece of the call's input."""
        return self._write(self._input.more(piece))

    def finish(self, item: Json) -> list[AnswerEvent]:
        """End the call.

        Args:
            item: The complete item, or empty if the server does not repeat it.
        """
        events: list[AnswerEvent] = []
        whole = {**self._item, **item}
        if name := CALL_INPUTS[self.kind]:
            events = self._write(self._input.rest(a_text(whole.get(name) or "")))
            whole[name] = whole.get(name) or str(self._input)
        return [*events, ToolCallFinished(self._index, to_call(whole, self._tools))]

    def _write(self, text: str) -> list[AnswerEvent]:
        return [ToolCallDelta(self._index, text)] if text else []


def without_secrets(item: Json, secrets: Secrets) -> Json:
    """Hide secrets that are split between the parts of a message.

    Args:
        item: The complete item.
        secrets: What is hidden.

    Returns:
        The item. If a secret was found, the texts are joined in one part, without the positions of citations.
    """
    parts = item.get("content") or []
    texts = [part for part in parts if part["type"] == "output_text"] if item["type"] == "message" else []
    whole = "".join(a_text(part["text"]) for part in texts)
    shown = secrets.hide(whole) if len(texts) > 1 else whole
    if shown == whole:
        return item
    others = [part for part in parts if part["type"] != "output_text"]
    return {**item, "content": [{"type": "output_text", "text": shown, "annotations": []}, *others]}
