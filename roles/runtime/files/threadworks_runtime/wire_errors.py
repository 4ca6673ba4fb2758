# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error responses of the API (Assistants wire, section 9), and the conversion of the runtime's errors to them."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from . import errors
from .store.wording import Trouble, trouble
from .text import shorten

IDEMPOTENCY_KEY = "Idempotency-Key"
_TROUBLE = {Trouble.FULL: "store_full", Trouble.READ_ONLY: "store_read_only", Trouble.UNAVAILABLE: "store_unavailable"}


class ApiError(Exception):
    """An error response.

    Args:
        status: The HTTP status.
        message: The error for humans.
        param: The field of the request.
        code: The error code for programs.
        type: The family of the error.
        data: Further keys of the error for programs (an addition of the runtime).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        param: str | None = None,
        type: str = "invalid_request_error",
        **data: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"type": type, "message": message, "param": param, "code": code, **data}

    @property
    def body(self) -> dict[str, Any]:
        """The body, always with the four keys of the API."""
        return {"error": self.error}


def invalid(param: str, problem: str, code: str = "invalid_value") -> ApiError:
    """Return the error 400 for a field with an invalid value.

    Args:
        param: The field's path, as in ``tools[0].function.name``.
        problem: The problem with the value.
        code: The error code for programs.

    Returns:
        The error to raise.
    """
    return ApiError(400, f"Invalid value for '{param}': {problem}", param=param, code=code)


def unavailable(message: str, code: str) -> ApiError:
    """Return the error 503 for a temporary problem.

    Args:
        message: The problem.
        code: The error code for programs.

    Returns:
        The error to raise.
    """
    return ApiError(503, message, code=code, type="server_error")


@singledispatch
def to_api_error(error: Exception) -> ApiError:
    """Convert an error of the runtime to an error response.

    Args:
        error: The error.

    Returns:
        The response to the request.
    """
    return ApiError(500, "The runtime failed to process this request.", code="internal_error", type="server_error")


@to_api_error.register
def _api_error(error: ApiError) -> ApiError:
    return error


@to_api_error.register
def _store_failure(error: SQLAlchemyError) -> ApiError:
    kind, message = trouble(getattr(error, "orig", None) or error)
    return unavailable(message, _TROUBLE[kind])


@to_api_error.register
def _not_found(error: errors.NotFound) -> ApiError:
    message = f"No {error.noun} found with id '{shorten(error.id)}'."
    return ApiError(404, message, code=f"{error.noun.replace(' ', '_')}_not_found")


@to_api_error.register
def _cursor_not_found(error: errors.CursorNotFound) -> ApiError:
    return invalid(error.parameter, f"no {error.noun} found with id '{shorten(error.id)}' in this list.")


@to_api_error.register
def _run_active(error: errors.RunActive) -> ApiError:
    # Clients parse these texts. They are the same as in OpenAI's API.
    if error.wanted == "run":
        message = f"Thread {error.thread_id} already has an active run {error.run_id}."
    else:
        message = f"Can't add messages to {error.thread_id} while a run {error.run_id} is active."
    return ApiError(400, message, code="run_active", run_id=error.run_id, run_status=error.run_status)


@to_api_error.register
def _run_not_cancellable(error: errors.RunNotCancellable) -> ApiError:
    message = f"Cannot cancel run with status '{error.run_status}'."
    return ApiError(400, message, code="run_not_cancellable", run_id=error.run_id, run_status=error.run_status)


@to_api_error.register
def _run_not_waiting(error: errors.RunNotWaiting) -> ApiError:
    message = f'Runs in status "{error.run_status}" do not accept tool outputs.'
    return ApiError(400, message, code="run_not_waiting", run_id=error.run_id, run_status=error.run_status)


@to_api_error.register
def _tool_outputs_mismatch(error: errors.ToolOutputsMismatch) -> ApiError:
    given = [shorten(id) for id in error.given]
    message = f"Expected tool outputs for call_ids {error.expected}, got {given}"
    return ApiError(
        400,
        message,
        code="tool_outputs_mismatch",
        param="tool_outputs",
        run_id=error.run_id,
        expected=error.expected,
    )


@to_api_error.register
def _thread_full(error: errors.ThreadFull) -> ApiError:
    message = f"Thread {error.thread_id} cannot have more than {error.limit} messages."
    return ApiError(400, message, code="thread_full")


@to_api_error.register
def _budget_exceeded(error: errors.BudgetExceeded) -> ApiError:
    # Not 429: clients would repeat the request.
    return ApiError(
        400,
        error.message,
        code="budget_exceeded",
        budget=error.budget,
        per=error.per,
        used=error.used,
        limit=error.limit,
        free_at=error.free_at,
    )


@to_api_error.register
def _invalid_queue(error: errors.InvalidQueue) -> ApiError:
    return invalid(f"metadata.{error.key}", error.problem, "invalid_queue")


@to_api_error.register
def _invalid_idempotency_key(error: errors.InvalidIdempotencyKey) -> ApiError:
    return invalid(IDEMPOTENCY_KEY, "1 to 255 printable ASCII characters are expected.", "invalid_idempotency_key")


@to_api_error.register
def _idempotency_key_reused(error: errors.IdempotencyKeyReused) -> ApiError:
    return invalid(IDEMPOTENCY_KEY, "this key was used for another request.", "idempotency_key_reused")


@to_api_error.register
def _stopping(error: errors.Stopping) -> ApiError:
    return unavailable("The server is stopping. Another server continues the run.", "runtime_stopping")
