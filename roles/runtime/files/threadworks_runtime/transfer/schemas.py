# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the API as other servers return them (Assistants wire, sections 3 to 8). Further fields are kept."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from ..objects import Document
from ..schemas import shared, terms
from ..schemas.base import Body
from ..status import MessageStatus, RunStatus, StepStatus

# They become parts of paths and of queries.
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$")]
# Up to the year 9999, the last one that most programs can show.
_Time = Annotated[int, Field(ge=0, le=253_402_300_799)]
_Tokens = Annotated[int, Field(ge=0, le=2**53)]
_Name = Annotated[str, Field(min_length=1)]
# Otherwise, only members of an enum are accepted, not their values.
_ANY_TEXT: Any = Field(strict=False)


class _Object(Body):
    model_config = ConfigDict(extra="ignore")


class _Typed(_Object):
    type: _Name


class Assistant(_Object):
    """An assistant. Its tools are checked as in a request, because runs use them."""

    id: _Id
    created_at: _Time
    model: shared.Model
    name: Annotated[str, Field(max_length=256)] | None
    description: Annotated[str, Field(max_length=512)] | None
    instructions: Annotated[str, Field(max_length=256_000)] | None
    metadata: shared.Metadata
    temperature: shared.Temperature
    top_p: shared.TopP


class AssistantOptions(_Object):
    """The fields of an assistant whose nulls have no meaning."""

    tools: shared.AssistantTools
    tool_resources: shared.ToolResources
    response_format: shared.ResponseFormat = None


class Thread(_Object):
    """A thread."""

    id: _Id
    created_at: _Time
    metadata: shared.Metadata


class ThreadOptions(_Object):
    """The fields of a thread whose nulls have no meaning."""

    tool_resources: shared.ToolResources


class _TextValue(_Object):
    value: str
    annotations: list[_Typed]


class _Text(_Object):
    type: Literal["text"]
    text: _TextValue


class _ImageUrl(_Object):
    url: _Name


class _ImageUrlPart(_Object):
    type: Literal["image_url"]
    image_url: _ImageUrl


class _ImageFile(_Object):
    file_id: _Name


class _ImageFilePart(_Object):
    type: Literal["image_file"]
    image_file: _ImageFile


class _Refusal(_Object):
    type: Literal["refusal"]
    refusal: str


PARTS = ("text", "image_url", "image_file", "refusal")
"""The types of content that the API has."""


class _Attachment(_Object):
    file_id: _Name
    tools: list[_Typed] | None = None


class Message(_Object):
    """A message."""

    id: _Id
    created_at: _Time
    thread_id: _Id
    status: Annotated[MessageStatus, _ANY_TEXT]
    role: Literal["user", "assistant"]
    content: list[Annotated[_Text | _ImageUrlPart | _ImageFilePart | _Refusal, Field(discriminator="type")]]
    incomplete_details: Document | None
    completed_at: _Time | None
    incomplete_at: _Time | None
    assistant_id: str | None
    run_id: _Id | None
    attachments: list[_Attachment]
    metadata: shared.Metadata


class _Usage(_Object):
    prompt_tokens: _Tokens
    completion_tokens: _Tokens
    total_tokens: _Tokens


class _Error(_Object):
    code: str
    message: str


class _Ended(_Object):
    id: _Id
    created_at: _Time
    thread_id: _Id
    assistant_id: str | None
    cancelled_at: _Time | None
    failed_at: _Time | None
    completed_at: _Time | None
    last_error: _Error | None
    metadata: shared.Metadata
    usage: _Usage | None


class Run(_Ended):
    """A run. It is not executed again, so its options are only checked as far as they are read."""

    status: Annotated[RunStatus, _ANY_TEXT]
    required_action: Document | None
    expires_at: _Time | None
    started_at: _Time | None
    incomplete_details: Document | None
    model: str
    instructions: str
    tools: list[_Typed]
    temperature: float | None
    top_p: float | None
    max_prompt_tokens: _Tokens | None
    max_completion_tokens: _Tokens | None
    truncation_strategy: _Typed
    tool_choice: str | _Typed
    parallel_tool_calls: bool
    response_format: str | _Typed


class _MessageCreation(_Object):
    message_id: str


class _FunctionCall(_Object):
    name: str
    arguments: str
    output: str | None = None


class _FileSearch(_Object):
    results: list[dict[str, Any]] | None = None


class _Call(_Typed):
    id: str | None = None
    function: _FunctionCall | None = None
    file_search: _FileSearch | None = None
    code_interpreter: Document | None = None


class _MessageDetails(_Object):
    type: Literal["message_creation"]
    message_creation: _MessageCreation
    tool_calls: list[_Call] = Field(default=[])  # the API has none here, but they would be read


class _CallDetails(_Object):
    type: Literal["tool_calls"]
    tool_calls: list[_Call]


class Step(_Ended):
    """A step of a run."""

    run_id: _Id
    type: Literal["message_creation", "tool_calls"]
    status: Annotated[StepStatus, _ANY_TEXT]
    step_details: Annotated[_MessageDetails | _CallDetails, Field(discriminator="type")]
    expired_at: _Time | None


class AssistantPrivate(_Object):
    """What this runtime knows of an assistant in addition to the API."""

    reasoning_effort: str | None = None
    sampling: list[str] | Document = Field(default=[])


_Count = Annotated[int, Field(ge=0, le=2**53)] | None
_Cost = Annotated[int, Field(ge=0, lt=2**63)] | None  # in units of `usage.money`


class _Details(_Object):
    model: str | None
    service_tier: str | None
    input_tokens: _Count
    cached_tokens: _Count
    output_tokens: _Count
    reasoning_tokens: _Count
    rounds: _Tokens
    tool_calls: _Tokens
    seconds: float | None
    seconds_to_first_token: float | None
    cost: _Cost
    prices_from: str | None
    started: float | None
    shutdown_date: str = ""


class _Budget(_Object):
    name: terms.BudgetName
    scope: Literal["client", "server"]
    per: Literal["run", "play", "hour", "day", "month"]
    play: terms.PlayId | None
    tokens: _Count
    cost: _Cost


class _Terms(_Object):
    budgets: list[_Budget] = Field(default=[])


class RunPrivate(AssistantPrivate):
    """What this runtime knows of a run in addition to the API."""

    tool_resources: Document = Field(default={})
    items: list[_Typed] = Field(default=[])
    usage: _Usage | None = None
    details: _Details | None = None
    terms: _Terms = Field(default=_Terms())


class StepPrivate(_Object):
    """What this runtime knows of a step in addition to the API."""

    usage: _Usage | None = None
