# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an SQLite store: private to this user, and never those of another program."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

from ..errors import StoreError
from .tables import version

APPLICATION_ID = 0x74687764
"""The application id in the SQLite header. It is 0 in stores of version 0.1.0 and in most other databases."""
# Tables in the stores of all versions. Another program may have some of these names, too.
_OURS = {version.name, "assistants", "threads", "messages", "runs", "steps"}
_PAGE = 4096  # bytes
_IN_USE = bytes.fromhex("d9d505f920a163d7")  # the first bytes of a journal
_PRIVATE = 0o600
_LOG, _INDEX, _JOURNAL = "-wal", "-shm", "-journal"


def watch(path: str) -> Callable[[], bool]:
    """Recognize a file again.

    Args:
        path: The file.

    Returns:
        A function that returns whether this file is still there. It is not if it was removed or replaced.
    """
    found = _identity(path)
    return lambda: found is not None and _identity(path) == found


def _identity(path: str) -> tuple[int, int] | None:
    """Return the device of a file and its number there, or None if it cannot be found."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def prepare(path: Path, wait: float) -> None:
    """Create the file of a store, or use the existing one, and make it private.

    Args:
        path: The file. Missing directories are created.
        wait: The seconds to wait for a program that is writing the file.

    Raises:
        StoreError: The file belongs to another program. It has not been changed.
        OSError: The file cannot be created or made private.
        sqlite3.Error: The file cannot be read, or is not a database.
    """
    _make_folder(path.parent)
    # Created here, not by SQLite, so that no other user can read it at any time.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE))
    if path.is_char_device():  # SQLite reports the problem
        return
    if not path.is_file():
        raise StoreError(f"The store {path} is a pipe or a device, not a file. Choose another path.")
    _refuse_others(path, wait)
    for file in (path, *(_beside(path, end) for end in (_LOG, _INDEX, _JOURNAL))):
        with contextlib.suppress(FileNotFoundError):
            if stat.S_IMODE(file.stat().st_mode) != _PRIVATE:
                file.chmod(_PRIVATE)


def _make_folder(folder: Path) -> None:
    """Create a directory and its missing parents, private to this user regardless of the umask."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        with contextlib.suppress(FileExistsError):  # another process creates the same store
            parent.mkdir(mode=0o700)
            parent.chmod(0o700)


def _refuse_others(path: Path, wait: float) -> None:
    size = path.stat().st_size
    if not size or (size <= _PAGE and _is_unmade(path)):
        return
    # Closing a writable database changes the files of its program, and reading a database in use creates files next to
    # it. Opening it as immutable avoids both.
    how = "mode=ro" if _beside(path, _LOG).exists() else "mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?{how}", timeout=wait, uri=True)) as database:
        (application_id,) = database.execute("PRAGMA application_id").fetchone()
        tables = sorted(name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
    if application_id not in (0, APPLICATION_ID):
        raise _other(path, f"its application id is {application_id & 0xFFFFFFFF:#010x}")
    if tables and not _OURS.issubset(tables):
        raise _other(path, f"it has a table {tables[0]}")


def _is_unmade(path: Path) -> bool:
    """Return whether a process was killed while it created a store. It leaves an empty page and a journal.

    A journal alone is not sufficient. Some programs keep their journal, and overwrite its beginning after use.
    """
    if any(path.read_bytes()):
        return False
    try:
        with _beside(path, _JOURNAL).open("rb") as journal:
            return journal.read(len(_IN_USE)) == _IN_USE
    except FileNotFoundError:
        return False


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _other(path: Path, sign: str) -> StoreError:
    return StoreError(f"The store {path} belongs to another program: {sign}. It was not changed. Choose another path.")
