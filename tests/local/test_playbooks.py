# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real playbooks and their local runtime."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes, is_alive
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, play

Json = dict[str, Any]

_ASSISTANT: Json = {"openai_assistant": {"name": "A", "model": "m"}, "name": "assistant", "register": "assistant"}
_INFO: Json = {"name": "info", "openai_local_runtime_info": {}}
_PLAYBOOK = "threadworks.openai.local_runtime"


def _run(key: str = "k", **options: Any) -> Json:
    thread = {"messages": [{"content": "Hello"}]}
    run = {"key": key, "assistant_id": "{{ assistant.assistant_id }}", "thread": thread, **options}
    return {"name": "run", "openai_thread_run": run, "register": "run"}


@pytest.fixture
def env(model_server: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": model_server.base_url}


def _status(playbook: AnsiblePlaybook) -> list[str]:
    with sqlite3.connect(playbook.store) as store:
        return [status for (status,) in store.execute("SELECT status FROM runs ORDER BY seq")]


@pytest.mark.matrix
def test_plays_share_one_runtime(
    ansible_playbook: AnsiblePlaybook, env: dict[str, str], local_runtimes: LocalRuntimes
) -> None:
    first = ansible_playbook(play([_ASSISTANT, _run(), _INFO]), env=env)
    assert first.results["run"]["response"] == "Reply to: Hello", str(first)
    second = ansible_playbook(play([_ASSISTANT, _run(), _INFO]), env=env)
    assert (second.rc, second.changed) == (0, 0), str(second)
    runtimes = [outcome.results["info"]["runtimes"] for outcome in (first, second)]
    assert [runtime["pid"] for found in runtimes for runtime in found] == 2 * local_runtimes.pids()
    assert runtimes[0][0]["state"] == "running"


@pytest.mark.matrix
def test_a_play_imports_no_library_of_the_runtime(ansible_playbook: AnsiblePlaybook, env: dict[str, str]) -> None:
    lookup = {"name": "look", "debug": {"msg": "{{ query('threadworks.openai.openai_threads') }}"}}
    outcome = ansible_playbook(play([_ASSISTANT, _run(), lookup]), env={**env, "PYTHONPROFILEIMPORTTIME": "1"})
    assert outcome.rc == 0, str(outcome)
    imported = set(re.findall(r"\|\s+(\w+)", outcome.stderr))
    assert "json" in imported
    assert not imported & {"openai", "falcon", "uvicorn", "sqlalchemy", "pydantic", "httpx2", "threadworks_runtime"}


def test_pipe_ends_with_the_playbook(
    ansible_playbook: AnsiblePlaybook, env: dict[str, str], model_server: ModelServer, local_runtimes: LocalRuntimes
) -> None:
    model_server.script([{"hold": True, "text": "Done"}])
    file = ansible_playbook.folder / "held.yml"
    file.write_text(play([_ASSISTANT, _run(wait=False)]))
    command = shlex.join([sys.executable, "-m", "ansible", "playbook", str(file)])
    environment = {**ansible_playbook.environment, **env}
    # `cat` reads until the other end is closed in all processes.
    done = subprocess.run(
        f"{command} 2>&1 | cat", shell=True, env=environment, capture_output=True, text=True, timeout=1500, check=True
    )
    assert "failed=0" in done.stdout
    (pid,) = local_runtimes.pids()
    wait_for(lambda: _status(ansible_playbook) == ["in_progress"])
    model_server.release()
    wait_for(lambda: _status(ansible_playbook) == ["completed"])
    assert is_alive(pid)


def test_run_outlives_its_playbook(
    ansible_playbook: AnsiblePlaybook, env: dict[str, str], model_server: ModelServer, local_runtimes: LocalRuntimes
) -> None:
    """It completes when no playbook is running. All ways to end a playbook early are in test_waiting.py."""
    model_server.script([{"hold": True, "text": "Done"}])
    started = ansible_playbook.start(play([_ASSISTANT, _run()]), env=env)
    wait_for(lambda: model_server.runs)
    started.kill()
    started.wait()
    (pid,) = local_runtimes.pids()
    model_server.release()
    wait_for(lambda: _status(ansible_playbook) == ["completed"])
    again = ansible_playbook(play([_ASSISTANT, _run()]), env=env)
    assert (again.rc, again.changed, again.results["run"]["response"]) == (0, 0, "Done"), str(again)
    assert local_runtimes.pids() == [pid]


def test_environment_of_a_task_reaches_the_runtime(ansible_playbook: AnsiblePlaybook, env: dict[str, str]) -> None:
    proxied = {**_INFO, "name": "proxied", "environment": {"HTTPS_PROXY": "http://127.0.0.1:9"}}
    start = {"name": "start", "openai_local_runtime": {}}
    tasks = [start, {**start, "environment": proxied["environment"]}, _INFO, proxied]
    every = {"name": "every", "openai_local_runtime_info": {"all": True}}
    outcome = ansible_playbook(play([*tasks, every]), env=env)
    assert outcome.changed == 2, str(outcome)
    pids = {outcome.results[name]["runtimes"][0]["pid"] for name in ("info", "proxied")}
    assert len(pids) == 2
    # This user may have others, which no test has started.
    assert {runtime["pid"] for runtime in outcome.results["every"]["runtimes"]} >= pids


def test_async_elsewhere_needs_a_served_runtime(ansible_playbook: AnsiblePlaybook, env: dict[str, str]) -> None:
    tasks = [
        {**_ASSISTANT, "name": "here"},
        {**_ASSISTANT, "name": "there", "async": 600, "poll": 4, "ignore_errors": True},
        {**_ASSISTANT, "name": "delegated", "async": 600, "poll": 4, "delegate_to": "control"},
    ]
    inventory = ansible_playbook.folder / "inventory.ini"
    inventory.write_text(
        "far ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=9\n"
        "control ansible_connection=local\n"
        # For far too: core 2.16 searches one for it, although the task is delegated, and could find a shim of pyenv.
        "[all:vars]\n"
        "ansible_python_interpreter='{{ ansible_playbook_python }}'\n"
    )
    outcome = ansible_playbook(play(tasks, hosts="far"), "-i", str(inventory), env=env)
    # Without async, the task runs on the control node, regardless of the connection.
    assert [task.status for task in outcome.tasks] == ["changed", "failed", "ok"], str(outcome)
    message = outcome.results["there"]["msg"]
    assert "runs on the host far" in message
    assert "Set runtime_url to a served runtime" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_async_as_another_user_is_refused(ansible_playbook: AnsiblePlaybook, env: dict[str, str]) -> None:
    task = {**_ASSISTANT, "async": 600, "poll": 4, "become": True, "become_user": "nobody"}
    outcome = ansible_playbook(play([task, {**_ASSISTANT, "name": "never"}]), env=env)
    assert "runs as another user" in outcome.results["assistant"]["msg"], str(outcome)


@pytest.mark.matrix
def test_module_starts_and_stops(
    ansible_playbook: AnsiblePlaybook, env: dict[str, str], local_runtimes: LocalRuntimes
) -> None:
    def task(name: str, **options: Any) -> Json:
        return {"name": name, "openai_local_runtime": options, "diff": True}

    stop = {"state": "stopped"}
    tasks = [
        {**task("would start"), "check_mode": True},
        {**_INFO, "name": "none"},
        task("start"),
        {**task("would start again"), "check_mode": True},
        task("start again"),
        {**task("would stop", **stop), "check_mode": True},
        _INFO,
        task("stop", **stop),
        task("stop again", **stop),
    ]
    outcome = ansible_playbook(play(tasks), env=env)
    assert outcome.rc == 0, str(outcome)
    assert [task.name for task in outcome.tasks if task.status == "changed"] == [
        *("would start", "start", "would stop", "stop")
    ]
    results = outcome.results
    assert results["none"]["runtimes"] == results["stop again"]["runtimes"] == []
    assert results["start"]["runtimes"][0]["store"] == str(ansible_playbook.store)
    assert (results["start"]["diff"]["before"], results["start"]["diff"]["after"]) == (
        {"state": "stopped"},
        {"state": "started"},
    )
    assert results["would stop"]["diff"]["before"] == results["stop"]["diff"]["before"]
    assert results["stop"]["diff"]["after"] == {"state": "stopped"}
    assert results["start again"]["runtimes"][0]["pid"] == results["info"]["runtimes"][0]["pid"]
    assert local_runtimes.pids() == []


_REFUSED: list[tuple[Json, str]] = [
    ({"state": "started", "all": True}, "all: true requires state: stopped"),
    ({"state": "restarted"}, "value of state must be one of: started, stopped"),
    ({"state": "stopped", "wait_timeout": 0}, "wait_timeout"),
]


def test_what_starts_no_runtime(
    ansible_playbook: AnsiblePlaybook, env: dict[str, str], local_runtimes: LocalRuntimes
) -> None:
    """A task beside a served runtime, and tasks with wrong options, also with async."""
    served = {"openai_local_runtime": {"runtime_url": "http://127.0.0.1:9/v1"}}
    wrong = {"openai_thread": {"key": "a", "runtime_idle_timeout": -1}, "async": 600, "poll": 4, "ignore_errors": True}
    refused = [
        {"name": message, "openai_local_runtime": options, "ignore_errors": True} for options, message in _REFUSED
    ]
    tasks = [{"name": "beside a served runtime", **served}, {"name": "async", **wrong}, *refused]
    outcome = ansible_playbook(play(tasks), env=env)
    assert (outcome.rc, outcome.stats["ignored"]) == (0, len(tasks) - 1), str(outcome)
    beside = outcome.results["beside a served runtime"]
    assert (beside["changed"], beside["runtimes"]) == (False, [])
    assert "runtime_idle_timeout" in outcome.results["async"]["msg"]
    for _options, message in _REFUSED:
        assert message in outcome.results[message]["msg"]
    assert local_runtimes.pids() == []


def test_playbook_shows_and_stops(
    ansible_playbook: AnsiblePlaybook, env: dict[str, str], local_runtimes: LocalRuntimes
) -> None:
    start = ansible_playbook.folder / "start.yml"
    start.write_text(play([_ASSISTANT]))
    shown = ansible_playbook(Path(_PLAYBOOK), str(start), _PLAYBOOK, env=env)
    assert shown.rc == 0, str(shown)
    assert [task.name for task in shown.tasks if task.status == "changed"] == ["assistant"]
    none, one = shown.stdout.split("TASK [assistant]")
    (pid,) = local_runtimes.pids()
    assert "No local runtime is running." in none
    for text in (f"process {pid}, running, version 0.2.0", str(ansible_playbook.store), "0 active and 0 queued runs"):
        assert text in one, str(shown)
    assert "idle for" in one
    stopped = ansible_playbook(Path(_PLAYBOOK), "-e", "local_runtime_state=stopped", env=env)
    assert (stopped.rc, stopped.changed) == (0, 1), str(stopped)
    assert local_runtimes.pids() == []
    wrong = ansible_playbook(Path(_PLAYBOOK), "-e", "local_runtime_state=absent", env=env)
    assert "must be shown, stopped or started" in wrong.stdout


def test_playbook_shows_one_that_hangs(ansible_playbook: AnsiblePlaybook, local_runtimes: LocalRuntimes) -> None:
    ansible_playbook(play([{"name": "start", "openai_local_runtime": {}}]))
    (pid,) = local_runtimes.pids()
    os.kill(pid, signal.SIGSTOP)
    shown = ansible_playbook(Path(_PLAYBOOK))
    assert f"process {pid}, hanging" in shown.stdout, str(shown)
    assert "local_runtime_force=true" in shown.stdout
    forced = ("-e", "local_runtime_state=stopped", "-e", "local_runtime_force=true")
    assert ansible_playbook(Path(_PLAYBOOK), *forced).changed == 1
    assert local_runtimes.pids() == []
