# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statuses of the API's objects (Assistants wire, sections 5, 7 and 8)."""

from __future__ import annotations

from enum import Enum


class _Status(str, Enum):
    """A status that equals its string, in documents, rows and messages."""

    def __str__(self) -> str:
        return str(self.value)


class RunStatus(_Status):
    """The status of a run."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    REQUIRES_ACTION = "requires_action"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INCOMPLETE = "incomplete"
    EXPIRED = "expired"


class MessageStatus(_Status):
    """The status of a message."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"


class StepStatus(_Status):
    """The status of a step."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


ACTIVE_STATUSES = (RunStatus.QUEUED, RunStatus.IN_PROGRESS, RunStatus.REQUIRES_ACTION, RunStatus.CANCELLING)
"""A run that has not ended. It locks its thread."""
RESTING_STATUSES = (*(each for each in RunStatus if each not in ACTIVE_STATUSES), RunStatus.REQUIRES_ACTION)
"""A run without a runner. It only changes if a client sends a request."""
