# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is being written but not yet stored, a message or tool calls, and the events that carry its deltas.

A delta becomes bytes here, once: all deltas of a text differ in nothing but their texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar, cast

from ..model.events import Citation, MessageDelta, RefusalDelta, ToolCallDelta
from ..model.types import ContentPart, ToolCall
from ..objects import Document
from ..sse import encode_event

_Part = TypeVar("_Part")
# It stands where the text of a delta will be, and nowhere else.
_MARK = "\0"
_ENCODED_MARK = json.dumps(_MARK).encode()


def begun(part: _Part | None) -> _Part:
    """Return the message, or the tool calls, that the model's answer goes on with.

    Args:
        part: What has begun.

    Raises:
        RuntimeError: Nothing has, so the answer cannot be reported.
    """
    if part is None:
        raise RuntimeError("the answer goes on with what has not begun")
    return part


class Draft:
    """A message in progress.

    Args:
        message_id: The message.
        step_id: Its step.
        content: Returns what there is of the message: the model's side has it.
    """

    def __init__(self, message_id: str, step_id: str, content: Callable[[], list[ContentPart]]) -> None:
        self.message_id, self.step_id = message_id, step_id
        self._content = content
        self._annotations = 0
        # By the type of a content part, in the order in which the parts have begun.
        self._templates: dict[str, _Template] = {}

    def encode(self, delta: MessageDelta) -> bytes:
        """Return the event of a delta."""
        if isinstance(delta, Citation):
            annotation = {"index": self._annotations, **delta.annotation}
            self._annotations += 1
            return self._template("text").fill({"annotations": [annotation]})
        if isinstance(delta, RefusalDelta):
            return self._template("refusal").fill(delta.text)
        return self._template("text").fill_text(delta.text)

    def content(self) -> list[Document]:
        """Return what there is of the message, as content parts of the wire."""
        return cast("list[Document]", self._content())

    def finish(self, content: list[ContentPart]) -> None:
        """Take the finished message's content."""
        self._content = lambda: content

    def _template(self, kind: str) -> _Template:
        template = self._templates.get(kind)
        if template is None:
            part = {"index": len(self._templates), "type": kind, kind: _MARK}
            template = self._templates[kind] = _Template("thread.message", self.message_id, {"content": [part]})
        return template


class Calls:
    """The tool calls of a step.

    Args:
        step_id: The step.
    """

    def __init__(self, step_id: str) -> None:
        self.step_id = step_id
        self._calls: dict[int, ToolCall] = {}
        self._templates: dict[int, _Template] = {}

    def begin(self, index: int, call: ToolCall) -> bytes:
        """Take a call that begins.

        Args:
            index: The model's count of its calls.
            call: The wire's tool call, nothing filled in.

        Returns:
            The event of its first delta.
        """
        self._calls[index] = call
        # Counted within the step, whatever the model's own count is.
        place, kind = len(self._templates), call["type"]
        name = "arguments" if kind == "function" else "input"
        self._templates[index] = self._template({"index": place, "type": kind, kind: {name: _MARK}})
        return _event("thread.run.step", self.step_id, _calls_of({"index": place, **call}))

    def encode(self, delta: ToolCallDelta) -> bytes:
        """Return the event of a piece of a call's arguments, or of a code interpreter's input."""
        return self._templates[delta.index].fill(delta.arguments)

    def finish(self, index: int, call: ToolCall) -> None:
        """Take a whole call."""
        self._calls[index] = call

    def all(self) -> list[Document]:
        """Return the calls so far."""
        return [{**call} for call in self._calls.values()]

    def functions(self) -> list[Document]:
        """Return the calls that wait for somebody's output."""
        return [call for call in self.all() if call["type"] == "function"]

    def _template(self, call: Document) -> _Template:
        return _Template("thread.run.step", self.step_id, _calls_of(call))


class _Template:
    """The event of a delta, but for what is new in each."""

    def __init__(self, kind: str, id: str, delta: Document) -> None:
        self._head, self._tail = _event(kind, id, delta).split(_ENCODED_MARK)
        self._text_head, self._text_tail = self._head + b'{"value":', b"}" + self._tail

    def fill(self, value: Document | str) -> bytes:
        """Return the event with a value in its place."""
        return self._head + json.dumps(value, separators=(",", ":")).encode() + self._tail

    def fill_text(self, text: str) -> bytes:
        """Return the event with a text of a message in its place."""
        return self._text_head + json.dumps(text).encode() + self._text_tail


def _calls_of(call: Document) -> Document:
    return {"step_details": {"type": "tool_calls", "tool_calls": [call]}}


def _event(kind: str, id: str, delta: Document) -> bytes:
    return encode_event(f"{kind}.delta", {"id": id, "object": f"{kind}.delta", "delta": delta})
