# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills at random moments. This is the short form; `scripts/kills --kills 100` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_KILLS = Path(__file__).resolve().parents[2] / "scripts" / "kills"


@pytest.mark.matrix
@pytest.mark.timeout(600)
def test_kills_at_random_moments_lose_and_double_nothing() -> None:
    ended = subprocess.run(
        [sys.executable, str(_KILLS), "--kills", "6", "--interrupts", "1"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
