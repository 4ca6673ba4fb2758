# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for runs with the API."""

from __future__ import annotations

from typing import Any

import httpx2

from ansible_collections.threadworks.openai.tests.runtime.harness import TERMINAL, wait_for


def ended(wire: httpx2.Client, run: str) -> dict[str, Any]:
    """Wait until a run has ended, and return it.

    Args:
        wire: A client of the runtime.
        run: The path of the run.

    Raises:
        AssertionError: The run does not end.
    """

    def read() -> dict[str, Any] | None:
        found: dict[str, Any] = wire.get(run).json()
        return found if found["status"] in TERMINAL else None

    found: dict[str, Any] = wait_for(read)
    return found
