# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a model's answer, in terms of the Assistants API.

`read_answer` yields them in order. `AnswerFinished` is always the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..objects import Usage
from .types import Annotation, ContentPart, Json, ToolCall
from .usage import Reported


@dataclass(frozen=True)
class MessageStarted:
    """A message begins.

    Attributes:
        content: Returns the current content of the message.
    """

    content: Callable[[], list[ContentPart]] = field(default=list, compare=False, repr=False)


@dataclass(frozen=True)
class TextDelta:
    """More text of the current message."""

    text: str


@dataclass(frozen=True)
class Citation:
    """An annotation (``file_citation`` or ``file_path``) of the current message."""

    annotation: Annotation


@dataclass(frozen=True)
class RefusalDelta:
    """More of the current message's refusal."""

    text: str


@dataclass(frozen=True)
class MessageFinished:
    """The current message ends.

    Attributes:
        content: The complete content.
    """

    content: list[ContentPart]


@dataclass(frozen=True)
class ToolCallStarted:
    """A tool call begins.

    Attributes:
        index: Its number among the tool calls of the answer, from 0.
        call: The call without its content.
    """

    index: int
    call: ToolCall


@dataclass(frozen=True)
class ToolCallDelta:
    """More of a call's arguments (for a code interpreter: of its input).

    Attributes:
        index: The number of the call.
        arguments: The text that follows.
    """

    index: int
    arguments: str


@dataclass(frozen=True)
class ToolCallFinished:
    """A tool call is complete.

    Attributes:
        index: The number of the call.
        call: The complete call. The ``output`` of a function call is None.
    """

    index: int
    call: ToolCall


@dataclass(frozen=True)
class AnswerFinished:
    """The answer is complete.

    Attributes:
        reason: Why the run is incomplete (Assistants wire, section 7: ``incomplete_details``); None if it is not.
        usage: The tokens of this answer alone.
        items: Its raw output items, which the next round of the run must send again.
        warnings: Options that the server may have ignored.
        problems: How each function call violates the schema of its function, or None, by the id of the call.
        served: What the answer reports about itself.
    """

    reason: str | None
    usage: Usage
    items: list[Json]
    warnings: list[str] = field(default_factory=list)
    problems: dict[str, str | None] = field(default_factory=dict)
    served: Reported = field(default_factory=Reported)


MessageDelta = TextDelta | RefusalDelta | Citation
Delta = MessageDelta | ToolCallDelta
DELTAS = (TextDelta, RefusalDelta, Citation, ToolCallDelta)
AnswerEvent = Delta | MessageStarted | MessageFinished | ToolCallStarted | ToolCallFinished | AnswerFinished
