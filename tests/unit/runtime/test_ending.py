# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test that tasks end, even if a cancellation is lost."""

from __future__ import annotations

import asyncio
import contextlib

from threadworks_runtime.ending import end_tasks


def test_tasks_that_lose_a_cancellation_end() -> None:
    """As `asyncio.wait_for` does before Python 3.12, if what it waits for happens at the same time."""

    async def work(lost: int) -> None:
        for _each in range(lost):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    async def main() -> list[bool]:
        tasks = [asyncio.create_task(work(lost)) for lost in range(3)]
        await asyncio.sleep(0)
        await end_tasks(tasks)
        return [task.cancelled() for task in tasks]

    assert asyncio.run(main()) == [True] * 3


def test_what_has_ended_or_failed_is_no_error() -> None:
    async def fail() -> None:
        raise OSError("the database is away")

    async def main() -> None:
        ended, failed = asyncio.create_task(asyncio.sleep(0)), asyncio.create_task(fail())
        await asyncio.wait((ended, failed))
        await end_tasks([ended, failed])
        await end_tasks([])

    asyncio.run(main())
