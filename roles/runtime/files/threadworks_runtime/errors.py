# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors: those that are answered on the wire, and the one that is raised to whoever opens a store."""

from __future__ import annotations

from typing import Any

_LONGEST = 100  # characters of a name or a value in a message


class StoreError(Exception):
    """The store cannot be used; the message says which, why and what to do."""


class ApiError(Exception):
    """An error answer (Assistants wire, section 9).

    Args:
        status: The HTTP status.
        message: What went wrong, for people.
        param: The request's field it is about.
        code: What went wrong, for programs.
        type: The family of the error.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        type: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": type, "message": message, "param": param, "code": code}

    @property
    def body(self) -> dict[str, Any]:
        """The error body: all four keys, always."""
        return {"error": self.error}


def invalid(param: str, problem: str, code: str = "invalid_value") -> ApiError:
    """The 400 for a field that has a wrong value.

    Args:
        param: The field's path, as in ``tools[0].function.name``.
        problem: What is wrong with it.
        code: What is wrong with it, for programs.

    Returns:
        The error, to be raised.
    """
    return ApiError(400, f"Invalid value for '{param}': {problem}", param=param, code=code)


def shorten(text: str) -> str:
    """What a message repeats of a request: an answer is not as large as what it refuses.

    Args:
        text: A name or a value of the request.

    Returns:
        Its beginning.
    """
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def not_found(noun: str, id: str) -> ApiError:
    """The 404 for an unknown id.

    Args:
        noun: What was looked for, as in ``thread``.
        id: The id that was asked for.

    Returns:
        The error, to be raised.
    """
    return ApiError(404, f"No {noun} found with id '{shorten(id)}'.")
