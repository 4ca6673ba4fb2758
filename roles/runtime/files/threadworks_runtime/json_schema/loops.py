# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find circular references of a JSON Schema that do not advance in the value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

Step = str | int

#: Keywords that lead to another schema.
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_ANCHORS = ("$anchor", "$dynamicAnchor")
# Keywords whose schemas are for the same value as the schema that they are in.
_ONE = ("not", "if", "then", "else")
_MANY = ("allOf", "anyOf", "oneOf", "dependentSchemas", "dependencies")


@dataclass
class _Place:
    """An object within a schema.

    Attributes:
        path: The path to the object.
        pointer: The same as a JSON pointer.
        base: The URI that its references are relative to.
        next: The pointers of the schemas for the same value, each with the reference to it.
    """

    schema: dict[str, Any]
    path: tuple[Step, ...]
    pointer: str
    base: str
    next: list[tuple[str, str | None]] = field(default_factory=list)


def find_loop(schema: dict[str, Any]) -> tuple[list[Step], str] | None:
    """Find a circular reference. Any value would pass it, or its validation would never end.

    Args:
        schema: A schema that is not nested deeply.

    Returns:
        The location of one of its references, and its target.
    """
    places: dict[str, _Place] = {}
    # By URI, the pointers of resources and anchors. Several objects can have the same dynamic anchor.
    named: dict[str, list[str]] = {"": [""]}
    _collect(schema, (), "", "", places, named)
    for place in places.values():
        place.next = _next(place, named)
    return _loop(places)


def _collect(
    value: Any, path: tuple[Step, ...], pointer: str, base: str, places: dict[str, _Place], named: dict[str, list[str]]
) -> None:
    """Collect the objects within a value, the innermost first."""
    if isinstance(value, dict):
        id = value.get("$id")
        if isinstance(id, str) and not id.startswith("#"):
            base = urldefrag(_joined(base, id)).url
            named.setdefault(base, []).append(pointer)
        anchors = [value.get(name) for name in _ANCHORS] + [id[1:] if isinstance(id, str) and id[:1] == "#" else None]
        for anchor in anchors:
            if isinstance(anchor, str):
                named.setdefault(f"{base}#{anchor}", []).append(pointer)
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        if isinstance(inner, (dict, list)):
            _collect(inner, (*path, step), f"{pointer}/{_escaped(step)}", base, places, named)
    if isinstance(value, dict):
        places[pointer] = _Place(value, path, pointer, base)


def _next(place: _Place, named: dict[str, list[str]]) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for name in REFERENCES:
        target = place.schema.get(name)
        if isinstance(target, str):
            found += [(pointer, name) for pointer in _targets(place.base, target, named)]
    found += [(f"{place.pointer}/{name}", None) for name in _ONE]
    for name in _MANY:
        inner = place.schema.get(name)
        steps = inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
        found += [(f"{place.pointer}/{name}/{_escaped(step)}", None) for step in steps]
    return found


def _targets(base: str, target: str, named: dict[str, list[str]]) -> list[str]:
    url, fragment = urldefrag(_joined(base, target))
    fragment = unquote(fragment)
    if fragment and not fragment.startswith("/"):
        return named.get(f"{url}#{fragment}", [])
    return [pointer + fragment for pointer in named.get(url, [])]


def _loop(places: dict[str, _Place]) -> tuple[list[Step], str] | None:
    """Visit each object once, depth first and without recursion, because a chain can have thousands of references."""
    done: set[str] = set()
    for start in places:
        way: dict[str, str | None] = {}
        left: list[tuple[int, str, str | None]] = [(0, start, None)]
        while left:
            depth, pointer, reference = left.pop()
            while len(way) > depth:
                done.add(way.popitem()[0])
            if pointer in way:
                pointers = list(way)
                first = pointers.index(pointer)
                # The links of the loop. Without a reference, it is not a loop.
                leads = zip(pointers[first:], [*list(way.values())[first + 1 :], reference], strict=True)
                place, name = next((places[at], name) for at, name in leads if name)
                return [*place.path, name], place.schema[name]
            if pointer in places and pointer not in done:
                way[pointer] = reference
                left += [(len(way), inner, name) for inner, name in places[pointer].next]
        done.update(way)
    return None


def _joined(base: str, target: str) -> str:
    try:
        # urljoin does not support URNs as a base.
        return urldefrag(base).url + target if target.startswith("#") else urljoin(base, target) if target else base
    except ValueError:
        return target


def _escaped(step: Step) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
