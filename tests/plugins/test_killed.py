# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A local runtime is killed, or hangs, while a task follows a run: the task finds the run dead, and makes it again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.runtime.processes import Local
from ansible_collections.threadworks.openai.tests.world import Done, Json, World

T: Json = {"thread_id": "newest", "assistant_id": "newest"}


class Starter:
    """Finds and starts the local runtime of a test.

    Attributes:
        runtimes: Those that were started.
        replaced: The process ids of those that hang.
    """

    def __init__(self, store: Path) -> None:
        self._store = str(store)
        self.runtimes: list[Local] = []
        self.replaced: list[int | None] = []

    def path(self) -> str:
        return str(self.runtimes[-1].socket if self.runtimes else Path(self._store).with_suffix(".sock"))

    def start(self, within: float) -> None:
        self.runtimes.append(Local(self._store).__enter__())

    def replace(self, pid: int | None, within: float) -> None:
        self.replaced.append(pid)
        self.runtimes[-1].kill()
        self.start(within)


@pytest.fixture
def starter(world: World) -> Iterator[Starter]:
    """A world whose tasks use a runtime in a process of its own."""
    starter = Starter(world.store.with_name("of_its_own.db"))
    try:
        world.use(world.connected(starter, runtime_store=starter.path()))
        world.do("assistant", name="A", model="m")
        world.do("thread", key="T", messages=[{"content": "Hello"}])
        yield starter
    finally:
        for runtime in starter.runtimes:
            runtime.kill()


def interrupted(world: World, pid: int, number: int) -> Done:
    """Carry out a run; in the middle of it, the runtime gets a signal."""
    asked = len(world.model.runs)

    def strike() -> None:
        wait_for(lambda: len(world.model.runs) > asked)
        os.kill(pid, number)

    striker = threading.Thread(target=strike)
    striker.start()
    try:
        return world.do("run", **T)
    finally:
        striker.join(60)


@pytest.mark.parametrize("answer", [{"hang": True}, {"text": "one two three four", "hang_after": 6}])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_run_is_found_dead_and_made_again(
    world: World, starter: Starter, number: signal.Signals, answer: Json
) -> None:
    pid = starter.runtimes[0].pid
    world.model.script([answer])
    done = interrupted(world, pid, number)
    assert done.result["failed"]
    assert "The runner of this run died" in done.result["msg"]
    assert done.result["status"] == "failed"
    assert starter.replaced == ([pid] if number == signal.SIGSTOP else [])
    assert len(starter.runtimes) == 2
    again = world.do("run", **T)
    assert (again.result["status"], again.result["response"]) == ("completed", "Reply to: Hello")
    runs = list(world.wire.list("threads", world.ids["thread_id"], "runs"))
    assert [run["status"] for run in runs] == ["completed", "failed"]


def test_a_request_that_makes_a_run_is_sent_again_and_makes_one(world: World, starter: Starter) -> None:
    """The runtime is killed between two tasks; the next one starts it, and reads what the first has left."""
    assert world.do("run", **T).result["status"] == "completed"
    starter.runtimes[0].kill()
    assert world.do("run", **T).result["changed"] is False
    starter.runtimes[1].kill()
    assert world.do("run", **T, force=True).result["status"] == "completed"
    assert (len(starter.runtimes), len(world.model.runs)) == (3, 2)
