# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of requests to a model server: limits, order, pauses, and what it costs to learn a limit."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from threadworks_runtime.model import ModelError, ModelServer, ModelServers
from threadworks_runtime.model.limiter import Limiter, Outlasted, Turn, Waiting
from threadworks_runtime.settings import ModelOptions

from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer
from ansible_collections.threadworks.openai.tests.model_server import Rate
from ansible_collections.threadworks.openai.tests.unit.model.conftest import Json, Wait, every

BODY: Json = {"model": "scripted-model", "input": "Hello", "max_output_tokens": 100}
Connect = Callable[..., ModelServer]


async def _tasks_ready() -> None:
    """Let all other tasks continue as far as they can."""
    for _step in range(10):
        await asyncio.sleep(0)


class _Run:
    """A run that sends one request."""

    def __init__(self, limiter: Limiter, *, tokens: int = 0, until: float = float("inf"), **limits: int) -> None:
        self.limiter = limiter
        self.is_started = False
        self._ended = asyncio.Event()
        self._turn: Turn | None = None
        self._arguments = ModelOptions(**limits), lambda: tokens, Waiting(until)
        self.task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        with self.limiter.turn(*self._arguments) as self._turn:
            await self.start()
            await self._ended.wait()

    async def start(self) -> None:
        assert self._turn
        self.is_started = False
        await self.limiter.start(self._turn)
        self.is_started = True
        self.limiter.connected(self._turn)

    def answer(self, **headers: str) -> None:
        assert self._turn
        self.limiter.answered(self._turn, {name.replace("_", "-"): value for name, value in headers.items()})

    async def refuse(self, **headers: str) -> bool:
        assert self._turn
        return self.limiter.refused(self._turn, {name.replace("_", "-"): value for name, value in headers.items()})

    async def end(self) -> None:
        self._ended.set()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


async def _runs(count: int, limiter: Limiter, **limits: Any) -> list[_Run]:
    runs = [_Run(limiter, **limits) for _number in range(count)]
    await _tasks_ready()
    return runs


def _started(runs: list[_Run]) -> list[int]:
    return [number for number, run in enumerate(runs) if run.is_started]


async def _end(runs: list[_Run]) -> None:
    for run in runs:
        run.task.cancel()
    await asyncio.gather(*(run.task for run in runs), return_exceptions=True)


def _test(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 300))  # type: ignore[arg-type]


def test_the_limit_of_concurrent_requests_holds_until_the_answer_is_complete() -> None:
    async def work() -> None:
        runs = await _runs(5, Limiter(), concurrent_requests=2)
        assert _started(runs) == [0, 1]
        runs[0].answer()
        await _tasks_ready()
        assert _started(runs) == [0, 1]
        await runs[0].end()
        await _tasks_ready()
        assert _started(runs) == [0, 1, 2]
        await _end(runs)

    _test(work)


def test_a_cancelled_run_leaves_the_queue_at_once() -> None:
    async def work() -> None:
        runs = await _runs(3, Limiter(), concurrent_requests=1)
        runs[1].task.cancel()
        await _tasks_ready()
        assert runs[1].task.cancelled()
        await runs[0].end()
        await _tasks_ready()
        assert _started(runs) == [0, 2]
        await _end(runs)

    _test(work)


def test_a_request_that_is_cancelled_while_it_starts_takes_no_place() -> None:
    async def work() -> None:
        limiter = Limiter()
        with limiter.turn(ModelOptions(), lambda: 0) as turn:
            await limiter.start(turn)
            runs = await _runs(2, limiter, concurrent_requests=1)
        runs[0].task.cancel()  # it may start now
        await _tasks_ready()
        assert _started(runs) == [1]
        await _end(runs)

    _test(work)


@pytest.mark.parametrize(
    ("limits", "tokens", "started"),
    [
        ({"requests_per_minute": 3}, 0, 3),
        ({"tokens_per_minute": 100}, 40, 2),
        ({"tokens_per_minute": 30}, 40, 1),
        ({"tokens_per_minute": 100, "requests_per_minute": 1}, 40, 1),
        ({}, 40, 6),
    ],
)
def test_limits_per_minute(monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], tokens: int, started: int) -> None:
    async def work() -> None:
        now = [1000.0]
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        limiter = Limiter()
        runs = await _runs(6, limiter, tokens=tokens, **limits)
        assert len(_started(runs)) == started
        now[0] += 59
        limiter._fill()
        await _tasks_ready()
        assert len(_started(runs)) == started
        now[0] += 2
        limiter._fill()
        await _tasks_ready()
        assert len(_started(runs)) == min(2 * started, 6)
        await _end(runs)

    _test(work)


