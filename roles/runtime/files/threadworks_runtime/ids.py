# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids, keys of identity and the clock."""

from __future__ import annotations

import os
import string
import threading
import time

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 24
# Each byte is a letter. The bytes that would make some letters more likely than others are not used.
_FAIR = 256 // len(_ALPHABET) * len(_ALPHABET)
_LETTERS = (_ALPHABET * 5)[:256].encode()
_UNFAIR = bytes(range(_FAIR, 256))
_AT_ONCE = 4096  # random bytes, because each request to the system takes longer than everything else


class _Letters:
    """Random letters for ids."""

    def __init__(self) -> None:
        self._lock, self._left = threading.Lock(), ""
        # A forked process must not use the letters of its parent.
        os.register_at_fork(after_in_child=self._forget)

    def take(self) -> str:
        """Return the letters of a new id."""
        with self._lock:
            while len(self._left) < _LENGTH:
                self._left += os.urandom(_AT_ONCE).translate(_LETTERS, _UNFAIR).decode()
            taken, self._left = self._left[:_LENGTH], self._left[_LENGTH:]
        return taken

    def _forget(self) -> None:
        self._lock, self._left = threading.Lock(), ""


_letters = _Letters()


def new_id(prefix: str) -> str:
    """Return a new id. After the prefix, it has only letters and digits, because clients parse ids in error messages.

    Args:
        prefix: As in ``run``.

    Returns:
        As in ``run_7RzuOVpMlqOeYmHWjhJcVdKU``.
    """
    return f"{prefix}_{_letters.take()}"


def now() -> int:
    """Return the current time in Unix seconds, the format of all times in the API."""
    return int(time.time())
