# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stored objects: the wire's object, what the wire does not show, and what is searched or locked.

The fields are columns of the object's table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypedDict, TypeVar

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
    """Who holds a run.

    Attributes:
        lease_owner: The holder's name; ``None``: nobody.
        lease_until: When the lease ends by the wall clock, in Unix seconds.
        lease_monotonic: The same by the monotonic clock, which counts on the holder's machine; 0.1.0 does not write it.
    """

    lease_owner: str | None
    lease_until: float | None
    lease_monotonic: float | None


@dataclass(frozen=True)
class Record(Generic[_Object, _Private]):
    """A stored object.

    Attributes:
        seq: Its place in the order of insertion.
        id: Its id on the wire.
        document: The wire's object.
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
        run_id: The run that has written it; ``None``: a client has.
    """

    thread_id: str
    run_id: str | None


@dataclass(frozen=True)
class RunRecord(Record[RunObject, RunPrivate]):
    """A stored run.

    Attributes:
        thread_id: Its thread.
        status: Its status.
        expires_at: When its time is over, in Unix seconds; also when it has ended, unlike on the wire.
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
        """Take the column's text for what it means."""
        object.__setattr__(self, "status", RunStatus(self.status))


@dataclass(frozen=True)
class StepRecord(Record[StepObject, StepPrivate]):
    """A stored step.

    Attributes:
        run_id: Its run.
    """

    run_id: str
