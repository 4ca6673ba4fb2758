# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages and tool calls that are not stored yet, and the events for their deltas.

A delta is encoded once, here. All deltas of a text only differ in their text.
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
# A placeholder for the text of a delta.
_MARK = "\0"
_ENCODED_MARK = json.dumps(_MARK).encode()


def begun(part: _Part | None) -> _Part:
    """Return the message or the tool calls that the model's answer continues.

    Args:
        part: The started message or tool calls, or None.

    Raises:
        RuntimeError: Nothing has started, so the answer cannot be reported.
    """
    if part is None:
        raise RuntimeError("an event continues an item that has not started")
    return part


class Draft:
    """A message in progress.

    Args:
        message_id: The message.
        step_id: Its step.
        content: Returns the current content of the message.
    """

    def __init__(self, message_id: str, step_id: str, content: Callable[[], list[ContentPart]]) -> None:
        self.message_id, self.step_id = message_id, step_id
        self._content = content
        self._annotations = 0
        # By the type of the content part, in the order in which the parts started.
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
        """Return the current content of the message, as content parts of the Assistants API."""
        return cast("list[Document]", self._content())

    def finish(self, content: list[ContentPart]) -> None:
        """Set the content of the finished message."""
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
        """Add a new call.

        Args:
            index: The index of the call in the model's answer.
            call: The tool call of the API without its content.

        Returns:
            The event of its first delta.
        """
        self._calls[index] = call
        # The index within the step, which may differ from the index in the answer.
        place, kind = len(self._templates), call["type"]
        name = "arguments" if kind == "function" else "input"
        self._templates[index] = self._template({"index": place, "type": kind, kind: {name: _MARK}})
        return _event("thread.run.step", self.step_id, _calls_of({"index": place, **call}))

    def encode(self, delta: ToolCallDelta) -> bytes:
        """Return the event of a piece of a call's arguments, or of a code interpreter's input."""
        return self._templates[delta.index].fill(delta.arguments)

    def finish(self, index: int, call: ToolCall) -> None:
        """Set the complete call."""
        self._calls[index] = call

    def all(self) -> list[Document]:
        """Return the calls so far."""
        return [{**call} for call in self._calls.values()]

    def functions(self) -> list[Document]:
        """Return the function calls, which wait for outputs."""
        return [call for call in self.all() if call["type"] == "function"]

    def _template(self, call: Document) -> _Template:
        return _Template("thread.run.step", self.step_id, _calls_of(call))


class _Template:
    """The template for the events of a delta."""

    def __init__(self, kind: str, id: str, delta: Document) -> None:
        self._head, self._tail = _event(kind, id, delta).split(_ENCODED_MARK)
        self._text_head, self._text_tail = self._head + b'{"value":', b"}" + self._tail

    def fill(self, value: Document | str) -> bytes:
        """Return the event with a value."""
        return self._head + json.dumps(value, separators=(",", ":")).encode() + self._tail

    def fill_text(self, text: str) -> bytes:
        """Return the event with a text."""
        return self._text_head + json.dumps(text).encode() + self._text_tail


def _calls_of(call: Document) -> Document:
    return {"step_details": {"type": "tool_calls", "tool_calls": [call]}}


def _event(kind: str, id: str, delta: Document) -> bytes:
    return encode_event(f"{kind}.delta", {"id": id, "object": f"{kind}.delta", "delta": delta})
