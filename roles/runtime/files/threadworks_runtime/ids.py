# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids, keys of identity and the clock."""

from __future__ import annotations

import secrets
import string
import time

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """A fresh id: letters and digits only after the prefix, since clients parse ids out of error texts with ``\\w``.

    :param prefix: as in ``run``.
    :return: as in ``run_7RzuOVpMlqOeYmHWjhJcVdKU``.
    """
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _time in range(24))


def now() -> int:
    """Unix seconds, the wire's only kind of time."""
    return int(time.time())