def test_a_refusal_pauses_all_runs_then_one_is_sent_then_more() -> None:
    async def work() -> None:
        runs = await _runs(40, Limiter())
        assert _started(runs) == [*range(8)]
        assert await runs[0].refuse(retry_after_ms="200")
        for run in runs[1:8]:
            assert await run.refuse(retry_after_ms="100")
        again = [asyncio.create_task(run.start()) for run in runs[:8]]
        await _tasks_ready()
        assert _started(runs) == []
        began = time.monotonic()
        while not _started(runs):
            await asyncio.sleep(0.01)
        assert time.monotonic() - began > 0.1
        assert _started(runs) == [0]
        runs[0].answer()
        await _tasks_ready()
        assert _started(runs) == [0, 1, 2]
        runs[1].answer()
        runs[2].answer()
        await _tasks_ready()
        assert _started(runs) == [*range(7)]
        await asyncio.gather(*again[:7])
        for task in again:
            task.cancel()
        await _end(runs)

    _test(work)


def test_a_run_that_expires_before_the_end_of_the_pause_ends_at_once() -> None:
    async def work() -> None:
        limiter, soon = Limiter(), time.monotonic() + 60
        runs = [*await _runs(1, limiter, concurrent_requests=1), *await _runs(2, limiter, concurrent_requests=1)]
        mortal = _Run(limiter, until=soon)
        await _tasks_ready()
        assert await runs[0].refuse(retry_after="100")
        with pytest.raises(Outlasted):
            await mortal.task
        late = _Run(limiter, until=soon)
        with pytest.raises(Outlasted):
            await late.task
        assert not runs[1].task.done()
        await _end(runs)

    _test(work)


def test_a_long_pause_is_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        now = [1000.0]
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        limiter = Limiter()
        (first,) = await _runs(1, limiter)
        assert await first.refuse(retry_after="3600")
        now[0] += 5
        with pytest.raises(Outlasted):
            await _Run(limiter, until=now[0] + 600).task
        now[0] += 5
        runs = await _runs(2, limiter, until=now[0] + 600)
        assert _started(runs) == [0]
        await _end([first, *runs])

    _test(work)


def test_what_the_server_says_is_left_is_not_exceeded() -> None:
    async def work() -> None:
        runs = await _runs(30, Limiter())
        headers = {"x_ratelimit_remaining_requests": "20", "x_ratelimit_reset_requests": "400ms"}
        runs[0].answer(**headers)
        for run in runs:
            await _tasks_ready()
            if run.is_started:
                run.answer()
        assert len(_started(runs)) == 21
        while len(_started(runs)) < 30:
            await asyncio.sleep(0.01)
        await _end(runs)

    _test(work)


# Generous, because a busy machine answers slowly: about 0.1. If each run repeated its request, it would be more than 1.
# Without any hint of the server, all 50 requests that are too many can be under way before the first answer arrives.
@pytest.mark.parametrize(("tells", "wasted"), [("budget", 0.3), ("retry", 0.5), ("nothing", 0.75)])
def test_a_hundred_runs_finish_without_a_storm(
    connect: Connect, wait: Wait, model_server: ScriptedServer, tells: str, wasted: float
) -> None:
    model_server.rate = Rate(50, 4.0, tells)
    server = connect(max_retries=2)

    async def ask_all() -> None:
        answers = await asyncio.gather(*(every(server.respond(BODY)) for _number in range(100)))
        assert {answer[-1]["type"] for answer in answers} == {"response.completed"}

    wait(asyncio.wait_for(ask_all(), 300))
    assert model_server.rate.refused <= 100 * wasted


@pytest.mark.parametrize(
    "error",
    [
        {"message": "You exceeded your current quota.", "code": "insufficient_quota"},
        {"message": "Request too large for gpt on tokens per min (TPM): Limit 10, Requested 20.", "type": "tokens"},
    ],
)
def test_waiting_does_not_help(connect: Connect, wait: Wait, model_server: ScriptedServer, error: Json) -> None:
    model_server.script([{"status": 429, "error": error, "sticky": True}])
    with pytest.raises(ModelError) as caught:
        wait(every(connect(max_retries=5).respond(BODY)))
    assert caught.value.code == "rate_limit_exceeded"
    assert error["message"] in caught.value.message
    assert len(model_server.runs) == 1


def test_servers_with_the_same_key_share_the_limits() -> None:
    servers = ModelServers()
    options = ModelOptions(base_url="http://127.0.0.1:1/v1", api_key="key")
    limiter = servers.get(options)._limiter
    same = ModelOptions(base_url="http://127.0.0.1:1/v1", api_key="key", timeout=5, requests_per_minute=3)
    assert servers.get(same)._limiter is limiter
    for other in (ModelOptions(base_url="http://127.0.0.1:2/v1", api_key="key"), ModelOptions(api_key="key")):
        assert servers.get(other)._limiter is not limiter
