# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong with a model server, as the three error codes of a run (Assistants wire, section 7)."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2
    import openai

_KEY_LIKE = re.compile(r"\b(?:sk|sess)-[\w*.-]{6,}")
_CONTEXT = re.compile(
    r"context (?:length|window|size)|(?:context_length|context_size)_?e|exceed_context", re.IGNORECASE
)
_RATE_CODES = frozenset({"429", "rate_limit_exceeded", "rate_limit_error", "insufficient_quota"})
_PROMPT_CODES = frozenset({"content_filter", "invalid_prompt"})


class ModelError(Exception):
    """The model server's part of a run failed.

    :ivar code: ``server_error``, ``rate_limit_exceeded`` or ``invalid_prompt``, as in a run's ``last_error``.
    :ivar message: what happened and what to do about it; never contains a key.
    :ivar status: the HTTP status of the server's answer, where there was one.
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class ContextExceeded(ModelError):
    """The prompt is longer than the model's context; ``limit`` is its size in tokens where the server tells it."""

    def __init__(self, message: str, status: int | None, limit: int | None) -> None:
        super().__init__("server_error", message, status)
        self.limit = limit


class LimitReached(Exception):
    """A run's token limit leaves no room for a request: the run ends ``incomplete``.

    :ivar reason: ``max_prompt_tokens`` or ``max_completion_tokens``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def from_body(error: object, *, place: str = "", status: int | None = None, key: str | None = None) -> ModelError:
    """Translate an error body, or the ``error`` of a failed response or of a stream's error event.

    :param error: ``{"message", "type", "code", ...}`` with anything missing, or a text. ``code`` may be an integer.
    :param place: the server's host and port, where known.
    :param status: the HTTP status that came with it.
    :param key: the API key, which the message must not repeat.
    """
    details: dict[str, Any] = error if isinstance(error, dict) else {"message": error}
    said = details.get("message") or details.get("detail")
    text = redact(str(said).strip(), key) if said else "(it gave no reason)"
    message = (
        f"The model server{place and f' at {place}'} answered{f' {status}' if status else ' with an error'}: {text}"
    )
    kinds = [str(details[name]) for name in ("code", "type") if details.get(name)]
    if status == 429 or not _RATE_CODES.isdisjoint(kinds):
        return ModelError("rate_limit_exceeded", message, status)
    if any("policy" in kind.lower() or kind in _PROMPT_CODES for kind in kinds):
        return ModelError("invalid_prompt", message, status)
    if status in (None, 400, 413) and any(_CONTEXT.search(words) for words in (*kinds, text)):
        limit = details.get("n_ctx")
        return ContextExceeded(message, status, limit if isinstance(limit, int) else None)
    return ModelError("server_error", message + _remedy(status), status)


def from_sdk(
    error: openai.OpenAIError | httpx2.HTTPError, *, place: str, timeout: float, key: str | None
) -> ModelError:
    """Translate an exception of the openai SDK, or of the HTTP library under it.

    :param place: the server's host and port.
    :param timeout: the seconds that were waited for an answer.
    :param key: the API key, which the message must not repeat.
    """
    import httpx2
    import openai

    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
        return ModelError(
            "server_error", f"The model server at {place} said nothing for {timeout:g} seconds (timeout)."
        )
    if isinstance(error, openai.APIError) and not isinstance(error, openai.APIConnectionError):
        status = getattr(error, "status_code", None)
        return from_body(error.body or error.message, place=place, status=status, key=key)
    return ModelError(
        "server_error",
        f"The connection to the model server at {place} failed: {redact(_reason(error), key)}."
        " Is the server running there? Check base_url (OPENAI_BASE_URL).",
    )


def redact(text: str, key: str | None = None) -> str:
    """Take out the API key and whatever looks like one: servers repeat a wrong key in their answer."""
    return _KEY_LIKE.sub("(key hidden)", text.replace(key, "(key hidden)") if key else text)


def _remedy(status: int | None) -> str:
    if status in (401, 403):
        return " (Check api_key (OPENAI_API_KEY) and base_url (OPENAI_BASE_URL).)"
    if status in (404, 405):
        return " (Does it offer POST /responses under base_url (OPENAI_BASE_URL), and this model?)"
    return ""


def _reason(error: BaseException) -> str:
    """Why there is no connection, or no more."""
    causes = list(_causes(error))
    for cause in causes:
        # The texts of asyncio name the address, and not the reason. Errors of these two kinds count differently.
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, (ssl.SSLError, socket.gaierror)):
            return os.strerror(cause.errno)
    return next((text for text in map(str, causes) if text), "no reason given")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception's causes, nearest first, then the exception itself."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        yield cause
        # Where several addresses of a host were tried, the first one stands for all.
        several = getattr(cause, "exceptions", (None,))
        cause = cause.__cause__ or cause.__context__ or several[0]
    yield error
