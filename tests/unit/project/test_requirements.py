# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the runtime needs is declared, with lower bounds only, as certification asks for."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_RUNTIME = Path(__file__).resolve().parents[3] / "roles" / "runtime" / "files"
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z][\w.-]*)>=\d+(\.\d+)*")
# The libraries in the comment at the end. psycopg_pool is an extra of psycopg that procrastinate requires.
# opentelemetry is the package of opentelemetry-sdk.
_OPTIONAL = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(\[\w+\])?>=\d")
_EXTRAS = {"psycopg_pool", "opentelemetry"}
_OWN = {"threadworks_runtime"}


def _requirements() -> list[str]:
    lines = (_RUNTIME / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _optional() -> set[str]:
    """Return the libraries that only some stores need."""
    _required, _mark, optional = (_RUNTIME / "requirements.txt").read_text().partition("# Optional:")
    return {match["name"] for match in _OPTIONAL.finditer(optional)} | _EXTRAS


def _imports(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]


def test_requirements_have_lower_bounds_only() -> None:
    assert [line for line in _requirements() if not _REQUIREMENT.fullmatch(line)] == []


def test_each_import_of_the_runtime_is_declared_and_each_requirement_is_imported() -> None:
    imported = {name for path in _RUNTIME.rglob("*.py") for name in _imports(path.read_text())}
    declared = {match["name"].lower().replace("-", "_") for match in map(_REQUIREMENT.match, _requirements()) if match}
    assert imported - set(sys.stdlib_module_names) - _OWN == declared | _optional()


def test_the_requirements_of_the_collection_are_those_of_the_runtime() -> None:
    """There is one file, and a link to it."""
    assert _RUNTIME.joinpath("../../../requirements.txt").resolve() == _RUNTIME / "requirements.txt"
