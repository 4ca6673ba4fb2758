# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test that tasks end if a cancellation is lost, and that a process ends if its database does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.testing import InMemoryConnector
from threadworks_runtime import ending, serve, work
from threadworks_runtime.ending import cancellable, end_tasks
from threadworks_runtime.local import service
from threadworks_runtime.queue.manager import PatientManager

from ansible_collections.threadworks.openai.tests.conditions import wait_for


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


@pytest.mark.parametrize("lost", [0, 1])
def test_who_waits_for_what_loses_a_cancellation_is_cancelled(lost: int) -> None:
    events: list[str] = []

    async def work() -> None:
        try:
            for _each in range(lost):
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(3600)
            await asyncio.sleep(3600)
        finally:
            events.append("ended")

    async def wait() -> None:
        while True:
            await cancellable(work())

    async def main() -> None:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        events.append(str(waiting.cancelled()))

    asyncio.run(main())
    assert events == ["ended", "True"]


def test_what_is_waited_for_returns_and_fails_as_it_does() -> None:
    async def main() -> None:
        assert await cancellable(asyncio.sleep(0, "result")) == "result"
        with pytest.raises(TimeoutError):
            await cancellable(_fail())

    async def _fail() -> None:
        raise TimeoutError

    asyncio.run(main())


def test_what_has_ended_or_failed_is_no_error() -> None:
    async def fail() -> None:
        raise OSError("the database is away")

    async def main() -> None:
        ended, failed = asyncio.create_task(asyncio.sleep(0)), asyncio.create_task(fail())
        await asyncio.wait((ended, failed))
        await end_tasks([ended, failed])
        await end_tasks([])

    asyncio.run(main())


def test_a_process_that_does_not_stop_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    monkeypatch.setattr(ending.os, "_exit", codes.append)
    ending.end_after(0.01 - ending._MARGIN)
    wait_for(lambda: codes == [1])


def test_a_worker_ends_after_its_grace_and_sooner_with_a_second_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    graces: list[float] = []
    monkeypatch.setattr(work, "end_after", graces.append)
    hurry = asyncio.Event()

    async def stop(grace: float) -> None:
        if grace:
            signal.raise_signal(signal.SIGTERM)
            await hurry.wait()
        hurry.set()

    pool = SimpleNamespace(open=partial(signal.raise_signal, signal.SIGTERM), concurrent_runs=1, stop=stop)
    asyncio.run(work._work(cast(Any, pool), 60))
    assert graces == [60, 0]


def test_a_server_ends_after_its_grace_and_sooner_with_a_second_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    graces: list[float] = []
    stops: list[float] = []

    async def stop(grace: float) -> None:
        stops.append(grace)

    context = SimpleNamespace(executor=SimpleNamespace(stop=stop))
    monkeypatch.setattr(serve, "end_after", graces.append)
    monkeypatch.setattr(serve, "create_app", lambda _settings: SimpleNamespace(context=context))
    monkeypatch.setattr(serve, "read_service", lambda _environment: SimpleNamespace(settings=None, grace=60))
    monkeypatch.setattr(serve, "import_sdk", lambda: None)
    monkeypatch.setattr(serve, "tune_interpreter", lambda: None)

    async def main() -> None:
        serve.work()
        # A parent process sends SIGTERM to its processes, which have already got the SIGINT of the terminal.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        asyncio.run(main())
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert graces == stops == [60, 0]


@pytest.mark.parametrize("force", [False, True])
def test_a_local_runtime_ends_if_it_is_forced_to_stop(monkeypatch: pytest.MonkeyPatch, force: bool) -> None:
    graces: list[float] = []
    monkeypatch.setattr(service, "end_after", graces.append)

    async def hurry() -> None:
        pass

    async def stop() -> None:
        local = SimpleNamespace(_server=SimpleNamespace(hurry=hurry), _end=lambda _reason: None)
        service._Service.stop(cast(Any, local), force)

    asyncio.run(stop())
    assert graces == [0] * force


def test_a_worker_that_stops_does_not_wait_for_a_lost_database() -> None:
    manager = PatientManager(InMemoryConnector(), 3600, lambda: True)

    async def lose() -> None:
        async with manager._suppressed():
            raise ConnectorException from psycopg.OperationalError()

    async def work() -> None:
        await lose()
        manager.hurry()
        with pytest.raises(ConnectorException):
            await lose()

    asyncio.run(work())
