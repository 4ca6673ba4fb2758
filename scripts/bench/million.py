# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores of a million runs, compared with stores that are nearly empty. Only measured if their name is given."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path

import psycopg
from arena import ROOT, Arena, collections
from clients import Client
from figures import Figure, Goal
from multiplied import multiply

sys.path.insert(0, collections())

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.database import Database
from ansible_collections.threadworks.openai.tests.runtime.processes import Served, Worker

_MILLION = 1_000_000
_RUNS = 60  # with each store in a round
_DATABASES = ("SQLite", "PostgreSQL")
_RUN = "{}, one million runs / nearly empty: duration of a run"
_LIST = "{}, one million runs / nearly empty: duration of a request for the latest 20 runs"
_USAGE = "{}, one million runs: duration of a request for the usage by model"
_SIZE = "{}, one million runs: disk space of a thread with two messages and a run"
_UNITS = {_USAGE: "ms", _SIZE: "KiB"}
_GOALS = {_RUN: Goal(1.5), _LIST: Goal(1.5)}
_KINDS = (_RUN, _LIST, _USAGE, _SIZE)


def measure(rounds: int, only: str) -> list[Figure]:
    """Measure the selected figures. They take more than ten minutes, so they are not measured by default."""
    if "million" not in only:
        return []
    found = []
    for database, measured in zip(_DATABASES, (_sqlite, _postgresql), strict=True):
        names = {kind: kind.format(database) for kind in _KINDS}
        if any(fnmatch.fnmatch(name, only) for name in names.values()):
            values = measured(rounds)
            found += [Figure(names[kind], _UNITS.get(kind, ""), values[kind], _GOALS.get(kind)) for kind in _KINDS]
    return found


def _sqlite(rounds: int) -> dict[str, list[float]]:
    with Arena() as arena, _folder() as folder:
        small, large = folder / "small.db", folder / "large.db"
        model = arena.quick_model()
        with Served(str(small), model) as server:
            asyncio.run(_first(server.url))
        shutil.copyfile(small, large)
        with contextlib.closing(sqlite3.connect(large)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            multiply(connection, _MILLION)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = large.stat().st_size
        with Served(str(small), model) as first, Served(str(large), model) as second:
            return {**asyncio.run(_compare(first.url, second.url, rounds)), _SIZE: [size / _MILLION / 1024]}


def _postgresql(rounds: int) -> dict[str, list[float]]:
    with contextlib.ExitStack() as stack:
        arena = stack.enter_context(Arena())
        database = stack.enter_context(Database(arena.folder / "postgresql.log", fsync=True))
        small, model = database.address(), arena.quick_model()
        large = small.removesuffix("/postgres") + "/large"
        with Served(small, model) as server:
            asyncio.run(_first(server.url))
        with psycopg.connect(small.removesuffix("/postgres") + "/template1", autocommit=True) as connection:
            connection.execute("CREATE DATABASE large TEMPLATE postgres")
        with psycopg.connect(large) as connection:
            multiply(connection, _MILLION)
            connection.execute("ANALYZE")
            connection.commit()
            row = connection.execute("SELECT pg_database_size('large')").fetchone()
            connection.execute("CHECKPOINT")
        assert row is not None
        servers = [stack.enter_context(Served(store, model, "--no-execute")) for store in (small, large)]
        workers = [stack.enter_context(Worker(store, model)) for store in (small, large)]
        wait_for(lambda: all(worker.is_ready for worker in workers))
        first, second = (server.url for server in servers)
        return {**asyncio.run(_compare(first, second, rounds)), _SIZE: [row[0] / _MILLION / 1024]}


async def _first(url: str) -> None:
    """Execute the run that is copied."""
    async with Client(url) as client:
        await _run(client, (await client.ask("POST", "/assistants", {"model": "instant"}))["id"])


async def _compare(small: str, large: str, rounds: int) -> dict[str, list[float]]:
    """Use both stores in turn, so that other load on the machine affects both."""
    values: dict[str, list[float]] = {_RUN: [], _LIST: [], _USAGE: []}
    async with Client(small) as one, Client(large) as other:
        assistants = [(await client.ask("GET", "/assistants"))["data"][0]["id"] for client in (one, other)]
        for number in range(rounds + 1):
            runs: list[list[float]] = [[], []]
            lists: list[list[float]] = [[], []]
            for _each in range(_RUNS):
                for index, client in enumerate((one, other)):
                    runs[index].append(await _seconds(_run(client, assistants[index])))
                    lists[index].append(await _seconds(client.ask("GET", "/runs?limit=20")))
            usage = await _seconds(other.ask("GET", "/usage?group_by[]=model"))
            if number:  # round 0 fills the caches
                values[_RUN].append(statistics.median(runs[1]) / statistics.median(runs[0]))
                values[_LIST].append(statistics.median(lists[1]) / statistics.median(lists[0]))
                values[_USAGE].append(1000 * usage)
    return values


async def _run(client: Client, assistant: str) -> None:
    thread = {"messages": [{"role": "user", "content": "What is the answer?"}]}
    body = {"assistant_id": assistant, "thread": thread, "metadata": {"team": "one"}}
    await client.completed(await client.ask("POST", "/threads/runs", body))


async def _seconds(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Return a folder in `build/`, which can have more space than a directory for temporary files."""
    folder = ROOT / "build" / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
