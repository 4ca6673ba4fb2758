# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket's place in the file system. Only one process at a time has it, and only its owner removes it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator

_BACKLOG = 2048


class Place:
    """Where clients look for the runtime.

    Args:
        path: The path of the socket.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._new = f"{path}.{os.getpid()}"
        self._identity: tuple[int, int] | None = None

    def listen(self) -> socket.socket:
        """Make the listening socket under a name that no client knows.

        Raises:
            OSError: It cannot be made.
        """
        self._sweep()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(self._new)
            os.chmod(self._new, 0o600)
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            raise OSError(error.errno, error.strerror, self._new) from None
        return listener

    def take(self) -> None:
        """Put the listening socket in its place: from now on clients find it, and no longer the one before."""
        found = os.stat(self._new)
        self._identity = (found.st_dev, found.st_ino)
        os.rename(self._new, self.path)

    def is_own(self) -> bool:
        """Whether the socket in this place is still this process's."""
        try:
            found = os.lstat(self.path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def leave(self) -> bool:
        """Remove the socket, so that the next client starts another runtime.

        Returns:
            Whether it is gone; ``False``: somebody is about to start or use a runtime here.
        """
        with self._locked() as locked:
            if locked and self.is_own():
                os.unlink(self.path)
            if locked and not os.path.lexists(self.path):
                with contextlib.suppress(FileNotFoundError):  # the whole folder may be gone
                    os.unlink(f"{self.path}.lock")
            return locked

    def abandon(self) -> None:
        """Remove the socket if it has never been in its place."""
        if self._identity is None:
            with contextlib.suppress(OSError):
                os.unlink(self._new)

    def _sweep(self) -> None:
        """Remove what starts that were killed have left. There is one start at a time: whoever starts has the lock."""
        folder, name = os.path.split(self.path)
        for entry in os.listdir(folder):
            if entry.startswith(f"{name}.") and entry[len(name) + 1 :].isdigit():
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder, entry))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[bool]:
        """The lock that starters take too, without waiting for it."""
        try:
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError:
            # Where the folder is gone there is nothing to remove, and nobody to meet.
            yield not os.path.exists(os.path.dirname(self.path))
            return
        try:
            yield self._lock(lock)
        finally:
            os.close(lock)

    def _lock(self, lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A file that somebody has removed meanwhile keeps nobody out.
            return os.path.samestat(os.fstat(lock), os.stat(f"{self.path}.lock"))
        except OSError:
            return False
