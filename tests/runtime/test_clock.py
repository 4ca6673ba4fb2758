# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of the wall clock: the process of a run is known to be alive, so the run is not found dead or expired."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Row
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import rows
from threadworks_runtime.store.tables import RUNS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, talking, wait_for

Step = Callable[[float], None]


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Step:
    """Changes the wall clock of this process. The monotonic clock continues, as when a user sets the time."""
    wall = time.time
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: wall() + seconds)


@pytest.fixture
def pair(either: Settings) -> Iterator[tuple[Conversation, Conversation]]:
    """A conversation, and the same one by another runtime of this machine."""
    with talking(either) as talk, talking(replace(either, concurrent_runs=0)) as other:
        other.assistant, other.thread, other.runs = talk.assistant, talk.thread, talk.runs
        yield talk, other


def _row(talk: Conversation, run: dict[str, Any]) -> Row:
    with talk.server.app.context.store.reading() as connection:
        return rows.find(connection, RUNS, run["id"])


def _is_renewed(talk: Conversation, run: dict[str, Any]) -> Callable[[], bool]:
    before = _row(talk, run).lease_until
    return lambda: _row(talk, run).lease_until != before


@pytest.mark.parametrize("seconds", [60, 3600, 86400, -3600])
def test_a_run_goes_on(
    pair: tuple[Conversation, Conversation], model_server: ModelServer, step: Step, seconds: float
) -> None:
    talk, other = pair
    model_server.script([{"hold": True, "text": "Hello"}])
    run = talk.start()
    wait_for(lambda: model_server.runs)
    step(seconds)
    assert [each.read(run)["status"] for each in pair] == ["in_progress"] * 2
    message = {"role": "user", "content": "x"}
    assert other.wire.post(f"/threads/{talk.thread}/messages", json=message).status_code == 400
    # At least one look at the clock by the runner itself, too.
    wait_for(_is_renewed(talk, run))
    assert [each.read(run)["status"] for each in pair] == ["in_progress"] * 2
    model_server.release()
    assert other.until(run, "completed", "failed", "expired")["status"] == "completed"


@pytest.mark.parametrize("either", ["local"], indirect=True)
def test_a_run_that_waits_for_its_turn_goes_on(either: Settings, model_server: ModelServer, step: Step) -> None:
    model_server.script([{"hold": True}])
    with talking(replace(either, concurrent_runs=1)) as talk:
        runs = [talk.start(), Conversation(talk.wire).start()]
        wait_for(lambda: model_server.runs)
        step(3600)
        paths = [f"/threads/{run['thread_id']}/runs/{run['id']}" for run in runs]
        assert [talk.wire.get(path).json()["status"] for path in paths] == ["in_progress", "queued"]
        model_server.release()
        for path in paths:
            wait_for(lambda path=path: talk.wire.get(path).json()["status"] == "completed")


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_run_has_the_time_that_it_has(
    either: Settings, model_server: ModelServer, step: Step, seconds: float
) -> None:
    model_server.script([{"hang": True}])
    with talking(replace(either, run_expiry=4)) as talk:
        begun = time.monotonic()
        run = talk.start()
        wait_for(lambda: model_server.runs)
        step(seconds)
        talk.until(run, "expired", "failed")
        assert 3 < time.monotonic() - begun < 60
        assert talk.read(run)["status"] == "expired"


@pytest.mark.stores("sqlite")
def test_no_other_runtime_takes_up_a_run_that_waits_for_its_turn(
    settings: Settings, model_server: ModelServer, step: Step
) -> None:
    """A local runtime's queued run, and a served runtime on the same store: it takes a run without a holder."""
    model_server.script([{"hold": True}])
    local = replace(settings, executor="local", concurrent_runs=1)
    with talking(local) as talk, talking(replace(settings, concurrent_runs=0)) as served:
        talk.start()
        waiting = Conversation(talk.wire).start()
        wait_for(lambda: model_server.runs)
        step(3600)
        pool = served.server.app.context.executor
        pool.concurrent_runs = 1
        served.server.call(pool._sweep())
        assert _row(talk, waiting).status == "queued"
        assert (pool.running(), pool.queued()) == (0, 0)
        model_server.release()
        path = f"/threads/{waiting['thread_id']}/runs/{waiting['id']}"
        wait_for(lambda: talk.wire.get(path).json()["status"] == "completed")
