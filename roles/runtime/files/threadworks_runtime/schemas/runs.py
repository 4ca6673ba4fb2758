# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs' request bodies (Assistants wire, section 6)."""

from __future__ import annotations

from pydantic import Field

from ..model.limits import MOST_ITEMS
from . import shared
from .base import Body
from .messages import NewMessages
from .passed import Passed
from .threads import CreateThread


class _Options(Passed):
    assistant_id: str
    model: shared.Model | None = None
    instructions: str | None = None
    tools: shared.RunTools = None
    metadata: shared.Metadata = None
    temperature: shared.Temperature = None
    top_p: shared.TopP = None
    stream: bool | None = None
    max_prompt_tokens: shared.TokenLimit = None
    max_completion_tokens: shared.TokenLimit = None
    truncation_strategy: shared.TruncationStrategy | None = None
    tool_choice: shared.ToolChoice = None
    parallel_tool_calls: bool = True
    response_format: shared.ResponseFormat = None


class CreateRun(_Options):
    """The body of createRun."""

    additional_instructions: str | None = None
    additional_messages: NewMessages | None = None
    reasoning_effort: shared.ReasoningEffort = None
    # Only createThreadAndRun has it in the API of OpenAI. Clients of Azure send it in both.
    tool_resources: shared.ToolResources | None = None


class CreateThreadAndRun(_Options):
    """The body of createThreadAndRun."""

    thread: CreateThread = CreateThread()
    tool_resources: shared.ToolResources | None = None


class _ToolOutput(Body):
    tool_call_id: str
    output: str = ""


class SubmitToolOutputs(Body):
    """The body of submitToolOutputs."""

    tool_outputs: list[_ToolOutput] = Field(max_length=MOST_ITEMS)
    stream: bool | None = None


class NoBody(Body):
    """The body of cancelRun, which has none."""
