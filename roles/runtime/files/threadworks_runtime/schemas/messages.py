# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages' request bodies (Assistants wire, sections 2 and 5)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from . import shared
from .base import Body, Nullable

_Detail = Literal["auto", "low", "high"]
_LONGEST_TEXT = 256_000  # characters, as in the original service


class _Text(Body):
    type: Literal["text"]
    text: str = Field(min_length=1, max_length=_LONGEST_TEXT)


class _ImageUrl(Nullable):
    url: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$")
    detail: _Detail = "auto"


class _ImageUrlPart(Body):
    type: Literal["image_url"]
    image_url: _ImageUrl


class _ImageFile(Nullable):
    file_id: str = Field(min_length=1)
    detail: _Detail = "auto"


class _ImageFilePart(Body):
    type: Literal["image_file"]
    image_file: _ImageFile


_Part = Annotated[_Text | _ImageUrlPart | _ImageFilePart, Field(discriminator="type")]


def _string_or_parts(value: Any) -> str:
    return "<string>" if isinstance(value, str) else "<parts>"


_Content = Annotated[
    Annotated[Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT)], Tag("<string>")]
    | Annotated[Annotated[list[_Part], Field(min_length=1)], Tag("<parts>")],
    Discriminator(_string_or_parts),
]


class _PlainFileSearch(Body):
    type: Literal["file_search"]


class _Attachment(Nullable):
    file_id: str = Field(min_length=1)
    tools: list[Annotated[shared.CodeInterpreter | _PlainFileSearch, Field(discriminator="type")]] = Field(default=[])


class CreateMessage(Body):
    """The body of createMessage, and a message of a new thread or run."""

    role: Literal["user", "assistant"]
    content: _Content
    attachments: list[_Attachment] | None = None
    metadata: shared.Metadata = None


# All other writers of the store wait while the messages of a request are written.
NewMessages = Annotated[list[CreateMessage], Field(max_length=10_000)]


class ModifyMetadata(Body):
    """The body of modifyMessage and of modifyRun."""

    metadata: shared.Metadata = None
