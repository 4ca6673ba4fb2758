# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of model servers, as the three error codes of a run (Assistants wire, section 7)."""

from __future__ import annotations

import re
from typing import Any

from ..objects import Usage
from .places import option_of
from .usage import Reported, tokens
from .wording import line, said

_CONTEXT = re.compile(
    r"context (?:length|window|size)|(?:context_length|context_size)_?e|exceed_context", re.IGNORECASE
)
_RATE_CODES = frozenset({"429", "rate_limit_exceeded", "rate_limit_error", "insufficient_quota"})
# The account has no money left, or the request will never be within the limit: waiting does not help.
_PERMANENT_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)
_PROMPT_CODES = frozenset({"content_filter", "invalid_prompt"})


class ModelError(Exception):
    """The model server caused a run to fail.

    Attributes:
        code: ``server_error``, ``rate_limit_exceeded`` or ``invalid_prompt``, as in a run's ``last_error``.
        message: The problem and its solution, without keys.
        status: The HTTP status of the answer, if any.
        usage: The usage of a complete answer that cannot be used, or None if it is unknown.
        served: What this answer reports about itself, or None if there is no complete answer.
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.usage: Usage | None = None
        self.served: Reported | None = None
        self.code = code
        self.message = message
        self.status = status


class ContextExceeded(ModelError):
    """The prompt is longer than the model's context; ``limit`` is its size in tokens, if the server reports it."""

    def __init__(self, message: str, status: int | None, limit: int | None) -> None:
        super().__init__("server_error", message, status)
        self.limit = limit


class LimitReached(Exception):
    """A run's token limit leaves no room for a request: the run ends ``incomplete``.

    Attributes:
        reason: ``max_prompt_tokens`` or ``max_completion_tokens``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def not_understood(what: str) -> ModelError:
    """Return the error for an answer that does not conform to the Responses API.

    Args:
        what: The problem, without a full stop.
    """
    return ModelError("server_error", f"The answer of the model server cannot be processed: {line(what)}.")


def is_permanent(error: object) -> bool:
    """Return whether a server that refuses a request because of a rate limit will also refuse it later.

    Args:
        error: The error body.
    """
    details: dict[str, Any] = error if isinstance(error, dict) else {"message": error}
    kinds = {str(details.get(name)) for name in ("code", "type")}
    return not _PERMANENT_CODES.isdisjoint(kinds) or bool(_TOO_LARGE.search(str(details.get("message"))))


def from_body(error: object, *, place: str = "", status: int | None = None, hint: str = "") -> ModelError:
    """Translate an error body, or the ``error`` of a failed response or of a stream's error event.

    Args:
        error: ``{"message", "type", "code", ...}`` possibly incomplete, or a text, without secrets.
        place: The host and port of the server, if known.
        status: The HTTP status of the answer.
        hint: A hint for the case that the server does not know the path.
    """
    details: dict[str, Any] = error if isinstance(error, dict) else {"message": error}
    text = said(details.get("message") or details.get("detail"))
    kinds = [str(details[name]) for name in ("code", "type") if details.get(name)]
    at = f" at {place}" if place else ""
    if status in (401, 403):
        remedy = " Check api_key (OPENAI_API_KEY) and base_url (OPENAI_BASE_URL)."
        return ModelError("server_error", f"The model server{at} refused the key ({status}): {text}{remedy}", status)
    message = f"The model server{at} answered{f' {status}' if status else ' with an error'}: {text}"
    if option := option_of(str(details.get("param") or ""), text):
        message += f" Check the option {option}."
    if status == 429 or not _RATE_CODES.isdisjoint(kinds):
        return ModelError("rate_limit_exceeded", message, status)
    if any("policy" in kind.lower() or kind in _PROMPT_CODES for kind in kinds):
        return ModelError("invalid_prompt", message, status)
    if status in (None, 400, 413) and any(_CONTEXT.search(words) for words in (*kinds, text)):
        return ContextExceeded(message, status, tokens(details.get("n_ctx")) or None)
    if status in (404, 405):
        about_model = "model" in f"{kinds} {text}".lower()
        message += (
            " Check the option model."
            if about_model
            else (f" Check base_url, and check that the server supports POST /responses.{hint}")
        )
    return ModelError("server_error", message, status)
