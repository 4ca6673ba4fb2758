# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that workers execute on a PostgreSQL store: their rate, and the latency of the queue."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from arena import Arena, collections
from clients import Client
from figures import Figure, Goal

sys.path.insert(0, collections())

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.database import Database
from ansible_collections.threadworks.openai.tests.runtime.processes import Served, Worker

_WORKERS = (1, 2, 4)
_RUNS = 300
_CLIENTS = 16
_ONE_BY_ONE = 150
_SQLITE = "served runtime, SQLite, 300 runs of 16 clients: runs per second"
_RATE = "workers on PostgreSQL: {}: runs per second"
_RATIO = "workers on PostgreSQL: {}: rate compared with SQLite"
_HALF, _SLOWEST = "queue on PostgreSQL: latency", "queue on PostgreSQL: latency, 99th percentile"
_NAMES = (_SQLITE, *(each.format(count) for count in _WORKERS for each in (_RATE, _RATIO)), _HALF, _SLOWEST)


def measure(rounds: int, only: str) -> list[Figure]:
    """Measure the selected figures."""
    wanted = [name for name in _NAMES if fnmatch.fnmatch(name, only)]
    values: dict[str, list[float]] = {name: [] for name in _NAMES}
    if set(wanted) - {_HALF, _SLOWEST}:
        for number in range(rounds):
            print(f"runs of workers: round {number + 1} of {rounds}", file=sys.stderr)
            _rates(values)
    if set(wanted) & {_HALF, _SLOWEST}:
        _latency(values)
    goals = {_HALF: Goal(20), _SLOWEST: Goal(100)}
    units = {_HALF: "ms", _SLOWEST: "ms"}
    return [Figure(name, units.get(name, ""), values[name], goals.get(name)) for name in wanted if values[name]]


def _rates(values: dict[str, list[float]]) -> None:
    with Arena() as arena:
        model = arena.quick_model()
        with Served(str(arena.folder / "rate.db"), model) as server:
            sqlite = asyncio.run(_rate(server.url))
        values[_SQLITE].append(sqlite)
        for count in _WORKERS:
            with _cluster(arena, model, count) as (server, _database):
                rate = asyncio.run(_rate(server.url))
            values[_RATE.format(count)].append(rate)
            values[_RATIO.format(count)].append(rate / sqlite)


def _latency(values: dict[str, list[float]]) -> None:
    with Arena() as arena, _cluster(arena, arena.quick_model(), 1) as (server, database):
        asyncio.run(_one_by_one(server.url, 20))
        asked = asyncio.run(_one_by_one(server.url, _ONE_BY_ONE))
        with psycopg.connect(database.address(), autocommit=True) as connection:
            begun = "SELECT id, (private -> 'details' ->> 'started')::float FROM runs"
            started: dict[str, float] = dict(connection.execute(begun).fetchall())
            waits = sorted(1000 * max(started[run_id] - moment, 0) for run_id, moment in asked.items())
            values[_HALF].append(statistics.median(waits))
            values[_SLOWEST].append(statistics.quantiles(waits, n=100)[-1])


@contextlib.contextmanager
def _cluster(arena: Arena, model: str, workers: int) -> Iterator[tuple[Served, Database]]:
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(Database(arena.folder / "postgresql.log", fsync=True))
        server = stack.enter_context(Served(database.address(), model, "--no-execute"))
        started = [stack.enter_context(Worker(database.address(), model)) for _each in range(workers)]
        wait_for(lambda: all(worker.is_ready for worker in started))
        yield server, database


async def _rate(url: str) -> float:
    """Return the runs per second of several clients, from the first request to the end of the last run."""
    async with Client(url) as client:
        assistant = (await client.ask("POST", "/assistants", {"model": "instant"}))["id"]
    each = _RUNS // _CLIENTS
    began = time.monotonic()

    async def work() -> None:
        async with Client(url) as client:
            runs = [await client.ask("POST", "/threads/runs", _body(assistant)) for _each in range(each)]
            for run in runs:
                await client.completed(run)

    await asyncio.gather(*(work() for _client in range(_CLIENTS)))
    return each * _CLIENTS / (time.monotonic() - began)


async def _one_by_one(url: str, number: int) -> dict[str, float]:
    """Return when each run was queued, on the wall clock."""
    queued: dict[str, float] = {}
    async with Client(url) as client:
        assistant = (await client.ask("POST", "/assistants", {"model": "instant"}))["id"]
        for _each in range(number):
            run = await client.ask("POST", "/threads/runs", _body(assistant))
            queued[run["id"]] = time.time()
            await client.completed(run)
    return queued


def _body(assistant: str) -> dict[str, Any]:
    return {"assistant_id": assistant, "thread": {"messages": [{"role": "user", "content": "What is the answer?"}]}}
