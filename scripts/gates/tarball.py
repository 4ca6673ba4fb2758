# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check that the tarball contains all files that users need, and no others: python tarball.py TARBALL."""

from __future__ import annotations

import sys
import tarfile

_FOLDERS = {"LICENSES", "changelogs", "docs", "extensions", "meta", "playbooks", "plugins", "roles"}
_FILES = {
    "CHANGELOG.md",
    "CHANGELOG.rst",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "changelogs/changelog.yaml",
    "changelogs/config.yaml",
    "requirements.txt",
    # ansible-test reads it from the installed collection.
    "tests/config.yml",
}
_NEEDED = {"README.md", "LICENSE", "requirements.txt", "meta/runtime.yml", "meta/execution-environment.yml"}


def main() -> None:
    """Fail with the names of unwanted and missing files."""
    with tarfile.open(sys.argv[1]) as tarball:
        names = {member.name.removeprefix("./") for member in tarball if not member.isdir()}
    foreign = {name for name in names - _FILES if not _is_expected(name)}
    missing = _NEEDED - names
    if foreign or missing:
        sys.exit(f"Unwanted files: {sorted(foreign)}. Missing: {sorted(missing)}. Check build_ignore in galaxy.yml.")


def _is_expected(name: str) -> bool:
    first, _slash, rest = name.partition("/")
    hidden = any(part.startswith(".") or part == "__pycache__" for part in name.split("/"))
    return first in _FOLDERS - {"changelogs"} and bool(rest) and not hidden


if __name__ == "__main__":
    main()
