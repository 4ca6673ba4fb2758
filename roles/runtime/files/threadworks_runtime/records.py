# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored objects: the object of the API, its private part, and the columns for queries and locks.

The fields are the columns of the object's table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar

from .objects import (
    AssistantObject,
    AssistantPrivate,
    Document,
    MessageObject,
    RunObject,
    RunPrivate,
    StepObject,
    StepPrivate,
    ThreadObject,
)
from .status import RunStatus

_Object = TypeVar("_Object", bound=Any)
_Private = TypeVar("_Private", bound=Any)


class Lease(TypedDict):
    """The holder of a run.

    Attributes:
        lease_owner: The name of the holder, or None.
        lease_until: The end of the lease on the wall clock, in Unix seconds.
        lease_monotonic: The end of the lease on the monotonic clock, for the holder's machine. 0.1.0 does not write it.
    """

    lease_owner: str | None
    lease_until: float | None
    lease_monotonic: float | None


@dataclass(frozen=True)
class Record(Generic[_Object, _Private]):
    """A stored object.

    Attributes:
        seq: Its position in the order of insertion.
        id: Its id in the API.
        document: The object.
        private: What the wire does not show of it.
    """

    seq: int
    id: str
    document: _Object
    private: _Private


@dataclass(frozen=True)
class AssistantRecord(Record[AssistantObject, AssistantPrivate]):
    """A stored assistant."""


@dataclass(frozen=True)
class ThreadRecord(Record[ThreadObject, Document]):
    """A stored thread."""


@dataclass(frozen=True)
class MessageRecord(Record[MessageObject, Document]):
    """A stored message.

    Attributes:
        thread_id: Its thread.
        run_id: The run that has written it, or None for a message of a client.
    """

    thread_id: str
    run_id: str | None


class RunState(NamedTuple):
    """The columns of a run that decide whether it is due. See `RunRecord`."""

    status: RunStatus
    expires_at: int
    lease_owner: str | None
    lease_until: float | None
    lease_monotonic: float | None


@dataclass(frozen=True)
class RunRecord(Record[RunObject, RunPrivate]):
    """A stored run.

    Attributes:
        thread_id: Its thread.
        status: Its status.
        expires_at: Its expiry in Unix seconds. Unlike in the API, it is kept after the run has ended.
        lease_owner: See `Lease`.
        lease_until: See `Lease`.
        lease_monotonic: See `Lease`.
    """

    thread_id: str
    status: RunStatus
    expires_at: int
    lease_owner: str | None
    lease_until: float | None
    lease_monotonic: float | None

    def __post_init__(self) -> None:
        """Convert the text of the column to the enum."""
        object.__setattr__(self, "status", RunStatus(self.status))


@dataclass(frozen=True)
class StepRecord(Record[StepObject, StepPrivate]):
    """A stored step.

    Attributes:
        run_id: Its run.
    """

    run_id: str
