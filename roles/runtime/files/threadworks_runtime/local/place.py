# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path of the socket. Only one process owns it at a time, and only the owner removes it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator

_BACKLOG = 2048


class Place:
    """The path where clients connect to the runtime.

    Args:
        path: The path of the socket.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._new = f"{path}.{os.getpid()}"
        self._identity: tuple[int, int] | None = None

    def listen(self) -> socket.socket:
        """Create the listening socket with a temporary name.

        Raises:
            OSError: It cannot be created.
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
        """Rename the listening socket to its final path. It replaces the previous socket."""
        found = os.stat(self._new)
        self._identity = (found.st_dev, found.st_ino)
        os.rename(self._new, self.path)

    def is_own(self) -> bool:
        """Return whether the socket at the path still belongs to this process."""
        try:
            found = os.lstat(self.path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def leave(self) -> bool:
        """Remove the socket, so that the next client starts another runtime.

        Returns:
            True if it was removed, or False if another process is starting or using a runtime here.
        """
        with self._locked() as locked:
            if locked and self.is_own():
                os.unlink(self.path)
            if locked and not os.path.lexists(self.path):
                with contextlib.suppress(FileNotFoundError):  # the directory may have been removed
                    os.unlink(f"{self.path}.lock")
            return locked

    def abandon(self) -> None:
        """Remove the socket if it was never renamed to its final path."""
        if self._identity is None:
            with contextlib.suppress(OSError):
                os.unlink(self._new)

    def _sweep(self) -> None:
        """Remove the files of killed starts. Only one process starts at a time, because it holds the lock."""
        folder, name = os.path.split(self.path)
        for entry in os.listdir(folder):
            if entry.startswith(f"{name}.") and entry[len(name) + 1 :].isdigit():
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder, entry))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[bool]:
        """Try to take the lock of starters without waiting."""
        try:
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError:
            # If the directory has been removed, there is nothing to do.
            yield not os.path.exists(os.path.dirname(self.path))
            return
        try:
            yield self._lock(lock)
        finally:
            os.close(lock)

    def _lock(self, lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # If the file was removed in the meantime, the lock has no effect.
            return os.path.samestat(os.fstat(lock), os.stat(f"{self.path}.lock"))
        except OSError:
            return False
