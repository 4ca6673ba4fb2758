# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends the tasks that work until the process stops, and the process itself."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

_T = TypeVar("_T")
_LOG = logging.getLogger("threadworks.runtime")
_AGAIN = 1.0  # seconds
_MARGIN = 12.0  # seconds to hand over the remaining runs. systemd kills the process after 15 seconds


def end_after(grace: float) -> None:
    """End this process if it still exists some seconds after the grace. A thread that waits for a database never ends.

    Args:
        grace: The seconds that active runs have to end.
    """
    timer = threading.Timer(grace + _MARGIN, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    _LOG.error("the process ends without having stopped completely, because something does not answer")
    os._exit(1)


async def cancellable(work: Coroutine[Any, Any, _T]) -> _T:
    """Wait for something that can lose a cancellation of this task. See `end_tasks`.

    Args:
        work: It has ended when this function returns or raises.

    Returns:
        Its result.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    finally:
        await end_tasks([task])


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
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
