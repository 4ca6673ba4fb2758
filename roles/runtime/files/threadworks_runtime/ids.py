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
    """Return a new id. After the prefix, it has only letters and digits, because clients parse ids in error messages.

    Args:
        prefix: As in ``run``.

    Returns:
        As in ``run_7RzuOVpMlqOeYmHWjhJcVdKU``.
    """
    # One random number per id instead of one per letter, because a large request needs thousands of ids.
    number = secrets.randbelow(len(_ALPHABET) ** _LENGTH)
    letters = []
    for _time in range(_LENGTH):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return f"{prefix}_{''.join(letters)}"


def now() -> int:
    """Return the current time in Unix seconds, the format of all times in the API."""
    return int(time.time())
