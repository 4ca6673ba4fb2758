# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the Python interpreter for the processes of a runtime."""

from __future__ import annotations

import gc

_GENERATIONS = (10_000, 20, 20)


def tune_interpreter() -> None:
    """Search for cyclic garbage less often. Almost all objects of a request are freed without it."""
    gc.set_threshold(*_GENERATIONS)
