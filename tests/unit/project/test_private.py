# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No module of a dependency that its authors call private is imported; ruff (SLF001) looks at attributes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[3]
_OWN = ("ansible_collections.threadworks.openai", "threadworks_runtime", "__future__")


def _foreign(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and not str(node.module).startswith(_OWN):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


@pytest.mark.parametrize("folder", ["plugins", "roles"])
def test_no_private_module_of_a_dependency_is_imported(folder: str) -> None:
    names = {
        (str(path.relative_to(_ROOT)), name)
        for path in (_ROOT / folder).rglob("*.py")
        for name in _foreign(ast.parse(path.read_text()))
    }
    assert len(names) > 20
    assert {(path, name) for path, name in names if any(map(_is_private, name.split(".")))} == set()
