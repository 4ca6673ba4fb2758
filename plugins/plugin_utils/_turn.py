# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The exclusive right to start a local runtime.

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


class StartTimeout(TaskError):
    """A runtime was not ready in time."""


class Turn:
    """The exclusive right to start a runtime. The lock file contains the result for waiting processes.

    Args:
        lock: The file descriptor of the lock.
        before: The content of the file before this process waited for it.

    Attributes:
        failed: The error of a start that failed while this process waited, or "".
    """

    def __init__(self, lock: int, before: bytes) -> None:
        self._lock = lock
        self.failed = ""
        if (found := _content(lock)) != before:
            # The process that wrote it may have been killed.
            with contextlib.suppress(ValueError, LookupError):
                self.failed = json.loads(found)["failed"]

    def record(self, failed: str) -> None:
        """Store the error of a failed start for waiting processes, without secrets; "" for a successful start."""
        # The number distinguishes two failures with the same error.
        content = json.dumps({"number": os.urandom(8).hex(), "failed": failed}) if failed else ""
        # If there is no space for it, each process finds out on its own.
        with contextlib.suppress(OSError):
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, content.encode(), 0)


@contextlib.contextmanager
def starting(path: str, deadline: float) -> t.Iterator[Turn]:
    """Hold the lock of a socket. In the meantime, no other process starts a runtime there, and none of them ends.

    Args:
        path: The path of the socket.
        deadline: The time until which to wait for the lock, on the monotonic clock.

    Raises:
        StartTimeout: Other processes hold the lock for too long.
        TaskError: The lock cannot be acquired.
    """
    before: bytes | None = None
    while True:
        lock = _opened(f"{path}.lock")
        try:
            if before is None:
                before = _content(lock)
            _wait_for(lock, path, deadline)
            # A runtime removes the file when it ends, possibly while this process waited for the lock.
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
            f"The file {path}, which is needed to start the local runtime, cannot be created: {error.strerror}. Set "
            "the environment variable XDG_RUNTIME_DIR to a directory in which you can create files."
        ) from None


def _wait_for(lock: int, path: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StartTimeout(
                    f"Another process takes too long to start the local runtime. It holds the lock {path}.lock. "
                    "Check that process, or run the task again."
                ) from None
        time.sleep(_PAUSE)
