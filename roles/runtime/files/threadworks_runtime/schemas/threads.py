# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads' request bodies (Assistants wire, section 4)."""

from __future__ import annotations

from pydantic import Field

from . import shared
from .base import Body
from .messages import NewMessages


class CreateThread(Body):
    """The body of createThread, and the thread of createThreadAndRun."""

    messages: NewMessages = Field(default=[])
    tool_resources: shared.NewToolResources | None = None
    metadata: shared.Metadata = None


class ModifyThread(Body):
    """The body of modifyThread."""

    tool_resources: shared.ToolResources | None = None
    metadata: shared.Metadata = None
