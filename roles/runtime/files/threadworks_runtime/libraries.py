# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whether the libraries are installed and recent enough. An old one would only fail at the first run."""

from __future__ import annotations

import importlib.util
import re
from importlib import metadata
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements.txt"
_LINE = re.compile(r"([A-Za-z][\w.-]*)>=([\d.]+)")
_RELEASE = re.compile(r"\d+(\.\d+)*")


def missing() -> str | None:
    """Check whether the libraries are installed, without importing them.

    Returns:
        The missing libraries, or None if all are installed.
    """
    found = [name for name, _release in _needed() if importlib.util.find_spec(name.lower().replace("-", "_")) is None]
    return f"libraries are missing: {', '.join(found)}" if found else None


def too_old() -> str | None:
    """Compare the versions of the installed libraries with the requirements.

    Returns:
        The libraries that are too old, with both versions, or None.
    """
    found = []
    for name, release in _needed():
        if _release(installed := _installed(name)) < _release(release):
            found.append(f"{name} {installed} is too old (at least {release} is needed)")
    return ", ".join(found) or None


def _needed() -> list[tuple[str, str]]:
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return [(match[1], match[2]) for match in map(_LINE.match, lines) if match]


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        # It can be imported but is not installed as a package, so its version is unknown and is not checked.
        return "9999"


def _release(version: str) -> tuple[int, ...]:
    match = _RELEASE.match(version)
    return tuple(int(part) for part in match.group().split(".")) if match else (9999,)
