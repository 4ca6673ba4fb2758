# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files stay short: one idea each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
_FOLDERS = (".ci", ".github", "docs", "meta", "playbooks", "plugins", "roles", "scripts", "tests")
_MOST_LINES = 400
# What is not the project's to write, or is made: licenses, pins, the changelog.
_OTHERS = {"LICENSE", "requirements-dev.txt", "CHANGELOG.rst", "CHANGELOG.md"}


def _files() -> Iterator[Path]:
    yield from (path for path in _ROOT.iterdir() if path.is_file() and path.name not in _OTHERS)
    for folder in _FOLDERS:
        for path in (_ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".pyc", ".png"}:
                yield path


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {path.relative_to(_ROOT): len(path.read_bytes().splitlines()) for path in _files()}
    assert len(lengths) > 300
    assert {path: lines for path, lines in lengths.items() if lines > _MOST_LINES} == {}
