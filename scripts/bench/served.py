# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cost of a run in the served runtime, its runs per second, and its runs at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import statistics
import sys
import time
from typing import Any

import procfs
from arena import Arena, Served
from clients import Client, runs_by
from figures import Figure, Goal

_AT_ONCE = (1, 16)
_SECONDS = 4.0  # the duration of each measurement
_WARM_UP = 1.0
_THOUSAND = 1000
_WAIT = 5  # seconds at the model server
_LOOK = 0.05  # seconds between two requests while the runs are waiting
_CPU = "served runtime, concurrency {}: CPU time per run"
_RATE = "served runtime, concurrency {}: runs per second"
_SLOWEST = "served runtime, concurrency {}: duration of a run, 99th percentile"
_TWO = "served runtime with 2 workers, concurrency {}: runs per second"
_ALL = "served runtime, 1,000 runs of 5 s at once: time until all have ended"
_MEMORY = "served runtime, 1,000 runs of 5 s at once: largest memory"
_LATENCY = "served runtime, 1,000 runs of 5 s at once: slowest other request"
_FAILED = "served runtime, 1,000 runs of 5 s at once: not completed"
_THROUGHPUT = (
    *(each.format(number) for number in _AT_ONCE for each in (_CPU, _RATE, _SLOWEST)),
    *(_TWO.format(number) for number in _AT_ONCE),
)
_NAMES = (
    *_THROUGHPUT,
    _ALL,
    _MEMORY,
    _LATENCY,
    _FAILED,
)
_GOALS = {
    _CPU.format(1): Goal(8),
    _CPU.format(16): Goal(8),
    _RATE.format(1): Goal(60, at_least=True),
    _RATE.format(16): Goal(150, at_least=True),
    _ALL: Goal(8),
    _MEMORY: Goal(400),
    _LATENCY: Goal(0.5),
    _FAILED: Goal(0),
}
_BEFORE = {
    _CPU.format(1): 22.0,
    _CPU.format(16): 79.0,
    _RATE.format(1): 39.5,
    _RATE.format(16): 11.6,
    _TWO.format(1): 44.0,
    _TWO.format(16): 32.0,
}


def measure(rounds: int, only: str) -> list[Figure]:
    """Measure the selected figures."""
    wanted = [name for name in _NAMES if fnmatch.fnmatch(name, only)]
    found: list[Figure] = []
    if set(wanted) & set(_THROUGHPUT):
        found += _throughput(rounds)
    if set(wanted) - set(_THROUGHPUT):
        found += _thousand()
    return [figure for figure in found if figure.name in wanted]


def _throughput(rounds: int) -> list[Figure]:
    """Runs of clients that keep their connections, with a model that answers immediately."""
    values: dict[str, list[float]] = {name: [] for name in _THROUGHPUT}
    with Arena() as arena, contextlib.ExitStack() as stack:
        one = stack.enter_context(arena.served(quick_model=True))
        two = stack.enter_context(arena.served(quick_model=True, workers=2, store=arena.folder / "two.db"))
        assistants = {runtime.url: asyncio.run(_assistant(runtime, "instant")) for runtime in (one, two)}

        def runs(runtime: Served, clients: int, seconds: float) -> tuple[list[float], float]:
            """Return the durations of the runs, and their number per second."""
            began = time.monotonic()
            taken = asyncio.run(runs_by(runtime.url, assistants[runtime.url], clients, seconds))
            return taken, len(taken) / (time.monotonic() - began)

        for runtime in (one, two):
            runs(runtime, 4, _WARM_UP)
        for number in range(rounds):
            print(f"runs served: round {number + 1} of {rounds}", file=sys.stderr)
            for clients in _AT_ONCE:
                used = procfs.cpu_seconds(one.pid)
                taken, rate = runs(one, clients, _SECONDS)
                used = procfs.cpu_seconds(one.pid) - used
                values[_CPU.format(clients)].append(1000 * used / len(taken))
                values[_RATE.format(clients)].append(rate)
                values[_SLOWEST.format(clients)].append(1000 * statistics.quantiles(taken, n=100)[-1])
                values[_TWO.format(clients)].append(runs(two, clients, _SECONDS)[1])
    return [
        Figure(name, "1/s" if name.endswith("per second") else "ms", each, _GOALS.get(name), _BEFORE.get(name))
        for name, each in values.items()
    ]


def _thousand() -> list[Figure]:
    """1,000 runs that all wait for the model at the same time, in one process."""
    print("1,000 runs at once", file=sys.stderr)
    with Arena() as arena, arena.served(quick_model=True, concurrent_runs=_THOUSAND) as runtime:
        assistant = asyncio.run(_assistant(runtime, f"wait-{_WAIT}"))
        taken, latency, failed = asyncio.run(_all_at_once(runtime.url, assistant))
        memory = procfs.peak(runtime.pid)
    return [
        Figure(_ALL, "s", [taken], _GOALS[_ALL]),
        Figure(_MEMORY, "MiB", [memory], _GOALS[_MEMORY]),
        Figure(_LATENCY, "s", [latency], _GOALS[_LATENCY]),
        Figure(_FAILED, "", [float(failed)], _GOALS[_FAILED]),
    ]


async def _all_at_once(url: str, assistant: str) -> tuple[float, float, int]:
    """Start 1,000 runs.

    Returns:
        The seconds until all have ended, the seconds of the slowest other request, and the number of failed runs.
    """
    done, latencies = asyncio.Event(), [0.0]

    async def one(client: Client) -> None:
        run = await client.ask("POST", "/threads/runs", {"assistant_id": assistant, "thread": _question()})
        # Poll each run once per second, starting when the model can have answered.
        await asyncio.sleep(_WAIT)
        await client.completed(run, pause=1.0)

    async def look(client: Client, thread: dict[str, Any]) -> None:
        while not done.is_set():
            began = time.perf_counter()
            await client.ask("GET", f"/threads/{thread['id']}")
            latencies.append(time.perf_counter() - began)
            await asyncio.sleep(_LOOK)

    async with Client(url) as other:
        looking = asyncio.create_task(look(other, await other.ask("POST", "/threads", {})))
        clients = [await Client(url).__aenter__() for _client in range(_THOUSAND)]
        began = time.perf_counter()
        ends = await asyncio.gather(*(one(client) for client in clients), return_exceptions=True)
        taken = time.perf_counter() - began
        done.set()
        await looking
        for client in clients:
            await client.__aexit__()
    failures = [end for end in ends if end is not None]
    if failures:
        print(f"The first of {len(failures)} runs that failed: {failures[0]}", file=sys.stderr)
    return taken, max(latencies), len(failures)


def _question() -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "What is the answer?"}]}


async def _assistant(runtime: Served, model: str) -> str:
    async with Client(runtime.url) as client:
        return str((await client.ask("POST", "/assistants", {"model": model, "name": "bench"}))["id"])
