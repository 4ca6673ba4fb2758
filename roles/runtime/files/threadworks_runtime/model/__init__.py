# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model server's side of a run: conversion between the Assistants API and the Responses API.

This package does not depend on the store or the runner. They only call `execute_round`.
"""

from __future__ import annotations

from .answer import read_answer
from .errors import LimitReached, ModelError
from .events import (
    AnswerEvent,
    AnswerFinished,
    Citation,
    MessageFinished,
    MessageStarted,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from .limiter import Waiting
from .request import build_request
from .round import execute_round
from .server import ModelServer
from .servers import ModelServers

__all__ = [
    "AnswerEvent",
    "AnswerFinished",
    "Citation",
    "LimitReached",
    "MessageFinished",
    "MessageStarted",
    "ModelError",
    "ModelServer",
    "ModelServers",
    "RefusalDelta",
    "TextDelta",
    "ToolCallDelta",
    "ToolCallFinished",
    "ToolCallStarted",
    "Waiting",
    "build_request",
    "execute_round",
    "read_answer",
]
