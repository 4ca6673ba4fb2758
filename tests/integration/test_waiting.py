# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks that wait, that do not, that are killed, and that want the same at the same moment."""

from __future__ import annotations

import contextlib
import itertools
import os
import pty
import re
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes, is_alive
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Started, play

Json = dict[str, Any]

_ASSISTANT: Json = {"openai_assistant": {"name": "A", "model": "m"}, "name": "assistant", "register": "assistant"}
_RUN: Json = {
    "name": "run",
    "register": "it",
    "openai_thread_run": {
        "key": "the-key",
        "assistant_id": "{{ assistant.assistant_id }}",
        "thread": {"messages": [{"content": "Hello"}]},
    },
}
# The model answers when the test releases the answer. Until then, tasks that wait for the run keep waiting.
_HELD: Json = {"match": "Hello", "text": "Hello to you", "hold": True}


def _run(**options: Any) -> Json:
    return {**_RUN, "openai_thread_run": {**_RUN["openai_thread_run"], **options}}


def _looked_up(task: str, status: str | None = None) -> Json:
    """A task that looks another task's run up, until it has this status."""
    run = f"lookup('threadworks.openai.openai_thread_run', {task}.thread_id ~ ':' ~ {task}.run_id)"
    look: Json = {"name": "look", "debug": {"msg": f"{{{{ {run} }}}}"}}
    if status:
        look |= {"until": f"{run}.status == '{status}'", "retries": 600, "delay": 0.1}
    return look


@pytest.fixture
def env(model_server: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": model_server.base_url}


@pytest.fixture
def runs(ansible_playbook: AnsiblePlaybook) -> Callable[[], list[str]]:
    """The status of each run in the store, oldest first."""

    def read() -> list[str]:
        with contextlib.closing(sqlite3.connect(ansible_playbook.store, timeout=60)) as connection:
            return [status for (status,) in connection.execute("SELECT status FROM runs ORDER BY seq")]

    return read


def _waits(started: Started) -> bool:
    """Whether a playbook has come to the task that waits for a run."""
    assert started.process.poll() is None
    return "assistant" in started.ended_tasks()


def _kill(started: Started, keyboard: int) -> None:
    started.kill()


def _interrupt(started: Started, keyboard: int) -> None:
    """What Ctrl-C does.

    Ansible does not pass it on to a worker that is just being forked, and then waits for this worker. So it is pressed
    again, as a person does.
    """
    while started.process.poll() is None:
        os.write(keyboard, b"\x03")
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.process.wait(10)


def _hang_up(started: Started, keyboard: int) -> None:
    """What happens when the window is closed, or the connection to the machine breaks."""
    os.killpg(started.process.pid, signal.SIGHUP)


def test_a_playbook_that_ends_early_leaves_its_run_to_the_next(
    ansible_playbook: AnsiblePlaybook,
    model_server: ModelServer,
    env: dict[str, str],
    runs: Callable[[], list[str]],
    local_runtimes: LocalRuntimes,
) -> None:
    model_server.script([_HELD])
    pids = set()
    for end in (_kill, _interrupt, _hang_up):
        keyboard, terminal = pty.openpty()
        early = ansible_playbook.start(play([_ASSISTANT, _RUN]), env=env, terminal=terminal)
        wait_for(lambda started=early: model_server.runs and _waits(started))
        pids.update(local_runtimes.pids())
        end(early, keyboard)
        assert early.wait().rc != 0, end
        os.close(keyboard)
        os.close(terminal)
        assert runs() == ["in_progress"], end

    last = ansible_playbook.start(play([_ASSISTANT, _RUN]), env=env)
    wait_for(lambda: _waits(last))
    model_server.release()
    outcome = last.wait()
    assert (outcome.rc, outcome.changed) == (0, 0), outcome
    assert outcome.results["run"]["response"] == "Hello to you"
    assert runs() == ["completed"]
    assert len(model_server.runs) == 1
    assert len(pids) == 1
    assert set(local_runtimes.pids()) == pids


def test_a_killed_runtime_too_costs_one_run_more(
    ansible_playbook: AnsiblePlaybook,
    model_server: ModelServer,
    env: dict[str, str],
    runs: Callable[[], list[str]],
    local_runtimes: LocalRuntimes,
) -> None:
    model_server.script([{"hang": True}])
    first = ansible_playbook.start(play([_ASSISTANT, _RUN]), env=env)
    wait_for(lambda: model_server.runs)
    first.kill()
    first.wait()
    _kill_runtime(local_runtimes)
    # Found dead at once, on the same machine: the lease has an hour to go.
    _extend_leases(ansible_playbook.store)
    second = ansible_playbook(play([_ASSISTANT, _RUN]), env=env)
    assert (second.rc, second.changed) == (0, 1), second
    assert runs() == ["failed", "completed"]
    assert len(model_server.runs) == 2


def _extend_leases(store: Path) -> None:
    """Let no lease of a run expire within the next hour."""
    with contextlib.closing(sqlite3.connect(store, timeout=60, isolation_level=None)) as connection:
        connection.execute("UPDATE runs SET lease_until = lease_until + 3600, lease_monotonic = lease_monotonic + 3600")


def _kill_runtime(local_runtimes: LocalRuntimes) -> None:
    (pid,) = local_runtimes.pids()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(pid))


