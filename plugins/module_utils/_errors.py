# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import typing as t


class TaskError(Exception):
    """A task cannot go on: a message for the person who wrote it, and data for the result.

    Args:
        message: what was wrong, which option, what to do.
        data: further keys of the failed result (plain data only).
    """

    def __init__(self, message: str, **data: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class WireError(TaskError):
    """The server of the wire refused a request (Assistants wire, section 9)."""

    def __init__(self, status: int, error: dict[str, t.Any]) -> None:
        super().__init__(
            f"{error['message']} (HTTP {status})",
            error={**error, "status": status},
        )
        self.status = status
        self.wire_message: str = error["message"]


class NotFound(WireError):
    """The server knows no such thing."""


class NoSuchPath(WireError):
    """The server has no such operation: it cannot do this, or is a server of something else."""

    def __init__(self, status: int, error: dict[str, t.Any]) -> None:
        super().__init__(status, error)
        self.message += " Look at the option runtime_url: it usually ends in /v1."


class Rival(WireError):
    """Somebody has made the same thing at this moment, a little different: the idempotency key is taken."""


class Unanswered(TaskError):
    """The server could not be reached, or its answer broke off."""


def from_response(status: int, body: t.Any) -> WireError:
    """Translate an error answer of the wire.

    Args:
        status: the HTTP status.
        body: the parsed JSON body (`{"error": {...}}`, or already its inside), or anything else that came.

    Returns: the exception to raise; its `data["error"]` has message, type, param, code and status.
    """
    inside = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(inside, dict):
        inside = {"message": str(inside or "The server gave no reason.")[:500]}
    error = {
        "message": str(inside.get("message") or "The server gave no reason."),
        "type": inside.get("type"),
        "param": inside.get("param"),
        "code": inside.get("code"),
    }
    if "Idempotency-Key" in error["message"]:
        return Rival(status, error)
    if status == 404 and (not isinstance(body, dict) or error["message"].startswith("Invalid URL")):
        return NoSuchPath(status, error)
    return (NotFound if status == 404 else WireError)(status, error)
