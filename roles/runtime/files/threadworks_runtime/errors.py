# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of the store and of the state machine: types with data. `wire_errors` has their texts and codes."""

from __future__ import annotations

from dataclasses import dataclass


class StoreError(Exception):
    """The store cannot be opened; the message says which, why and what to do."""


class Refused(Exception):  # the base of what follows, each named after the condition
    """A request cannot be carried out in the state that the store is in."""


@dataclass(eq=False)
class NotFound(Refused):
    """There is no such object, or none that belongs to the given owner.

    Args:
        noun: The kind of the object, as in ``run step``.
        id: The id that was asked for.
    """

    noun: str
    id: str


@dataclass(eq=False)
class CursorNotFound(Refused):
    """A page of a list starts or ends at an object that is not in this list.

    Args:
        parameter: ``after`` or ``before``.
        noun: The kind of the listed objects.
        id: The id that was asked for.
    """

    parameter: str
    noun: str
    id: str


@dataclass(eq=False)
class RunActive(Refused):
    """A run is active on the thread, which takes neither another run nor a message until the run ends.

    Args:
        thread_id: The thread.
        run_id: The active run.
        run_status: Its status.
        wanted: What was to be created: ``run`` or ``message``.
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
    """The tool outputs are not for exactly the calls that the run waits for.

    Args:
        run_id: The run.
        expected: The ids of the calls that wait.
        given: The ids of the calls that outputs were given for.
    """

    run_id: str
    expected: list[str]
    given: list[str]


@dataclass(eq=False)
class ThreadFull(Refused):
    """The thread would have too many messages.

    Args:
        thread_id: The thread.
        limit: How many messages it can have.
    """

    thread_id: str
    limit: int


class InvalidIdempotencyKey(Refused):
    """The request's idempotency key is empty, too long, or has characters that it cannot have."""


class IdempotencyKeyReused(Refused):
    """The request's idempotency key was used for a request with another path or body."""


class Stopping(Refused):
    """This server stops; another one of the store continues its runs."""