def test_a_task_reports_that_its_runtime_was_killed(
    ansible_playbook: AnsiblePlaybook,
    model_server: ModelServer,
    env: dict[str, str],
    runs: Callable[[], list[str]],
    local_runtimes: LocalRuntimes,
) -> None:
    """The task that waits is not held up by the lease: it fails, and the next playbook makes the run again."""
    model_server.script([{"hang": True}])
    first = ansible_playbook.start(play([_ASSISTANT, _RUN]), env=env)
    wait_for(lambda: model_server.runs)
    _extend_leases(ansible_playbook.store)
    _kill_runtime(local_runtimes)
    outcome = first.wait()
    assert outcome.rc == 2, outcome
    result = outcome.results["run"]
    assert result["status"] == result["run"]["status"] == "failed"
    assert "The runner of this run died" in result["msg"]
    assert runs() == ["failed"]
    second = ansible_playbook(play([_ASSISTANT, _RUN]), env=env)
    assert (second.rc, second.changed, second.results["run"]["response"]) == (0, 1, "Reply to: Hello"), second
    assert runs() == ["failed", "completed"]


def test_two_playbooks_at_the_same_moment_make_one_run(
    ansible_playbook: AnsiblePlaybook,
    model_server: ModelServer,
    env: dict[str, str],
    runs: Callable[[], list[str]],
    local_runtimes: LocalRuntimes,
) -> None:
    model_server.script([_HELD])
    started = [ansible_playbook.start(play([_ASSISTANT, _RUN]), env=env) for _each in "ab"]
    wait_for(lambda: model_server.runs and all(map(_waits, started)))
    model_server.release()
    outcomes = [each.wait() for each in started]
    assert [outcome.rc for outcome in outcomes] == [0, 0], [str(outcome) for outcome in outcomes]
    assert len({outcome.results["run"]["run_id"] for outcome in outcomes}) == 1
    assert {outcome.results["run"]["response"] for outcome in outcomes} == {"Hello to you"}
    assert runs() == ["completed"]
    assert len(model_server.runs) == 1
    assert len(local_runtimes.pids()) == 1


_COUNTED = ("assistants", "threads", "messages", "runs")


@pytest.mark.matrix
def test_eight_forks_at_the_same_moment_make_one_of_each(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str], local_runtimes: LocalRuntimes
) -> None:
    """Also the runtime: none is up when all of them need one."""
    hosts = [f"host{n}" for n in range(8)]
    on_thread = {"thread_id": "{{ thread.thread_id }}", "assistant_id": "{{ assistant.assistant_id }}"}
    tasks: list[Json] = [
        _ASSISTANT,
        _RUN,
        {"name": "thread", "register": "thread", "openai_thread": {"key": "T"}},
        {"name": "message", "openai_message": {"thread_id": "{{ thread.thread_id }}", "content": "Hello"}},
        {"name": "answer", "openai_run": on_thread},
    ]
    text = play(tasks, hosts="all", connection="local")
    outcome = ansible_playbook(text, "-i", ",".join(hosts), "-f", "8", env=env)
    assert outcome.rc == 0, outcome
    assert Counter(task.name for task in outcome.tasks) == {task["name"]: 8 for task in tasks}
    for name, key in [("assistant", "assistant_id"), ("run", "run_id"), ("thread", "thread_id"), ("answer", "run_id")]:
        assert len({task.result[key] for task in outcome.tasks if task.name == name}) == 1, outcome
    assert {task.result["response"] for task in outcome.tasks if "response" in task.result} == {"Reply to: Hello"}
    with contextlib.closing(sqlite3.connect(ansible_playbook.store, timeout=60)) as connection:
        counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _COUNTED}
    assert counts == {"assistants": 1, "threads": 2, "messages": 4, "runs": 2}
    assert len(model_server.runs) == 2
    assert len(local_runtimes.pids()) == 1
    again = ansible_playbook(text, "-i", ",".join(hosts[:2]), env=env)
    assert (again.rc, again.changed) == (0, 0), again


