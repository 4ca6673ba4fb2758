# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the installed libraries are new enough; an old one would fail later, at the first run that needs it."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

_REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"
_LINE = re.compile(r"([A-Za-z][\w.-]*)>=([\d.]+)")
_RELEASE = re.compile(r"\d+(\.\d+)*")


def too_old() -> str | None:
    """Compare the installed libraries with what the runtime needs.

    :return: those that are too old, with both versions; ``None``: none is.
    """
    found = []
    for line in _REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        needed = _LINE.match(line)
        if needed and _release(installed := _installed(needed[1])) < _release(needed[2]):
            found.append(f"{needed[1]} {installed} is too old (at least {needed[2]} is needed)")
    return ", ".join(found) or None


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        # It is not installed as a package, but it can be imported: who put it there knows its version.
        return "9999"


def _release(version: str) -> tuple[int, ...]:
    match = _RELEASE.match(version)
    return tuple(int(part) for part in match.group().split(".")) if match else (9999,)
