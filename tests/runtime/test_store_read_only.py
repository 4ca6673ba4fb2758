# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store whose file or folder another user cannot write."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import Store, open_store

_RUNTIME = Path(__file__).resolve().parents[2] / "roles" / "runtime" / "files"


_OPEN = """
import os
import sys
from threadworks_runtime.errors import StoreError
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store

if os.getuid() == 0:  # what permissions hold for; all modules are imported before
    open_store(Settings(store=sys.argv[2])).close()
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    open_store(Settings(store=sys.argv[1])).close()
except StoreError as error:
    print(error)
"""


def _open(store: object) -> Store:
    return open_store(Settings(store=str(store)))


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A store of a user whom permissions hold for, which they do not for root."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runtime.db"
        _open(path).close()
        if os.getuid() == 0:
            for file in (path.parent, path):
                shutil.chown(file, "nobody")
        yield path
        path.parent.chmod(0o700)


def _their_refusal(path: Path, scratch: Path) -> str:
    command = [sys.executable, "-c", _OPEN, str(path), str(scratch / "runtime.db")]
    opened = subprocess.run(command, cwd=_RUNTIME, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    return opened.stdout.strip()


def test_a_read_only_store_is_named(theirs: Path, tmp_path: Path) -> None:
    assert _their_refusal(theirs, tmp_path) == ""
    theirs.chmod(0o400)
    refusal = _their_refusal(theirs, tmp_path)
    assert refusal == f"The store {theirs} cannot be opened: Permission denied. Choose a writable path."


def test_a_read_only_folder_is_named(theirs: Path, tmp_path: Path) -> None:
    theirs.parent.chmod(0o500)
    refusal, problem = _their_refusal(theirs, tmp_path), "its file or its directory is read-only"
    assert refusal == f"The store {theirs} cannot be opened: {problem}. Choose a writable path."
    theirs.parent.chmod(0o700)
    theirs.write_bytes(b"")
    theirs.parent.chmod(0o500)
    begun = time.monotonic()
    assert problem in _their_refusal(theirs, tmp_path)
    assert time.monotonic() - begun < 25, "nobody waits for a lock, which takes 30 seconds"
    theirs.unlink()
    for path in (theirs, theirs.parent / "new" / "runtime.db"):
        refusal = _their_refusal(path, tmp_path)
        assert refusal == f"The store {path} cannot be opened: Permission denied. Choose a writable path."
