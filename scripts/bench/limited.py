# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""100 runs at once on a model server with a rate limit: the requests that they need."""

from __future__ import annotations

import asyncio
import fnmatch
import sys
from typing import Any

from arena import Arena, Served
from clients import Client
from figures import Figure, Goal

_RUNS = 100
_RATE = {"requests": 25, "seconds": 3.0}
# What the answers of the model server say about its limit.
_TELLS = {
    "budget": "100 runs at once, rate limit in x-ratelimit headers: requests / runs",
    "retry": "100 runs at once, rate limit with Retry-After: requests / runs",
    "nothing": "100 runs at once, rate limit without headers: requests / runs",
}
_FAILED = "100 runs at once, rate limit: not completed"
_MOST = Goal(1.2)


def measure(_rounds: int, only: str) -> list[Figure]:
    """Measure the selected figures."""
    if not any(fnmatch.fnmatch(name, only) for name in (*_TELLS.values(), _FAILED)):
        return []
    found: list[Figure] = []
    failed = 0
    for tells, name in _TELLS.items():
        print(name, file=sys.stderr)
        with Arena() as arena, arena.served(concurrent_runs=_RUNS) as runtime:
            arena.limit({**_RATE, "tells": tells})
            failed += asyncio.run(_all_at_once(runtime))
            found.append(Figure(name, "", [len(arena.asked()) / _RUNS], _MOST))
    found.append(Figure(_FAILED, "", [float(failed)], Goal(0)))
    return [figure for figure in found if fnmatch.fnmatch(figure.name, only)]


async def _all_at_once(runtime: Served) -> int:
    """Start all runs, wait for their ends, and return the number of failed ones."""

    async def one(assistant: str) -> dict[str, Any]:
        body = {"assistant_id": assistant, "thread": {"messages": [{"role": "user", "content": "Hello"}]}}
        async with Client(runtime.url) as client:
            return await client.completed(await client.ask("POST", "/threads/runs", body))

    async with Client(runtime.url) as client:
        assistant = str((await client.ask("POST", "/assistants", {"model": "limited", "name": "bench"}))["id"])
    ends = await asyncio.gather(*(one(assistant) for _run in range(_RUNS)), return_exceptions=True)
    failures = [end for end in ends if isinstance(end, BaseException)]
    if failures:
        print(f"The first of {len(failures)} runs that failed: {failures[0]}", file=sys.stderr)
    return len(failures)
