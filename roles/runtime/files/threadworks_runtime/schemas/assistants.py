# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assistants' request bodies (Assistants wire, section 3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from . import shared
from .base import Body


class _Options(Body):
    name: Annotated[str, Field(max_length=256)] | None = None
    description: Annotated[str, Field(max_length=512)] | None = None
    instructions: Annotated[str, Field(max_length=256_000)] | None = None
    tools: shared.AssistantTools = Field(default=[])
    metadata: shared.Metadata = None
    temperature: shared.Temperature = None
    top_p: shared.TopP = None
    response_format: shared.ResponseFormat = None
    reasoning_effort: shared.ReasoningEffort = None


class CreateAssistant(_Options):
    """The body of createAssistant."""

    model: shared.Model
    tool_resources: shared.NewToolResources | None = None


class ModifyAssistant(_Options):
    """The body of modifyAssistant."""

    model: shared.Model = ""
    tool_resources: shared.ToolResources | None = None
