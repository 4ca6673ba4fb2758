# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is being written but not yet stored, a message or tool calls, and the deltas that tell of it."""

from __future__ import annotations

from typing import Any, TypeVar

from ..lifecycle import WireEvent
from ..model import events
from ..objects import Document

_Part = TypeVar("_Part")


def begun(part: _Part | None) -> _Part:
    """The message, or the tool calls, that the model's answer goes on with.

    Args:
        part: What has begun.

    Returns:
        The same.

    Raises:
        RuntimeError: Nothing has, so the answer cannot be told.
    """
    if part is None:
        raise RuntimeError("the answer goes on with what has not begun")
    return part


class Draft:
    """A message in progress.

    Args:
        message_id: The message.
        step_id: Its step.
    """

    def __init__(self, message_id: str, step_id: str) -> None:
        self.message_id, self.step_id = message_id, step_id
        self._parts: list[Document] = []
        # The text of each part, in the pieces that came: to join them each time would take longer with each.
        self._texts: list[list[str]] = []

    def add(self, event: events.TextDelta | events.RefusalDelta | events.Citation) -> WireEvent:
        """Take a piece of the message.

        Args:
            event: The piece.

        Returns:
            The wire's delta.
        """
        match event:
            case events.RefusalDelta(text):
                index, part = self._part({"type": "refusal", "refusal": ""})
                self._texts[index].append(text)
                delta: Document = {"refusal": text}
            case events.TextDelta(text):
                index, part = self._part({"type": "text", "text": {"value": "", "annotations": []}})
                self._texts[index].append(text)
                delta = {"text": {"value": text}}
            case events.Citation(annotation):
                index, part = self._part({"type": "text", "text": {"value": "", "annotations": []}})
                delta = {"text": {"annotations": [{"index": len(part["text"]["annotations"]), **annotation}]}}
                part["text"]["annotations"].append(annotation)
        content = [{"index": index, "type": part["type"], **delta}]
        return _delta("thread.message", self.message_id, {"content": content})

    def finish(self, content: list[Document]) -> None:
        """Take the finished message's content."""
        self._parts, self._texts = content, []

    def content(self) -> list[Document]:
        """What there is of the message, as content parts of the wire."""
        for part, pieces in zip(self._parts, self._texts, strict=False):
            text = "".join(pieces)
            if part["type"] == "refusal":
                part["refusal"] = text
            else:
                part["text"]["value"] = text
        return self._parts

    def _part(self, empty: Document) -> tuple[int, Document]:
        for index, part in enumerate(self._parts):
            if part["type"] == empty["type"]:
                return index, part
        self._parts.append(empty)
        self._texts.append([])
        return len(self._parts) - 1, empty


class Calls:
    """The tool calls of a step.

    Args:
        step_id: The step.
    """

    def __init__(self, step_id: str) -> None:
        self.step_id = step_id
        self._calls: dict[int, Document] = {}
        self._places: dict[int, int] = {}

    def begin(self, index: int, call: Document) -> WireEvent:
        """Take a call that begins.

        Args:
            index: The model's count of its calls.
            call: The wire's tool call, nothing filled in.

        Returns:
            The wire's delta.
        """
        self._calls[index] = call
        return self._event(index, call)

    def extend(self, index: int, arguments: str) -> WireEvent:
        """Take a piece of a call's arguments, or of a code interpreter's input.

        Returns:
            The wire's delta.
        """
        kind = self._calls[index]["type"]
        return self._event(index, {"type": kind, kind: {"arguments" if kind == "function" else "input": arguments}})

    def finish(self, index: int, call: Document) -> None:
        """Take a whole call."""
        self._calls[index] = call

    def all(self) -> list[Document]:
        """The calls so far."""
        return list(self._calls.values())

    def functions(self) -> list[Document]:
        """The calls that wait for somebody's output."""
        return [call for call in self._calls.values() if call["type"] == "function"]

    def _event(self, index: int, call: Document) -> WireEvent:
        # Counted within the step, whatever the model's own count is.
        call = {"index": self._places.setdefault(index, len(self._places)), **call}
        return _delta("thread.run.step", self.step_id, {"step_details": {"type": "tool_calls", "tool_calls": [call]}})


def _delta(kind: str, id: str, delta: dict[str, Any]) -> WireEvent:
    return f"{kind}.delta", {"id": id, "object": f"{kind}.delta", "delta": delta}
