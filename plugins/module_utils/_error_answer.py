# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The boundary for errors of a server: an error answer is recognised here, and becomes an exception with data.
# Only imported for error answers, because most tasks have none.

from __future__ import annotations

import re
import typing as t

from ._errors import KeyTaken, NotFound, NotSupported, RunNotCancellable, ThreadLocked, WireError

# How much of an HTML page is read, and how much of its text is shown, in characters.
_PAGE, _SHOWN = 20000, 200
# The longest text of a server that is shown, in characters.
_LONGEST = 2000
_PAGE_START = re.compile(
    r"(\s|<\?xml[^>]*>|<!--((?!-->).)*-->)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_NOT_FOUND = "_not_found"
_CODES: dict[str, type[WireError]] = {
    "run_not_cancellable": RunNotCancellable,
    "idempotency_key_reused": KeyTaken,
    "unknown_url": NotSupported,
    "method_not_allowed": NotSupported,
    # The model server has no files and vector stores, or the runtime does not forward requests to it. Their status is
    # 404, but this does not mean that an object does not exist.
    "not_offered_by_model_server": WireError,
    "not_passed_on": WireError,
}
# What an error of a budget has in addition.
_BUDGET = ("budget", "per", "used", "limit", "free_at")
# Messages of other servers of the Assistants API, which send no code (Assistants wire, section 9).
_LOCKED = re.compile(r"(?:Thread \w+ already has an active|Can't add messages to \w+ while a) run (\w+)")
_NOTHING_FOUND = re.compile(r"No (assistant|thread|message|run) found ")


def from_response(status: int, body: t.Any, retry_after: str = "") -> WireError:
    """Translate an error answer of the wire.

    Args:
        status: The HTTP status.
        body: The parsed JSON body (`{"error": {...}}`), or any other value.
        retry_after: The header Retry-After.

    Returns:
        The exception to raise; its `data["error"]` has message, type, param, code and status.
    """
    inside = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(inside, dict):
        inside = {"message": inside}
    message = readable(inside.get("message") or inside.get("detail"))
    error = {**inside, "message": message or "The server did not return a reason."}
    if status == 404 and not _is_of_wire(body):
        return NotSupported(status, error)
    found = (_by_code if error.get("code") else _by_text)(status, error)
    if retry_after and found.__class__ is WireError:
        found.message += f" The server asks to try again later (Retry-After: {retry_after[:40]})."
    return found


def _is_of_wire(body: t.Any) -> bool:
    """Return whether this is an error of the wire. Other servers answer a wrong URL in other formats.

    FastAPI sends `{"detail": "Not Found"}`, llama.cpp an error with a number as its code.
    """
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and not isinstance(error.get("code"), int)


def _by_code(status: int, error: dict[str, t.Any]) -> WireError:
    """Recognise an answer by its code, which the runtime of this collection sends."""
    code = str(error["code"])
    if code == "run_active" and "run_id" in error:
        return ThreadLocked(status, error, str(error["run_id"]))
    if code in _CODES:
        return _CODES[code](status, error)
    if code.endswith(_NOT_FOUND):
        return NotFound(error["message"], code.removesuffix(_NOT_FOUND), error)
    found = _by_text(status, error)
    if code == "budget_exceeded":
        found.data["error"].update((name, error[name]) for name in _BUDGET if name in error)
    return found


def _by_text(status: int, error: dict[str, t.Any]) -> WireError:
    """Recognise an answer by its status and its text, if the server sends no known code."""
    message: str = error["message"]
    if locked := _LOCKED.match(message):
        return ThreadLocked(status, error, locked[1])
    if message.startswith("Cannot cancel run"):
        return RunNotCancellable(status, error)
    if status == 405 or (status == 404 and message.startswith("Invalid URL")):
        return NotSupported(status, error)
    if status == 404:
        nothing = _NOTHING_FOUND.match(message)
        return NotFound(message, nothing[1] if nothing else "", error)
    return WireError(status, error)


def readable(said: t.Any) -> str:
    """Return the text of a server for an error message: shortened, and without HTML markup."""
    text = said.strip() if isinstance(said, str) else str(said or "")
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
    return text_of_page(text) or cut


def text_of_page(body: t.Any) -> str:
    """Return the shortened text of an HTML page, or "" if the body is not an HTML page."""
    if not isinstance(body, str) or not _PAGE_START.match(body[:_PAGE]):
        return ""
    page = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", " ", body[:_PAGE])
    text = " ".join(re.sub(r"<[^>]*>?", " ", page).split())
    return f"an HTML page: {text[:_SHOWN]}" if text else "an empty HTML page"
