# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The short form of each chapter of `make faults`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

_FAULTS = Path(__file__).resolve().parents[2] / "scripts" / "faults"
# Each group is one process, because the start of one takes as much time as some chapters.
_GROUPS = (
    pytest.param(["kills", "injections", "tools"], marks=pytest.mark.matrix),
    ["model", "secrets", "versions", "clock"],
    ["writers", "disks", "doors", "cluster"],
)


@pytest.mark.parametrize("chapters", _GROUPS, ids=" ".join)
def test_every_figure_is_as_asked(chapters: list[str], tmp_path: Path) -> None:
    only = [word for chapter in chapters for word in ("--only", chapter)]
    command = [sys.executable, str(_FAULTS), "--short", *only, "--output", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {line.split(" ")[0] for line in ended.stdout.splitlines()} >= set(chapters)
    if "skipped: clock steps" in ended.stdout:
        pytest.skip("libfaketime is not installed. The other chapters have passed.")


def test_all_chapters_are_tested() -> None:
    tree = ast.parse((_FAULTS / "__main__.py").read_text())
    (chapters,) = (node.value for node in tree.body if isinstance(node, ast.Assign) and "CHAPTERS" in ast.dump(node))
    tested = [chapter for group in _GROUPS for chapter in (group if isinstance(group, list) else group.values[0])]
    assert sorted(tested) == sorted(ast.literal_eval(chapters))
