# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The errors of a task. What a server's error answer means is recognised in _error_answer.py, and nowhere else.

from __future__ import annotations

import typing as t


class TaskError(Exception):
    """A task cannot continue.

    Args:
        message: What is wrong, which option it is about, and what to do.
        data: Further keys of the failed result, as plain data.
    """

    def __init__(self, message: str, **data: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class WireError(TaskError):
    """The server of the wire refused a request (Assistants wire, section 9).

    Args:
        status: The HTTP status.
        error: The error object of the answer; it has a message, and may have type, param and code.
    """

    def __init__(self, status: int, error: dict[str, t.Any]) -> None:
        super().__init__(
            f"{error['message']} (HTTP {status})",
            error={**{name: error.get(name) for name in ("message", "type", "param", "code")}, "status": status},
        )
        self.status = status


class NotFound(WireError):
    """The server has no such object.

    Args:
        message: What was not found.
        kind: The kind of object (assistant, thread, message or run); "" if the server does not say.
        error: Further keys of the error object.
    """

    def __init__(self, message: str, kind: str, error: dict[str, t.Any] | None = None) -> None:
        super().__init__(404, {**(error or {}), "message": message})
        self.kind = kind


class NotSupported(WireError):
    """The server does not support this operation, or is not a server of the Assistants API."""

    def __init__(self, status: int, error: dict[str, t.Any]) -> None:
        super().__init__(status, error)
        self.message += (
            " Check the option runtime_url: it must be the URL of a served runtime, which usually ends in /v1, not "
            "of a model server."
        )


class ThreadLocked(WireError):
    """No run or message can be added to the thread, because it has an active run.

    Args:
        status: The HTTP status.
        error: The error object of the answer.
        run_id: The active run.
    """

    def __init__(self, status: int, error: dict[str, t.Any], run_id: str) -> None:
        super().__init__(status, error)
        self.run_id = run_id


class RunNotCancellable(WireError):
    """The run cannot be cancelled, because it has ended or is already being cancelled."""


class KeyTaken(WireError):
    """The idempotency key was used for another request, because another task has just created a different object."""


class Unanswered(TaskError):
    """The server could not be reached, or its answer was interrupted."""


class RunNotEnded(TaskError):
    """A run has not ended within the time that the task waits."""
