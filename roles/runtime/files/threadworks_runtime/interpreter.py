# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the Python interpreter for the processes of a runtime."""

from __future__ import annotations

import sys

_SWITCH = 0.0005  # seconds


def share_with_store() -> None:
    """Let the threads of the store continue soon while the event loop is busy.

    Each statement of SQLite releases the interpreter and waits for it again, by default for up to 5 ms.
    """
    sys.setswitchinterval(_SWITCH)
