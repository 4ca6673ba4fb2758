# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pool: how many runs are executed at once and in which order, and how they are reached while they wait or work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from threadworks_runtime.runner import pulse
from threadworks_runtime.runner.pool import Pool
from threadworks_runtime.runner.subscription import Subscription
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import TERMINAL, Conversation, talking, wait_for

_CALL = {"name": "disk", "arguments": {}}


@pytest.fixture
def narrow(either: Settings) -> Settings:
    """A local and a served runtime that execute one run at once."""
    return replace(either, concurrent_runs=1)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch, narrow: Settings) -> Settings:
    """The same, but it does not look at its runs by itself: what happens to them is noticed at once, or never."""
    monkeypatch.setattr(pulse, "_LOOK", 3600)
    return replace(narrow, lease=36_000)


def _ask(talk: Conversation, question: str, **fields: Any) -> dict[str, Any]:
    """A run on a thread of its own."""
    thread = {"messages": [{"role": "user", "content": question}]}
    answer = talk.wire.post("/threads/runs", json={"assistant_id": talk.assistant, "thread": thread, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def _read(talk: Conversation, run: dict[str, Any]) -> dict[str, Any]:
    return talk.wire.get(f"/threads/{run['thread_id']}/runs/{run['id']}").json()


def _until(talk: Conversation, run: dict[str, Any], *statuses: str) -> dict[str, Any]:
    return wait_for(lambda: found if (found := _read(talk, run))["status"] in statuses else None)


def _cancel(talk: Conversation, run: dict[str, Any]) -> str:
    return talk.wire.post(f"/threads/{run['thread_id']}/runs/{run['id']}/cancel").json()["status"]


def _asked(model_server: ModelServer) -> list[str]:
    """The questions that the model server was asked, in their order."""
    return [body["input"][-1]["content"][0]["text"] for body in model_server.runs]


def _pool(talk: Conversation) -> Pool:
    return talk.server.app.context.executor


@contextmanager
def _stream(talk: Conversation) -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
    """The events of a new run on the conversation's thread."""
    with talk.wire.stream("POST", talk.runs, json={"assistant_id": talk.assistant, "stream": True}) as answer:
        lines = answer.iter_lines()
        names = (line[7:] for line in lines if line.startswith("event: "))
        # The line behind an event's name is its data.
        yield ((name, json.loads(data) if (data := next(lines, "")[6:]) != "[DONE]" else {}) for name in names)


def _until_event(events: Iterator[tuple[str, dict[str, Any]]], name: str) -> dict[str, Any]:
    return next(data for found, data in events if found == name)


def test_so_many_at_once_and_the_others_in_the_order_of_their_creation(
    either: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    questions = [f"question {number}" for number in range(9)]
    with talking(replace(either, concurrent_runs=3)) as talk:
        runs = [_ask(talk, question) for question in questions]
        wait_for(lambda: len(model_server.runs) == 3)
        assert sorted(_asked(model_server)) == questions[:3]
        for ended in range(1, 7):
            assert _pool(talk).running() == 3
            if not either.store.startswith("postgresql"):  # its queue is in the store
                assert _pool(talk).queued() == 7 - ended
            model_server.release(1)
            wait_for(lambda ended=ended: len(model_server.runs) == 3 + ended)
        assert _asked(model_server)[3:] == questions[3:]
        model_server.release()
        for run in runs:
            assert _until(talk, run, *TERMINAL)["status"] == "completed"
        wait_for(lambda: (_pool(talk).running(), _pool(talk).queued()) == (0, 0))
    assert len(model_server.runs) == 9


@pytest.mark.stores("sqlite")  # it is changed by local runtimes, which do not use the queue of PostgreSQL
def test_the_number_can_be_changed_while_runs_are_executed(narrow: Settings, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    with talking(narrow) as talk:

        async def resize(concurrent_runs: int) -> None:
            _pool(talk).resize(concurrent_runs)

        runs = [_ask(talk, str(number)) for number in range(8)]
        wait_for(lambda: len(model_server.runs) == 1)
        talk.server.call(resize(4))
        wait_for(lambda: len(model_server.runs) == 4)
        talk.server.call(resize(2))
        # The four continue. Two must end before there is a free place.
        assert (_pool(talk).running(), _pool(talk).queued()) == (4, 4)
        for left in (3, 2):
            model_server.release(1)
            wait_for(lambda left=left: _pool(talk).running() == left)
        assert len(model_server.runs) == 4
        model_server.release(1)
        wait_for(lambda: len(model_server.runs) == 5)
        assert _pool(talk).running() == 2
        model_server.release()
        for run in runs:
            assert _until(talk, run, *TERMINAL)["status"] == "completed"


def test_a_local_run_does_not_expire_while_it_waits_for_its_turn(settings: Settings, model_server: ModelServer) -> None:
    model_server.script([{"match": "first", "hang": True}, {"match": "second", "hang": True}])
    with talking(replace(settings, executor="local", concurrent_runs=1, run_expiry=4)) as talk:
        first, second, third = (_ask(talk, question) for question in ("first", "second", "third"))
        for run in (first, second):
            assert _until(talk, run, *TERMINAL)["status"] == "expired"
        # It has waited twice as long as a run may take, and was read during this time.
        done = _until(talk, third, *TERMINAL)
        assert done["status"] == "completed"
        assert done["started_at"] >= done["created_at"] + 7


def test_the_stream_of_a_cancelled_queued_run_ends_at_once(blind: Settings, model_server: ModelServer) -> None:
    model_server.script([{"hang": True}])
    with talking(blind) as talk:
        _ask(talk, "first")
        wait_for(lambda: model_server.runs)
        with _stream(talk) as events:
            run = _until_event(events, "thread.run.queued")
            assert _cancel(talk, run) == "cancelled"
            assert [name for name, _data in events] == ["thread.run.cancelled", "done"]
        assert _pool(talk).queued() == 0
        assert len(model_server.runs) == 1


def test_an_active_run_is_cancelled_at_once(blind: Settings, model_server: ModelServer) -> None:
    model_server.script([{"hang": True}])
    with talking(blind) as talk:
        run = _ask(talk, "first")
        wait_for(lambda: model_server.runs)
        assert _cancel(talk, run) == "cancelling"
        _until(talk, run, "cancelled")
        # There is room again, and the model server is let go.
        wait_for(lambda: model_server.open_connections == 0)
        assert _until(talk, _ask(talk, "second"), *TERMINAL)["status"] == "completed"


@pytest.mark.parametrize("active", [True, False])
def test_a_run_is_cancelled_by_another_process(narrow: Settings, model_server: ModelServer, active: bool) -> None:
    model_server.script([{"hang": True, "sticky": True}])
    with talking(narrow) as talk, talking(replace(narrow, concurrent_runs=0)) as other:
        if not active:
            _ask(talk, "first")
            wait_for(lambda: model_server.runs)
        with _stream(talk) as events:
            run = _until_event(events, "thread.run.in_progress" if active else "thread.run.queued")
            assert _cancel(other, run) == ("cancelling" if active else "cancelled")
            assert [name for name, _data in events][-2:] == ["thread.run.cancelled", "done"]
        wait_for(lambda: (_pool(talk).running(), _pool(talk).queued()) == (0 if active else 1, 0))


@pytest.mark.parametrize("active", [True, False])
def test_a_thread_is_deleted_under_its_run(blind: Settings, model_server: ModelServer, active: bool) -> None:
    model_server.script([{"hang": True, "sticky": True}])
    with talking(blind) as talk:
        if not active:
            _ask(talk, "first")
            wait_for(lambda: model_server.runs)
        with _stream(talk) as events:
            _until_event(events, "thread.run.in_progress" if active else "thread.run.queued")
            assert talk.wire.delete(f"/threads/{talk.thread}").json()["deleted"]
            assert [name for name, _data in events] == ["error", "done"]
        wait_for(lambda: (_pool(talk).running(), _pool(talk).queued()) == (0 if active else 1, 0))


def test_the_stream_of_a_queued_run_reports_changes_by_another_server(
    settings: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"match": "first", "hang": True}])
    narrow = replace(settings, concurrent_runs=1)
    with talking(narrow) as talk:
        _ask(talk, "first")
        wait_for(lambda: model_server.runs)
        with _stream(talk) as events:
            _until_event(events, "thread.run.queued")
            with talking(settings):
                assert [name for name, _data in events][-2:] == ["thread.run.completed", "done"]
        assert _pool(talk).running() == 1


def test_outputs_may_come_before_the_model_server_has_ended_its_answer(
    blind: Settings, model_server: ModelServer
) -> None:
    model_server.script([{"calls": [_CALL], "linger": 3600}, {"text": "Full."}])
    with talking(blind) as talk:
        with _stream(talk) as events:
            run = _until_event(events, "thread.run.requires_action")
            (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
            assert talk.submit(run, (call["id"], "90%")).json()["status"] == "queued"
        assert talk.until(run, *TERMINAL)["status"] == "completed"


def test_runs_share_a_connection_to_their_model_server(narrow: Settings, model_server: ModelServer) -> None:
    model_server.script([{"calls": [_CALL]}])
    with talking(narrow) as talk:
        run = talk.finish()
        (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        talk.submit(run, (call["id"], "90%"))
        talk.until(run, "completed")
        for number in range(3):
            _until(talk, _ask(talk, str(number)), "completed")
        assert (len(model_server.runs), model_server.connections) == (5, 1)


def test_no_more_connections_than_runs(either: Settings, model_server: ModelServer) -> None:
    model_server.script([{"text": "word " * 5, "sticky": True}])
    with talking(replace(either, concurrent_runs=4)) as talk:
        runs = [_ask(talk, str(number)) for number in range(24)]
        for run in runs:
            _until(talk, run, "completed")
        assert model_server.connections <= 4


def test_a_served_runtime_that_stops_hands_its_runs_over(settings: Settings, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}])
    with talking(replace(settings, concurrent_runs=1)) as talk:
        active = talk.start()
        wait_for(lambda: talk.messages(active))
        queued = _ask(talk, "second")
        talk.server.call(_pool(talk).stop(0))
        assert (_pool(talk).running(), _pool(talk).queued(), _pool(talk).stopped) == (0, 0, True)
        assert [_read(talk, run)["status"] for run in (active, queued)] == ["queued", "queued"]
        assert (talk.messages(active), talk.steps(active)) == ([], [])
        # It still answers, but executes nothing more.
        assert _ask(talk, "third")["status"] == "queued"
    model_server.reset()
    with talking(replace(settings, concurrent_runs=1)) as later:
        assert [_until(later, run, *TERMINAL)["status"] for run in (active, queued)] == ["completed"] * 2
        wait_for(lambda: len(model_server.runs) == 3)
    # A queue of several machines gives a run that is handed over another place.
    assert sorted(_asked(model_server)) == ["Hello", "second", "third"]
    assert settings.store.startswith("postgresql") or _asked(model_server)[0] == "Hello"


def test_a_local_runtime_that_stops_fails_its_runs_and_says_why(settings: Settings, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "hang_after": 6}])
    local = replace(settings, executor="local")
    with talking(replace(local, concurrent_runs=1)) as talk:
        active = talk.start()
        wait_for(lambda: talk.messages(active))
        queued = _ask(talk, "second")
    with talking(local) as later:
        for run in (active, queued):
            failed = _read(later, run)
            assert failed["status"] == "failed"
            assert failed["last_error"] == {
                "code": "server_error",
                "message": "The runtime was stopped before the run ended.",
            }
        later.thread = talk.thread
        (message,) = later.messages(active)
        assert message["incomplete_details"] == {"reason": "run_failed"}
        assert message["content"][0]["text"]["value"].startswith("one")
    assert len(model_server.runs) == 1


