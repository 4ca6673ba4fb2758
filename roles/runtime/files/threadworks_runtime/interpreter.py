# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the Python interpreter for the processes of a runtime."""

from __future__ import annotations

import gc
import sys

_SWITCH = 0.0005  # seconds
_GENERATIONS = (10_000, 20, 20)


def tune_interpreter() -> None:
    """Let the threads of the store continue soon while the event loop is busy, and search for garbage less often.

    Each statement of SQLite releases the interpreter and waits for it again, by default for up to 5 ms. Almost all
    objects of a request are freed without a search for cyclic garbage.
    """
    sys.setswitchinterval(_SWITCH)
    gc.set_threshold(*_GENERATIONS)