def test_a_run_that_is_not_waited_for_goes_on_behind_its_task(
    ansible_playbook: AnsiblePlaybook,
    model_server: ModelServer,
    env: dict[str, str],
    runs: Callable[[], list[str]],
    local_runtimes: LocalRuntimes,
) -> None:
    # The model does not answer before the playbook ends, so a task that waited for it would never end.
    # This holds for each of the runs, because they reach the model in any order.
    model_server.script([{**_HELD, "sticky": True}])
    started = [_run(key=f"k{n}", wait=False) for n in range(4)]
    first = ansible_playbook(play([_ASSISTANT, _run(wait=False), *started]), env=env)
    assert (first.rc, first.changed) == (0, 6), first
    assert len(runs()) == 5
    assert set(runs()) <= {"queued", "in_progress"}
    (runtime,) = local_runtimes.pids()
    # It has left the playbook's session and its process group.
    assert os.getsid(runtime) != os.getsid(0)

    model_server.release()
    ids = first.tasks[1].result
    keep: Json = {"set_fact": {"it": {name: ids[name] for name in ("thread_id", "run_id")}}}
    second = ansible_playbook(play([keep, _looked_up("it"), _ASSISTANT, _RUN]), env=env)
    assert (second.rc, second.changed) == (0, 0), second
    assert second.results["look"]["msg"]["status"] in ("in_progress", "completed")
    assert second.results["run"]["status"] == "completed"
    assert second.results["run"]["response"] == "Hello to you"
    wait_for(lambda: runs() == ["completed"] * 5)
    assert len(model_server.runs) == 5
    assert local_runtimes.pids() == [runtime]


@pytest.mark.any_runtime
def test_a_run_that_takes_too_long_continues(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str], runs: Callable[[], list[str]]
) -> None:
    """Whether the task has made the run or has found it."""
    under_way = [_run(wait=False), _looked_up("it", "in_progress")]
    late = [
        {**_run(wait_timeout=0.5), "name": "found", "ignore_errors": True},
        {**_run(wait_timeout=5, key="another"), "name": "made", "ignore_errors": True},
    ]
    model_server.script([_HELD, _HELD])
    outcome = ansible_playbook(play([_ASSISTANT, *under_way, *late]), env=env)
    assert (outcome.rc, outcome.stats["ignored"]) == (0, 2), outcome
    for name, seconds in [("found", "0.5"), ("made", "5")]:
        result = outcome.results[name]
        assert f"after {seconds} seconds (option wait_timeout)" in result["msg"]
        assert "It continues" in result["msg"]
        assert result["status"] == result["run"]["status"] == "in_progress"
    model_server.release()
    wait_for(lambda: runs() == ["completed", "completed"])


@pytest.mark.any_runtime
def test_progress_is_shown_on_a_terminal(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    model_server.script([{"text": "one two three four five six seven eight", "hold_after": 8}])
    ours, screen = pty.openpty()
    started = ansible_playbook.start(play([_ASSISTANT, _RUN]), env={**env, "COLUMNS": "200"}, screen=screen)
    os.close(screen)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a pseudo-terminal
        while piece := os.read(ours, 4096):
            shown += piece
            lines = re.findall(rb"\[localhost\] run_\w+: in_progress, (\d+) s, (\d+) tokens", shown)
            if len(lines) == 2:
                model_server.release()
    os.close(ours)
    assert started.wait().rc == 0, shown
    seconds, tokens = ([int(number) for number in column] for column in zip(*lines, strict=True))
    # One every three seconds.
    assert seconds[0] >= 3
    assert all(later - earlier >= 2 for earlier, later in itertools.pairwise(seconds)), shown
    assert list(tokens) == sorted(tokens)
    assert 0 < tokens[-1] <= 8


@pytest.mark.any_runtime
def test_progress_is_not_shown_elsewhere(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    # Longer than the three seconds after which a line would be displayed.
    model_server.script([{"delay": 3.5}])
    outcome = ansible_playbook(play([_ASSISTANT, _RUN]), env=env)
    assert outcome.rc == 0
    assert "in_progress" not in outcome.stdout + outcome.stderr


def test_a_task_costs_few_requests(ansible_playbook: AnsiblePlaybook, served: tuple[str, list[str]]) -> None:
    """What that means in seconds is measured by `make bench`."""
    url, requests = served
    env = {"OPENAI_RUNTIME_URL": url}
    first = ansible_playbook(play([_ASSISTANT, _RUN]), env=env)
    assert (first.rc, first.changed) == (0, 2), first
    assert requests == ["GET /v1/assistants", "POST /v1/assistants", "GET /v1/threads", "POST /v1/threads/runs"]
    requests.clear()
    again = ansible_playbook(play([_ASSISTANT, _RUN]), env=env)
    assert (again.rc, again.changed) == (0, 0), again
    thread_id = again.results["run"]["thread_id"]
    assert requests == ["GET /v1/assistants", "GET /v1/threads", f"GET /v1/threads/{thread_id}/runs"]


def test_a_play_that_needs_no_runtime_starts_none(
    ansible_playbook: AnsiblePlaybook, local_runtimes: LocalRuntimes
) -> None:
    tasks: list[Json] = [{"set_fact": {"a": 1}}, {"name": "skipped", "when": False, "openai_thread": {"key": "T"}}]
    outcome = ansible_playbook(play(tasks))
    assert outcome.rc == 0, outcome
    assert local_runtimes.pids() == []
    assert not ansible_playbook.store.exists()
