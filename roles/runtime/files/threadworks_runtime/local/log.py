# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log: a rotating file in the directory of the store, without content and keys."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TextIO

from ..logs import JsonFormatter
from .configuration import Configuration

_LARGEST = 1024 * 1024  # bytes
_KEPT = 2  # older files
_OURS = "threadworks"


def log_path(configuration: Configuration) -> str:
    """Return the path of the log: in the directory of an SQLite store, otherwise of the socket.

    Args:
        configuration: The runtime's configuration.

    Returns:
        The path.
    """
    return f"{configuration.store_file or configuration.socket}.log"


def log_to(path: str) -> None:
    """Log to a file. Errors of the file are ignored.

    Args:
        path: The file.
    """
    file = _LogFile(path)
    file.setFormatter(JsonFormatter())
    logging.raiseExceptions = False
    logging.basicConfig(handlers=[file], level=logging.WARNING, force=True)
    logging.getLogger(_OURS).setLevel(logging.INFO)


def open_private(path: str) -> TextIO:
    """Open a private file to append to it.

    Args:
        path: The file.

    Returns:
        The file, or the null device if it cannot be opened.
    """
    try:
        return open(path, "a", encoding="utf-8", opener=_private)
    except OSError:
        return open(os.devnull, "a", encoding="utf-8")


class _LogFile(logging.Handler):
    """Writes lines to a file that several processes write to and rotate."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._file: TextIO | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        with contextlib.suppress(OSError):
            line = self.format(record) + "\n"
            file = self._current(len(line))
            file.write(line)
            file.flush()

    def _current(self, more: int) -> TextIO:
        """Return the current file, rotated if it has no room for this number of bytes."""
        file = self._file
        if file is None or not self._is_there(file):
            file = self._open()
        if os.fstat(file.fileno()).st_size + more > _LARGEST:
            self._put_aside()
            file = self._open()
        return file

    def _is_there(self, file: TextIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), os.stat(self._path))
        except FileNotFoundError:
            return False

    def _open(self) -> TextIO:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._file = open(self._path, "a", encoding="utf-8", opener=_private)  # noqa: SIM115
        return self._file

    def _put_aside(self) -> None:
        for number in range(_KEPT, 0, -1):
            older = self._path if number == 1 else f"{self._path}.{number - 1}"
            with contextlib.suppress(FileNotFoundError):
                os.replace(older, f"{self._path}.{number}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
