# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that all processes of pytest-xdist share, because they take long to make."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of this test session. Each process of pytest-xdist has its own one within it."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of this test session, with the files that a function has written there.

    Args:
        tmp_path_factory: The fixture of pytest.
        name: The name of the folder.
        make: Is called by the first process that needs the files, while the others wait. They only read the files.
    """
    session = session_folder(tmp_path_factory)
    folder = session / name
    complete = session / f"{name}.complete"
    with open(session / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            complete.touch()
    return folder
