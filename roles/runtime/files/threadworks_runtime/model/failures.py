# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions of the openai SDK, and of the HTTP library under it, as errors of a run. Only imported with both."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import openai

from .cleaning import clean, text
from .errors import ModelError, from_body
from .secrets import Secrets
from .wording import line

_CHECK = "Check that the server is running, and check base_url (OPENAI_BASE_URL)."
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Failures:
    """Converts errors of one model server.

    Args:
        place: The server's host and port.
        timeout: Seconds that the server may be silent.
        connect: Seconds that a connection may take.
        attempts: The maximum number of attempts of a request.
        secrets: The secrets, which messages must not contain.
        hint: What is probably wrong with the path of ``base_url``, with a space before it, or an empty string.
    """

    place: str
    timeout: float
    connect: float
    attempts: int
    secrets: Secrets
    hint: str

    def translate(self, error: Exception) -> ModelError:
        """Translate an exception.

        Args:
            error: The exception of the request or of its answer.

        Returns:
            The error of the run.
        """
        if isinstance(error, ModelError):
            return error
        if isinstance(error, (openai.OpenAIError, httpx2.HTTPError)):
            return self._of_exchange(error)
        if isinstance(error, RecursionError):
            return self.unreadable("JSON that is nested too deeply")
        if isinstance(error, UnicodeDecodeError):
            return self.unreadable("text that is not UTF-8")
        return self.unreadable(f"something that is not JSON ({line(self._hidden(str(error)))})")

    def unreadable(self, what: str) -> ModelError:
        """Return the error of an answer that cannot be read.

        Args:
            what: What the server sent.
        """
        return self._failed(f"The model server at {self.place} sent {what}.{self.hint}")

    def rate_limited(self, seconds: float) -> ModelError:
        """Return the error of a run that expires before the server accepts requests again.

        Args:
            seconds: The seconds until then.
        """
        return ModelError(
            "rate_limit_exceeded",
            f"The rate limit of the model server at {self.place} is reached. It accepts requests again in "
            f"{seconds:.0f} seconds, after the run has expired.",
            429,
        )

    def _of_exchange(self, error: openai.OpenAIError | httpx2.HTTPError) -> ModelError:
        """Translate what the SDK or the HTTP library raised."""
        if isinstance(error, openai.APIStatusError):
            return self._refused(error)
        if isinstance(error, openai.APIError) and not isinstance(error, openai.APIConnectionError):
            return from_body(self._clean(error.body or error.message), place=self.place)
        if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
            return self._late(error)
        reason = line(self._hidden(_reason(error)))
        return self._failed(f"The connection to the model server at {self.place} failed: {reason}. {_CHECK}")

    def _refused(self, error: openai.APIStatusError) -> ModelError:
        status = error.status_code
        if status in _MOVED:
            target = line(self._hidden(error.response.headers.get("location", "")))
            return self._failed(
                f"The model server at {self.place} redirects to {target or 'an unknown address'} ({status}). No "
                "message was sent there. If it is the correct server, set base_url (OPENAI_BASE_URL) to its URL.",
                status,
            )
        return from_body(self._clean(error.body), place=self.place, status=status, hint=self.hint)

    def _late(self, error: Exception) -> ModelError:
        if any(isinstance(cause, httpx2.ConnectTimeout) for cause in _causes(error)):
            tried = f", {self.attempts} times" if self.attempts > 1 else ""
            return self._failed(
                f"The model server at {self.place} could not be reached: no connection within {self.connect:g} seconds"
                f"{tried}. {_CHECK}"
            )
        return self._failed(
            f"The model server at {self.place} did not send anything for {self.timeout:g} seconds (option timeout)."
        )

    @staticmethod
    def _failed(message: str, status: int | None = None) -> ModelError:
        return ModelError("server_error", message, status)

    def _hidden(self, words: str) -> str:
        return text(words, self.secrets)

    def _clean(self, body: object) -> object:
        try:
            return clean(body, self.secrets)
        except ValueError:
            return None


def _reason(error: BaseException) -> str:
    """Return the reason why there is no connection."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return f"its name cannot be resolved ({cause.strerror})"
        # The messages of asyncio contain the address, but not the reason. The errno of SSLError has a different
        # meaning.
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, ssl.SSLError):
            return os.strerror(cause.errno)
    return next((words for words in map(str, causes) if words), "no reason given").rstrip(".")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the causes of an exception, the nearest first, then the exception itself."""
    cause = error.__cause__ or error.__context__
    while cause is not None:
        yield cause
        # If several addresses of a host were tried, use the first one.
        several = getattr(cause, "exceptions", (None,))
        cause = cause.__cause__ or cause.__context__ or several[0]
    yield error
