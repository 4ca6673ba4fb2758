# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests start no processes: a test that needs one lies in another folder."""

from __future__ import annotations

import ast
from pathlib import Path

_UNIT = Path(__file__).resolve().parents[1]
_STARTERS = {"Popen", "fork", "AnsiblePlaybook", "Local", "Served"}


def _starters(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in ("multiprocessing", "subprocess")}
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found |= {name} & _STARTERS
    return found


def test_unit_tests_start_no_processes() -> None:
    files = {path.relative_to(_UNIT): _starters(ast.parse(path.read_text())) for path in _UNIT.rglob("*.py")}
    assert len(files) > 50
    assert {path: found for path, found in files.items() if found} == {}
