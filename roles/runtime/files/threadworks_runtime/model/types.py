# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON objects of the Responses API and of the Assistants API."""

from __future__ import annotations

from typing import Any, TypedDict

from ..objects import Usage

#: A JSON object with unknown fields. Data of a model server is checked where it is read.
Json = dict[str, Any]


class _FileReference(TypedDict):
    file_id: str


class Annotation(TypedDict, total=False):
    """A citation in a text (Assistants wire, section 2); it has the field that its type names."""

    type: str
    text: str
    file_citation: _FileReference
    file_path: _FileReference
    start_index: int
    end_index: int


class Text(TypedDict):
    """A text with its citations."""

    value: str
    annotations: list[Annotation]


class ContentPart(TypedDict, total=False):
    """A part of a message that a model has written; it has the field that its type names."""

    type: str
    text: Text
    refusal: str


class FunctionCall(TypedDict):
    """The call of a function: `arguments` is JSON as the model wrote it, `output` is null until it is submitted."""

    name: str
    arguments: str
    output: str | None


class ToolCall(TypedDict, total=False):
    """A tool call of a run step (Assistants wire, section 8); it has the field that its type names."""

    id: str
    type: str
    function: FunctionCall
    code_interpreter: Json
    file_search: Json


class ResponseRequest(TypedDict, total=False):
    """The body of ``POST /responses``, as accepted by every server. Unset fields are omitted."""

    model: str
    instructions: str
    input: list[Json]
    tools: list[Json]
    tool_choice: str | Json
    parallel_tool_calls: bool
    temperature: float
    top_p: float
    reasoning: Json
    text: Json
    max_output_tokens: int


NO_USAGE: Usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
