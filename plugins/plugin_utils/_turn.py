# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The right to start a local runtime: one process has it at a time.

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
import typing as t

from ..module_utils._errors import TaskError

_PAUSE = 0.02
_LONGEST_REASON = 65536


class Late(TaskError):
    """A runtime was not ready in time."""


class Turn:
    """The right to start a runtime. What comes of it is kept in the file of the lock, for those who wait for it.

    Args:
        lock: The descriptor of the locked file.
        before: What was in the file before this process waited for it.

    Attributes:
        failed: Why a start failed while this process waited for its turn; "" where none did.
    """

    def __init__(self, lock: int, before: bytes) -> None:
        self._lock = lock
        self.failed = ""
        if (found := _content(lock)) != before:
            # Whoever wrote it may have been killed meanwhile.
            with contextlib.suppress(ValueError, LookupError):
                self.failed = json.loads(found)["failed"]

    def tell(self, failed: str) -> None:
        """Tell those who wait why the start failed, without a secret; "" where it did not."""
        # The number makes two failures with one reason differ.
        content = json.dumps({"number": os.urandom(8).hex(), "failed": failed}) if failed else ""
        # Where there is no space for it, each of them finds out for itself.
        with contextlib.suppress(OSError):
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, content.encode(), 0)


@contextlib.contextmanager
def starting(path: str, deadline: float) -> t.Iterator[Turn]:
    """Hold the lock of a socket: nobody else starts a runtime there meanwhile, and none of them ends.

    Args:
        path: The socket.
        deadline: Until when to wait for the lock, on the monotonic clock.

    Raises:
        Late: Others have the lock for too long.
        TaskError: It cannot be had.
    """
    before: bytes | None = None
    while True:
        lock = _opened(f"{path}.lock")
        try:
            if before is None:
                before = _content(lock)
            _wait_for(lock, path, deadline)
            # A runtime that ends removes the file, maybe while this process waited for it.
            if _is_at(lock, f"{path}.lock"):
                yield Turn(lock, before)
                return
        finally:
            os.close(lock)


def _content(lock: int) -> bytes:
    return os.pread(lock, _LONGEST_REASON, 0)


def _is_at(lock: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), os.stat(path))
    except FileNotFoundError:
        return False


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise TaskError(
            f"The file {path}, which the start of the local runtime needs, cannot be made: {error.strerror}. Set the "
            "environment variable XDG_RUNTIME_DIR to a folder of your own that can be written."
        ) from None


def _wait_for(lock: int, path: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Late(
                    f"Another process has been starting the local runtime for too long: it holds {path}.lock. Look "
                    "for that process, or run the task again."
                ) from None
        time.sleep(_PAUSE)