def test_a_runtime_stops_without_its_store(
    either: Settings, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs are found dead, or are queued again, when their leases have expired."""
    model_server.script([{"hang": True}])
    with talking(replace(either, concurrent_runs=1)) as talk:
        runs = [_ask(talk, question) for question in ("first", "second")]
        wait_for(lambda: model_server.runs)

        async def fail(*_work: Any, **_options: Any) -> None:
            raise OperationalError("", None, ValueError("The store is gone."))

        with monkeypatch.context() as broken:
            broken.setattr(talk.server.app.context.store, "write", fail)
            talk.server.call(_pool(talk).stop(0))
        assert (_pool(talk).running(), _pool(talk).queued(), _pool(talk).stopped) == (0, 0, True)
        assert [_read(talk, run)["status"] for run in runs] == ["in_progress", "queued"]


@pytest.mark.parametrize("grace", [600, None])
def test_runs_that_end_within_the_grace_are_completed(
    either: Settings, model_server: ModelServer, grace: float | None
) -> None:
    model_server.script([{"hold": True}])
    with talking(either) as talk:
        run = _ask(talk, "first")
        wait_for(lambda: model_server.runs)

        async def stop() -> None:
            # The signal stops the pool, and so does the end of uvicorn's lifespan.
            stops = [asyncio.create_task(_pool(talk).stop(grace)) for _time in range(2)]
            await asyncio.sleep(0)
            model_server.release()
            await asyncio.gather(*stops)

        talk.server.call(stop())
        assert _read(talk, run)["status"] == "completed"


@pytest.mark.parametrize("grace", [600, None])
def test_the_grace_can_be_cut_short(either: Settings, model_server: ModelServer, grace: float | None) -> None:
    model_server.script([{"hang": True}])
    with talking(either) as talk:
        run = _ask(talk, "first")
        wait_for(lambda: model_server.runs)

        async def stop() -> None:
            patient = asyncio.create_task(_pool(talk).stop(grace))
            await asyncio.sleep(0)
            await _pool(talk).stop(0)
            await patient

        talk.server.call(stop())
        assert _read(talk, run)["status"] == ("failed" if either.executor == "local" else "queued")


def test_a_reader_that_is_far_too_slow_gets_no_more_events() -> None:
    """The writer does not wait for it, and does not keep everything for it either."""

    async def read() -> list[str]:
        subscription = Subscription()
        for number in range(100_000):
            subscription.send((str(number), {}))
        return [event[0] async for several in subscription for event in several if isinstance(event, tuple)]

    names = asyncio.run(read())
    assert names == [str(number) for number in range(len(names))]
    assert 1000 < len(names) < 50_000
