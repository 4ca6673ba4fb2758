# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends the tasks that work until the process stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

_AGAIN = 1.0  # seconds


async def end_tasks(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks, and wait until they have ended. Their errors are ignored.

    Before Python 3.12, `asyncio.wait_for`, which psycopg uses too, can lose a cancellation. It is then repeated.

    Args:
        tasks: Tasks that may be cancelled at any time.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        ended, pending = await asyncio.wait(pending, timeout=_AGAIN)
        await asyncio.gather(*ended, return_exceptions=True)  # otherwise, asyncio reports their errors
