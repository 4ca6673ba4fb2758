# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids, keys of identity and the clock."""

from __future__ import annotations

import secrets
import string
import time

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 24


def new_id(prefix: str) -> str:
    """A fresh id: letters and digits only after the prefix, since clients parse ids out of error texts as words.

    Args:
        prefix: As in ``run``.

    Returns:
        As in ``run_7RzuOVpMlqOeYmHWjhJcVdKU``.
    """
    # One number from the system's source instead of a letter at a time: a large request needs thousands of ids.
    number = secrets.randbelow(len(_ALPHABET) ** _LENGTH)
    letters = []
    for _time in range(_LENGTH):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return f"{prefix}_{''.join(letters)}"


def now() -> int:
    """Unix seconds, the wire's only kind of time."""
    return int(time.time())
