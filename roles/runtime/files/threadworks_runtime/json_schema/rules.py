# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for JSON Schemas, and the problems of values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind

from .loops import REFERENCES, Step, find_loop
from .text import DEEPEST, is_deep

_TYPES = "array, boolean, integer, null, number, object or string"
_LARGEST = 1024 * 1024  # characters of JSON
_PATTERNS = 500
_PATTERN_KEYWORDS = ("pattern", "patternProperties")
_ELSEWHERE = "cannot be found: only references within the schema are followed"
_NOT_FOUND = {**dict.fromkeys(REFERENCES, _ELSEWHERE), "$schema": "is not a known draft of JSON Schema"}
# The maximum size of a compiled pattern in bytes.
_PATTERN_SIZE = 4 * 1024 * 1024
_SHOWN = 300  # maximum number of characters of a reason, which can contain a value


class Unusable(ValueError):
    """A schema cannot be used.

    Attributes:
        path: The location in the schema.
        reason: The reason, without a full stop.
    """

    def __init__(self, path: list[Step], reason: str) -> None:
        super().__init__(f"{json_path(path)}: {reason}")
        self.path = path
        self.reason = reason


def check_schema(schema: dict[str, Any]) -> None:
    """Check that a schema can be used.

    Args:
        schema: The schema, of the draft that its ``$schema`` names; without it, of draft 2020-12.

    Raises:
        Unusable: It cannot be used.
    """
    compiled(schema)


def compiled(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """Prepare a schema.

    ``format`` is an annotation in current JSON Schema, and is not checked.

    Args:
        schema: The schema.

    Returns:
        The validator.

    Raises:
        Unusable: It cannot be used.
    """
    if is_deep(schema, DEEPEST):
        raise Unusable([], f"it is nested more than {DEEPEST} levels deep")
    if len(json.dumps(schema)) > _LARGEST:
        raise Unusable([], f"it is larger than {_LARGEST} characters")
    patterns = sum(
        1 if name == "pattern" else len(value) for _path, name, value in _keywords(schema, *_PATTERN_KEYWORDS)
    )
    if patterns > _PATTERNS:
        raise Unusable([], f"it has more than {_PATTERNS} patterns")
    for path, _name, target in _keywords(schema, *REFERENCES):
        if target == "":  # the library treats it as a reference to a schema that allows everything
            raise Unusable(path, 'the reference is empty. Use "#" to refer to the schema itself')
    if loop := find_loop(schema):
        path, target = loop
        raise Unusable(path, f"{_short(json.dumps(target))} is a circular reference")
    try:
        return jsonschema_rs.validator_for(
            schema,
            offline=True,
            validate_formats=False,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_SIZE),
        )
    except jsonschema_rs.ValidationError as error:
        raise _unusable(schema, error) from None
    except (jsonschema_rs.ReferencingError, ValueError) as error:
        raise Unusable([], _short(str(error))) from None


def problem(validator: jsonschema_rs.Validator, value: Any) -> str | None:
    """Return how a value violates a schema.

    Args:
        validator: The prepared schema.
        value: JSON.

    Returns:
        The location and the reason, or None if it is valid.
    """
    error = next(validator.iter_errors(value), None)
    if error is None:
        return None
    error = _nearest(error)
    return f"{json_path(error.instance_path)}: {_short(error.message)}"


def json_path(path: list[Step]) -> str:
    """Return a location in a JSON value as a JSON path.

    Args:
        path: Names and indexes, from the outside.

    Returns:
        As in ``$.items[0].name``.
    """
    return "$" + "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in path)


def _unusable(schema: dict[str, Any], error: jsonschema_rs.ValidationError) -> Unusable:
    path = error.instance_path
    if path and path[-1] == "type":
        return Unusable(path, f"{_short(json.dumps(error.instance))} is not a type. Use {_TYPES}")
    if error.message.endswith('is not a "regex"'):
        why = "lookaround and backreferences are not supported, and the size is limited"
        return Unusable(path, f"the pattern {_short(json.dumps(error.instance))} cannot be used: {why}")
    if not path:
        # The library does not report the location of an invalid reference.
        for at, name, target in _keywords(schema, *_NOT_FOUND):
            if str(target).lstrip("#") in error.message:
                return Unusable(at, f"{_short(json.dumps(target))} {_NOT_FOUND[name]}")
    return Unusable(path, _short(error.message))


def _keywords(value: Any, *names: str, path: tuple[Step, ...] = ()) -> Iterator[tuple[list[Step], str, Any]]:
    """Yield the locations of keywords in a schema, with their names and values."""
    if isinstance(value, dict):
        for name, inner in value.items():
            at = (*path, name)
            if name in names and isinstance(inner, (str, dict)):
                yield [*at], name, inner
            yield from _keywords(inner, *names, path=at)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _keywords(inner, *names, path=(*path, index))


def _nearest(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Return the error of the closest schema for a value that matches none of several schemas."""
    while isinstance(error.kind, (ValidationErrorKind.AnyOf, ValidationErrorKind.OneOfNotValid)):
        firsts = [branch[0] for branch in error.kind.context if branch]
        deepest = max(firsts, key=lambda each: len(each.instance_path), default=error)
        if len(deepest.instance_path) <= len(error.instance_path):
            break
        error = deepest
    return error


def _short(text: str) -> str:
    text = text.rstrip(".")
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}...{text[-_SHOWN // 2 :]}"
