# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate request bodies, and convert validation errors to errors of the API."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ..text import shorten
from ..wire_errors import ApiError, invalid


class Body(BaseModel):
    """A JSON object of the API, without unknown fields and type conversions (``"1"`` is not a number)."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


B = TypeVar("B", bound=Body)


class Nullable(Body):
    """An object whose fields can be null, which is the same as unset."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: inner for name, inner in value.items() if inner is not None}


def parse(schema: type[Body], value: Any) -> dict[str, Any]:
    """Validate a request body.

    Args:
        schema: The model of the body.
        value: The decoded JSON.

    Returns:
        The fields in the request.

    Raises:
        ApiError: 400 for the first invalid field (Assistants wire, section 9).
    """
    return check(schema, value).model_dump(exclude_unset=True, by_alias=True)


def check(schema: type[B], value: Any) -> B:
    """Validate a JSON object.

    Args:
        schema: Its model.
        value: The decoded JSON.

    Returns:
        The model.

    Raises:
        ApiError: 400 for the first invalid field.
    """
    if not isinstance(value, dict):
        raise ApiError(400, "Invalid body: expected a JSON object.", code="invalid_type")
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        raise _translated(error, value) from None


def _translated(error: ValidationError, body: dict[str, Any]) -> ApiError:
    first = error.errors(include_url=False, include_input=False)[0]
    kind, context = first["type"], first.get("ctx", {})
    param = _path(first["loc"], body, missing=kind == "missing")
    if kind == "missing":
        return _missing(param)
    if kind == "extra_forbidden":
        return ApiError(400, f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
    if kind == "union_tag_invalid":
        return invalid(f"{param}.type", f"'{shorten(context['tag'])}' is not one of {context['expected_tags']}.")
    if kind == "union_tag_not_found":
        return _missing(f"{param}.type")
    if kind == "model_type":  # pydantic's message contains the name of the class
        return invalid(param, "input should be a valid dictionary.")
    message = first["msg"].removeprefix("Value error, ")
    return invalid(param, message[0].lower() + message[1:] + ("" if message.endswith(".") else "."))


def _missing(param: str) -> ApiError:
    return ApiError(400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def _path(location: tuple[int | str, ...], body: Any, *, missing: bool) -> str:
    # pydantic adds the tags of unions to the path. Only keys that exist in the body are fields.
    path, here = "", body
    for position, step in enumerate(location):
        if isinstance(here, list) and isinstance(step, int) and step < len(here):
            path, here = f"{path}[{step}]", here[step]
        elif isinstance(here, dict) and (step in here or (missing and position == len(location) - 1)):
            name = shorten(str(step))
            path, here = f"{path}.{name}" if path else name, here.get(step)
    return path
