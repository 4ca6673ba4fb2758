# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The documentation of the options. It is read from the comments of the table, which no task loads.

from __future__ import annotations

import ast
import functools
import itertools
import json
import typing as t
from pathlib import Path

from ..module_utils import (
    _table_connection,
    _table_files,
    _table_info,
    _table_lookups,
    _table_resources,
    _table_runs,
    _table_tools,
    _table_transfer,
)
from ..module_utils._option import Option
from ..module_utils._options import TABLE
from ._connection import definition, sources

Json = dict[str, t.Any]

_PARTS = (
    _table_connection,
    _table_files,
    _table_info,
    _table_lookups,
    _table_resources,
    _table_runs,
    _table_tools,
    _table_transfer,
)
_MARK = "#:"
_OPTIONAL = ("required", False)


def of_module(module: str) -> str:
    """Return the documentation of a module's own options, as a fragment."""
    return _fragment(option for option in TABLE if module in option.modules)


def of_lookup(lookup: str, **more: t.Any) -> str:
    """Return the documentation of a lookup's own options, as a fragment.

    Args:
        lookup: The lookup.
        more: Other parts of the documentation, such as its notes.
    """
    return _fragment((option for option in _table_lookups.LOOKUPS if lookup in option.lookups), **more)


def of_connection(requirements: list[str]) -> str:
    """Return the documentation of the connection options, as a fragment.

    Args:
        requirements: The requirements of a plugin with these options.
    """
    return _fragment(_table_connection.CONNECTION, requirements=requirements)


def of_sources() -> str:
    """Return the sources of the connection options on the control node (variables and others), as a fragment."""
    options = {
        option.name: {place: names for place, names in sources(option).items() if names}
        for option in _table_connection.CONNECTION
    }
    for option in _table_connection.CONNECTION:
        default = definition(option).get("default")
        if default != option.default:
            options[option.name]["default"] = default
    return json.dumps({"options": options})


def _fragment(options: t.Iterable[Option], **more: t.Any) -> str:
    # JSON is YAML.
    return json.dumps({"options": described(options), **more})


def described(options: t.Iterable[Option]) -> dict[str, Json]:
    """Return options in the format of a plugin's documentation.

    Raises:
        ValueError: An option has no comment.
    """
    return {option.name: _described(option) for option in options}


def _described(option: Option) -> Json:
    fields = {
        "description": _comments().get(id(option)),
        "type": option.type,
        "elements": option.elements,
        "required": option.required,
        "choices": list(option.choices) or None,
        "default": option.default,
        "suboptions": described(option.options),
        "version_added": option.version_added,
    }
    if not fields["description"]:
        raise ValueError(f"The option {option.name} has no comment that starts with {_MARK}")
    return {name: value for name, value in fields.items() if value not in (None, "", {}) and (name, value) != _OPTIONAL}


@functools.cache
def _comments() -> dict[int, list[str]]:
    """Return the paragraphs of the comment above each entry of the table, by the entry's identity."""
    found: dict[int, list[str]] = {}
    for part in _PARTS:
        source = Path(str(part.__file__)).read_text(encoding="utf-8")
        lines = source.splitlines()
        for name, values in _tuples(source):
            for value, entry in zip(values, getattr(part, name), strict=False):
                if isinstance(value, ast.Call):
                    found[id(entry)] = _paragraphs(lines[: value.lineno - 1])
    return found


def _tuples(source: str) -> t.Iterator[tuple[str, list[ast.expr]]]:
    """Yield the tuples that a file assigns to names: the name, and the items as syntax trees."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value.elts


def _paragraphs(lines: list[str]) -> list[str]:
    """Return the paragraphs of the comment at the end of these lines."""
    above = map(str.strip, reversed(lines))
    comment = [line.removeprefix(_MARK).strip() for line in itertools.takewhile(lambda a: a.startswith(_MARK), above)]
    return [" ".join(words) for text, words in itertools.groupby(reversed(comment), bool) if text]
