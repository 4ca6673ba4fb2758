# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks that wait, that do not, that are killed, and that want the same at the same moment."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, play

Json = dict[str, Any]

_ASSISTANT: Json = {"openai_assistant": {"name": "A", "model": "m"}, "name": "assistant", "register": "assistant"}
_RUN: Json = {
    "name": "run",
    "openai_thread_run": {
        "key": "the-key",
        "assistant_id": "{{ assistant.assistant_id }}",
        "thread": {"messages": [{"content": "Hello"}]},
    },
}
_SLOW: Json = {"match": "Hello", "text": "Hello to you", "delay": 2.5}


# What a task costs that does nothing.
_FLOOR: list[Json] = [{"name": "floor", "set_fact": {"a": n}} for n in range(5)]


def _least(outcome: Outcome, name: str) -> float:
    """The seconds of the fastest of the tasks of this name: on a busy machine any one of them may take longer."""
    return min(task.seconds for task in outcome.tasks if task.name == name)


def _slowness(outcome: Outcome) -> float:
    """How much longer a run takes than on a quiet machine, where the floor is below 0.02 s; at least 1.

    Several processes have a part in a run, so it is slowed down more than a task that does nothing.
    """
    return max(1, _least(outcome, "floor") / 0.02) ** 2


def _run(**options: Any) -> Json:
    return {**_RUN, "openai_thread_run": {**_RUN["openai_thread_run"], **options}}


@pytest.fixture
def env(model_server: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": model_server.base_url}


@pytest.fixture
def runs(ansible_playbook: AnsiblePlaybook) -> Callable[[], list[tuple[str, str | None]]]:
    """Status and lease holder of each run in the store, oldest first."""

    def read() -> list[tuple[str, str | None]]:
        with contextlib.closing(sqlite3.connect(ansible_playbook.store, timeout=10)) as connection:
            return connection.execute("SELECT status, lease_owner FROM runs ORDER BY seq").fetchall()

    return read


def _wait(until: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_playbook_leaves_its_run_to_the_next(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str], runs: Callable[[], Any]
) -> None:
    model_server.script([_SLOW])
    first = ansible_playbook.start(play([_ASSISTANT, _RUN]), env=env)
    _wait(lambda: model_server.runs)
    first.kill()
    second = ansible_playbook(play([_ASSISTANT, _RUN]), env=env)
    assert (second.rc, second.changed) == (0, 0), second
    assert second.results["run"]["response"] == "Hello to you"
    assert [status for status, _key in runs()] == ["completed"]
    assert len(model_server.runs) == 1


def test_a_killed_runner_too_costs_one_run_more(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str], runs: Callable[[], Any]
) -> None:
    model_server.script([{"hang": True}])
    first = ansible_playbook.start(play([_ASSISTANT, _RUN]), env=env)
    _wait(lambda: model_server.runs)
    first.kill()
    os.kill(int(runs()[0][1].split("|")[1]), signal.SIGKILL)
    began = time.monotonic()
    second = ansible_playbook(play([_ASSISTANT, _RUN]), env=env)
    # Found dead at once, on the same machine: there is no lease to wait for.
    assert time.monotonic() - began < 25
    assert (second.rc, second.changed) == (0, 1), second
    assert [status for status, _key in runs()] == ["failed", "completed"]


def test_two_playbooks_at_the_same_moment_make_one_run(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str], runs: Callable[[], Any]
) -> None:
    model_server.script([_SLOW])
    outcomes = [each.wait() for each in [ansible_playbook.start(play([_ASSISTANT, _RUN]), env=env) for _each in "ab"]]
    assert [outcome.rc for outcome in outcomes] == [0, 0], [str(outcome) for outcome in outcomes]
    assert len({outcome.results["run"]["run_id"] for outcome in outcomes}) == 1
    assert {outcome.results["run"]["response"] for outcome in outcomes} == {"Hello to you"}
    assert [status for status, _key in runs()] == ["completed"]
    assert len(model_server.runs) == 1


def test_a_run_that_is_not_waited_for_goes_on_behind_its_task(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str], runs: Callable[[], Any]
) -> None:
    model_server.script([{"match": "Hello", "delay": 6}])
    started = [_run(key=f"k{n}", wait=False) for n in range(4)]
    first = ansible_playbook(play([_ASSISTANT, _run(wait=False), *started, *_FLOOR]), env=env)
    assert first.rc == 0, first
    # The playbook is over, and the first run is not.
    assert runs()[0][0] in ("queued", "in_progress")
    assert _least(first, "run") < 0.3 * _slowness(first)

    look = {"name": "look", "debug": {"msg": "{{ lookup('threadworks.openai.openai_thread_run', 'KEY') }}"}}
    ids = first.tasks[1].result
    look["debug"]["msg"] = (
        f"{{{{ lookup('threadworks.openai.openai_thread_run', '{ids['thread_id']}:{ids['run_id']}') }}}}"
    )
    second = ansible_playbook(play([look, _ASSISTANT, _RUN]), env=env)
    assert (second.rc, second.changed) == (0, 0), second
    assert second.results["look"]["msg"]["status"] in ("in_progress", "completed")
    assert second.results["run"]["status"] == "completed"
    assert len(model_server.runs) == 5


def test_a_run_that_takes_too_long_is_told_and_goes_on(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str], runs: Callable[[], Any]
) -> None:
    model_server.script([_SLOW])
    outcome = ansible_playbook(play([_ASSISTANT, _run(wait_timeout=0.5)]), env=env)
    result = outcome.results["run"]
    assert "after 0.5 seconds (option wait_timeout)" in result["msg"]
    assert result["status"] == result["run"]["status"] == "in_progress"
    _wait(lambda: runs()[0][0] == "completed")


def test_progress_is_shown_on_a_terminal(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    model_server.script([{"text": "one two three four five six", "delta_delay": 0.9}])
    ours, screen = pty.openpty()
    started = ansible_playbook.start(play([_ASSISTANT, _RUN]), env={**env, "COLUMNS": "200"}, screen=screen)
    os.close(screen)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a pseudo-terminal
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    assert started.wait().rc == 0, shown
    lines = re.findall(rb"\[localhost\] run_\w+: in_progress, (\d+) s, (\d+) tokens", shown)
    # One every few seconds.
    assert 1 <= len(lines) <= 3, shown


def test_progress_is_not_shown_elsewhere(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    model_server.script([{"delay": 3.5}])
    outcome = ansible_playbook(play([_ASSISTANT, _RUN]), env=env)
    assert outcome.rc == 0
    assert "in_progress" not in outcome.stdout + outcome.stderr


def test_a_task_costs_little(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]) -> None:
    """Against a model that answers at once, a run costs at most 0.15 s more than `set_fact`.

    That is so on a quiet machine; beside other tests it may be twice as much.
    """
    outcome = ansible_playbook(play([_ASSISTANT, *_FLOOR, *(_run(key=f"k{n}") for n in range(6))]), env=env)
    assert outcome.rc == 0, outcome
    assert _least(outcome, "run") - _least(outcome, "floor") < 0.3 * _slowness(outcome)
