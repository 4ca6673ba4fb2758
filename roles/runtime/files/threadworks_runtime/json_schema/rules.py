# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a JSON Schema may be, and how a value breaks it."""

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
# Bytes that one compiled pattern may take.
_PATTERN_SIZE = 4 * 1024 * 1024
_SHOWN = 300  # characters of a reason: it may repeat a value


class Unusable(ValueError):
    """A schema cannot be used.

    Attributes:
        path: Where in the schema.
        reason: Why, without a full stop.
    """

    def __init__(self, path: list[Step], reason: str) -> None:
        super().__init__(f"{json_path(path)}: {reason}")
        self.path = path
        self.reason = reason


def check_schema(schema: dict[str, Any]) -> None:
    """Check that values can be checked against a schema.

    Args:
        schema: The schema, of the draft that its ``$schema`` names; without it, of draft 2020-12.

    Raises:
        Unusable: They cannot.
    """
    compiled(schema)


def compiled(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """Prepare a schema.

    ``format`` is an annotation in current JSON Schema, and is not checked.

    Args:
        schema: The schema.

    Returns:
        What checks values.

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
        if target == "":  # the library takes it for a reference to a schema that allows everything
            raise Unusable(path, 'the reference is empty: "#" leads to the schema itself')
    if loop := find_loop(schema):
        path, target = loop
        raise Unusable(path, f"{_short(json.dumps(target))} leads back to itself")
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
    """How a value breaks a schema.

    Args:
        validator: The prepared schema.
        value: JSON.

    Returns:
        Where and why; ``None``: it does not.
    """
    error = next(validator.iter_errors(value), None)
    if error is None:
        return None
    error = _nearest(error)
    return f"{json_path(error.instance_path)}: {_short(error.message)}"


def json_path(path: list[Step]) -> str:
    """A place in a JSON value as a JSON path.

    Args:
        path: Names and indexes, from the outside.

    Returns:
        As in ``$.items[0].name``.
    """
    return "$" + "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in path)


def _unusable(schema: dict[str, Any], error: jsonschema_rs.ValidationError) -> Unusable:
    path = error.instance_path
    if path and path[-1] == "type":
        return Unusable(path, f"{_short(json.dumps(error.instance))} is not a type: {_TYPES} is expected")
    if error.message.endswith('is not a "regex"'):
        why = "lookaround and backreferences are not supported, and the size is limited"
        return Unusable(path, f"the pattern {_short(json.dumps(error.instance))} cannot be used: {why}")
    if not path:
        # The library does not say where a reference is that leads nowhere.
        for at, name, target in _keywords(schema, *_NOT_FOUND):
            if str(target).lstrip("#") in error.message:
                return Unusable(at, f"{_short(json.dumps(target))} {_NOT_FOUND[name]}")
    return Unusable(path, _short(error.message))


def _keywords(value: Any, *names: str, path: tuple[Step, ...] = ()) -> Iterator[tuple[list[Step], str, Any]]:
    """The places in a schema that have one of these names, with what is there."""
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
    """Of a value that fits none of several schemas, the error in the schema that it comes nearest to."""
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
