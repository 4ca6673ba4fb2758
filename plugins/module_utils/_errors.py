# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import re
import typing as t

# How much of an HTML page is looked at, and how much of its text is shown, in characters.
_PAGE, _SHOWN = 20000, 200
# The longest text of a server that is shown, in characters.
_LONGEST = 2000
_PAGE_START = re.compile(
    r"(\s|<\?xml[^>]*>|<!--((?!-->).)*-->)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)


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
        self.message += (
            " Check the option runtime_url: it is the URL of a served runtime, which usually ends in /v1, and not of a "
            "model server."
        )


class KeyTaken(WireError):
    """Somebody has made the same thing at this moment, a little different: the idempotency key is taken."""


class Unanswered(TaskError):
    """The server could not be reached, or its answer broke off."""


class RunNotEnded(TaskError):
    """A run has not ended in the time that the task waits for it."""


def from_response(status: int, body: t.Any, retry_after: str = "") -> WireError:
    """Translate an error answer of the wire.

    Args:
        status: the HTTP status.
        body: the parsed JSON body (`{"error": {...}}`, or already its inside), or anything else that came.
        retry_after: the header of this name.

    Returns: the exception to raise; its `data["error"]` has message, type, param, code and status.
    """
    inside = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(inside, dict):
        inside = {"message": inside}
    message = readable(inside.get("message")) or "The server gave no reason."
    error = {
        "message": message,
        "type": inside.get("type"),
        "param": inside.get("param"),
        "code": inside.get("code"),
    }
    if "Idempotency-Key" in message:
        return KeyTaken(status, error)
    if status == 404 and (not isinstance(body, dict) or message.startswith("Invalid URL")):
        return NoSuchPath(status, error)
    found = (NotFound if status == 404 else WireError)(status, error)
    if retry_after:
        found.message += f" It wants to be asked again later (Retry-After: {retry_after[:40]})."
    return found


def readable(said: t.Any) -> str:
    """Return what a server said, for a message: a long text is cut, and of an HTML page its text is left."""
    text = said.strip() if isinstance(said, str) else str(said or "")
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
    return text_of_page(text) or cut


def text_of_page(body: t.Any) -> str:
    """Return what an HTML page says, briefly; "" where the body is none."""
    if not isinstance(body, str) or not _PAGE_START.match(body[:_PAGE]):
        return ""
    page = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", " ", body[:_PAGE])
    text = " ".join(re.sub(r"<[^>]*>?", " ", page).split())
    return f"an HTML page: {text[:_SHOWN]}" if text else "an empty HTML page"
