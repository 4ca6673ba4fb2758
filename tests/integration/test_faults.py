# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The short form of each chapter of `make faults`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_FAULTS = Path(__file__).resolve().parents[2] / "scripts" / "faults"
_MATRIX = ("kills", "injections", "tools")
_CHAPTERS = ("model", "secrets", "writers", "disks", "versions", "clock", "doors", "cluster")


@pytest.mark.parametrize(
    "chapter", [*_CHAPTERS, *(pytest.param(chapter, marks=pytest.mark.matrix) for chapter in _MATRIX)]
)
def test_every_figure_is_as_asked(chapter: str, tmp_path: Path) -> None:
    command = [sys.executable, str(_FAULTS), "--short", "--only", chapter, "--output", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    if "skipped: clock steps" in ended.stdout:
        pytest.skip("libfaketime is not installed")
