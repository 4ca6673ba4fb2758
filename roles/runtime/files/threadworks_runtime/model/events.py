# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens while a model server answers, in the terms of the Assistants wire.

`read_answer` yields these in the order in which things happen; `Finished` is always the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class TextStarted:
    """A message begins."""


@dataclass(frozen=True)
class TextDelta:
    """More text of the current message."""

    text: str


@dataclass(frozen=True)
class Citation:
    """A wire annotation (``file_citation`` or ``file_path``) of the current message."""

    annotation: Json


@dataclass(frozen=True)
class RefusalDelta:
    """More of the current message's refusal."""

    text: str


@dataclass(frozen=True)
class TextFinished:
    """The current message ends; ``content`` are its wire content parts."""

    content: list[Json]


@dataclass(frozen=True)
class CallStarted:
    """A tool call begins; ``call`` is the wire tool call with nothing filled in yet, ``index`` counts from 0."""

    index: int
    call: Json


@dataclass(frozen=True)
class CallDelta:
    """More of a call's arguments (for a code interpreter: of its input)."""

    index: int
    arguments: str


@dataclass(frozen=True)
class CallFinished:
    """A tool call is complete; ``call`` is the whole wire tool call (a function's ``output`` is ``None``)."""

    index: int
    call: Json


@dataclass(frozen=True)
class Finished:
    """The answer ends well.

    Attributes:
        reason: ``None``, or why the run is incomplete (Assistants wire, section 7: ``incomplete_details``).
        usage: The wire usage of this answer alone.
        items: Its raw output items, which the next round of the same run must send back.
        warnings: What may have been ignored, where the answer cannot tell.
        problems: By the id of each function call, how it breaks the function's schema, or ``None``.
    """

    reason: str | None
    usage: dict[str, int]
    items: list[Json]
    warnings: list[str] = field(default_factory=list)
    problems: dict[str, str | None] = field(default_factory=dict)


Event = (
    TextStarted | TextDelta | Citation | RefusalDelta | TextFinished | CallStarted | CallDelta | CallFinished | Finished
)
