# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of the store and of the state machine, as types with data. `wire_errors` has their texts and codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class StoreError(Exception):
    """The store cannot be opened. The message contains the store, the reason and the solution."""


class Refused(Exception):  # the base of the following errors
    """A request cannot be processed in the current state of the store."""


@dataclass(eq=False)
class NotFound(Refused):
    """The object does not exist, or does not belong to the given parent.

    Args:
        noun: The kind of the object, as in ``run step``.
        id: The requested id.
    """

    noun: str
    id: str


@dataclass(eq=False)
class CursorNotFound(Refused):
    """The cursor of a list page is not in the list.

    Args:
        parameter: ``after`` or ``before``.
        noun: The kind of the listed objects.
        id: The requested id.
    """

    parameter: str
    noun: str
    id: str


@dataclass(eq=False)
class RunActive(Refused):
    """A run is active on the thread. Until it ends, no other run or message can be added.

    Args:
        thread_id: The thread.
        run_id: The active run.
        run_status: Its status.
        wanted: The object to create, ``run`` or ``message``.
    """

    thread_id: str
    run_id: str
    run_status: str
    wanted: str


@dataclass(eq=False)
class RunNotCancellable(Refused):
    """The run has ended, or is already being cancelled.

    Args:
        run_id: The run.
        run_status: Its status.
    """

    run_id: str
    run_status: str


@dataclass(eq=False)
class RunNotWaiting(Refused):
    """The run does not wait for tool outputs.

    Args:
        run_id: The run.
        run_status: Its status.
    """

    run_id: str
    run_status: str


@dataclass(eq=False)
class ToolOutputsMismatch(Refused):
    """The tool outputs do not match the calls that the run waits for.

    Args:
        run_id: The run.
        expected: The ids of the waiting calls.
        given: The ids of the submitted outputs.
    """

    run_id: str
    expected: list[str]
    given: list[str]


@dataclass(eq=False)
class ThreadFull(Refused):
    """The thread would exceed the maximum number of messages.

    Args:
        thread_id: The thread.
        limit: The maximum number of messages.
    """

    thread_id: str
    limit: int


@dataclass(eq=False)
class BudgetExceeded(Refused):
    """A budget of a new run is used up.

    Args:
        message: The budget, its limit, what is used, and when it is free again.
        budget: Its name.
        per: Its period.
        used: What has been used.
        limit: The limits.
        free_at: The time when it is free again in Unix seconds, or None if it is not.
    """

    message: str
    budget: str
    per: str
    used: dict[str, Any]
    limit: dict[str, Any]
    free_at: int | None


@dataclass(eq=False)
class InvalidQueue(Refused):
    """The metadata of a run does not name a valid queue or priority.

    Args:
        key: The key of the metadata.
        problem: What is expected.
    """

    key: str
    problem: str


class InvalidIdempotencyKey(Refused):
    """The idempotency key is empty, too long, or contains invalid characters."""


class IdempotencyKeyReused(Refused):
    """The idempotency key was used for a request with a different path or body."""


class Stopping(Refused):
    """This server is stopping. Another server of the store continues its runs."""
