# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many runs at once, in playbooks that run for real: a loop with `wait: false`, then one task that waits for all."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, Started, play

Json = dict[str, Any]

_ASSISTANT: Json = {
    "name": "assistant",
    "openai_assistant": {
        "name": "A",
        "model": "m",
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
    },
    "register": "assistant",
}
_FAILURE: Json = {"code": "server_error", "message": "out of order"}


def _start(count: int, **options: Any) -> Json:
    """Start so many runs in a loop; each says `question 0!` and so on."""
    return {
        "name": "start",
        "openai_thread_run": {
            "key": "{{ item }}",
            "assistant_id": "{{ assistant.assistant_id }}",
            "thread": {"messages": [{"content": "{{ item }}"}]},
            "wait": False,
            **options,
        },
        "loop": [f"question {n}!" for n in range(count)],
        "register": "started",
    }


def _wait(**options: Any) -> Json:
    return {
        "name": "wait",
        "openai_run_info": {"runs": "{{ started }}", "wait": True, **options},
        "register": "answers",
        "ignore_errors": True,
    }


_POLL = re.compile(r"GET /v1/threads/\w+/runs/\w+")


@pytest.fixture
def env(model_server: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": model_server.base_url}


@contextlib.contextmanager
def _ended(started: Started) -> Iterator[Started]:
    """A playbook that is not left behind when the test fails."""
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.kill()
            started.process.wait()


def _runs(outcome: Outcome) -> list[Json]:
    return outcome.results["wait"]["runs"]


@pytest.mark.matrix
def test_forty_runs(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    """Also test module_defaults of the action group, which specify the model server."""
    defaults = {"group/threadworks.openai.openai": {"base_url": model_server.base_url}}
    questions = [f"question {n}!" for n in range(40)]
    model_server.script([{"match": "question 17!", "failed": _FAILURE}, {"match": "question 3!", "hold": True}])
    playbook = play([_ASSISTANT, _start(40), _wait(), {"name": "next", "debug": {"msg": "{{ answers.statuses }}"}}])
    playbook = playbook.replace("  tasks:", f"  module_defaults: {defaults}\n  tasks:", 1)
    started = ansible_playbook.start(playbook)
    # The fourth run ends last.
    wait_for(lambda: len(model_server.runs) == 40 or started.process.poll() is not None)
    model_server.release()
    first = started.wait()
    assert (first.rc, first.changed) == (0, 2), first
    result = first.results["wait"]
    assert [run["item"] for run in result["runs"]] == questions
    answered = [run["response"] for run in result["runs"]]
    assert answered == ["" if n == 17 else f"Reply to: {question}" for n, question in enumerate(questions)]
    failed = result["runs"][17]
    assert result["msg"] == (
        f"1 of 40 runs failed. {failed['run_id']} on {failed['thread_id']} ended as failed: The model server answered "
        "with an error: out of order."
    )
    assert [each["item"] for each in result["failed_runs"]] == ["question 17!"]
    assert first.results["next"]["msg"] == {"completed": 39, "failed": 1}
    assert len(model_server.runs) == 40

    # The same again makes the one that failed again, and only that.
    second = ansible_playbook(playbook)
    assert second.rc == 0, second
    assert second.results["wait"]["statuses"] == {"completed": 40}
    assert [run["run_id"] for run in _runs(second)[:17]] == [run["run_id"] for run in result["runs"][:17]]
    assert len(model_server.runs) == 41


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_check_mode(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]) -> None:
    tasks = [_ASSISTANT, _start(3), _wait()]
    foretold = ansible_playbook(play(tasks), "--check", env=env)
    assert foretold.rc == 0, foretold
    # Each has its own id, and has ended before a task waits for it.
    assert [(run["run_id"], run["status"], run["response"]) for run in _runs(foretold)] == [
        (f"(known after apply{number})", "completed", "(known after apply)") for number in ("", " 2", " 3")
    ]
    assert model_server.runs == []
    done = ansible_playbook(play(tasks), env=env)
    assert done.rc == 0, done
    checked = ansible_playbook(play(tasks), "--check", "--diff", env=env)
    assert checked.rc == 0, checked
    assert checked.changed == 0
    assert _runs(checked) == _runs(done)
    # One more than there are.
    mixed = ansible_playbook(play([_ASSISTANT, _start(4), _wait()]), "--check", env=env)
    assert [run["status"] for run in _runs(mixed)] == ["completed"] * 4
    assert [run["run_id"] for run in _runs(mixed)][3] == "(known after apply)"
    assert len(model_server.runs) == 3


@pytest.mark.any_runtime
def test_tool_calls_among_them(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    model_server.script([{"match": "question 1!", "calls": [{"name": "look", "arguments": {}}]}])
    answer = {
        "name": "answer",
        "openai_run": {
            "run_id": "{{ item.run_id }}",
            "thread_id": "{{ item.thread_id }}",
            "tool_outputs": [
                {"tool_call_id": "{{ item.required_action.submit_tool_outputs.tool_calls[0].id }}", "output": "71%"}
            ],
            "wait": False,
        },
        "loop": "{{ answers.runs | selectattr('status', 'equalto', 'requires_action') }}",
    }
    again = {**_wait(), "name": "again"}
    outcome = ansible_playbook(play([_ASSISTANT, _start(3), _wait(), answer, again]), env=env)
    assert outcome.rc == 0, outcome
    assert outcome.results["wait"]["statuses"] == {"completed": 2, "requires_action": 1}
    assert "failed" not in outcome.results["wait"]
    assert outcome.results["again"]["statuses"] == {"completed": 3}
    assert len(model_server.runs) == 4


@pytest.mark.any_runtime
def test_the_time_is_over_and_the_runs_go_on(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    model_server.script([{"match": "question 1!", "hold": True}])
    others = {"openai_run_info": {"runs": "{{ [started.results[0], started.results[2]] }}", "wait": True}}
    first = ansible_playbook(play([_ASSISTANT, _start(3), others, _wait(wait_timeout=2)]), env=env)
    result = first.results["wait"]
    active = result["runs"][1]
    assert result["msg"] == (
        f"1 of 3 runs have not ended after 2 seconds (option wait_timeout): {active['run_id']} (in_progress). They "
        "continue. Run the task again to wait for them."
    )
    assert [run["status"] for run in result["runs"]] == ["completed", "in_progress", "completed"]
    # The playbook has ended, but its run has not.
    model_server.release()
    second = ansible_playbook(play([_ASSISTANT, _start(3), _wait()]), env=env)
    assert (second.rc, second.changed) == (0, 0), second
    assert [run["response"] for run in _runs(second)] == [f"Reply to: question {n}!" for n in range(3)]
    assert [run["run_id"] for run in _runs(second)] == [run["run_id"] for run in result["runs"]]
    assert len(model_server.runs) == 3


def test_queued_runs_outlive_a_killed_playbook_and_start_in_their_order(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    env |= {"OPENAI_RUNTIME_CONCURRENT_RUNS": "1"}
    questions = [f"question {n}!" for n in range(8)]
    model_server.script([{"hold": True, "sticky": True}])
    with _ended(ansible_playbook.start(play([_ASSISTANT, _start(8), _wait()]), env=env)) as first:
        wait_for(lambda: "start" in first.ended_tasks() and model_server.runs)
    assert len(model_server.runs) == 1
    model_server.release(1)
    wait_for(lambda: len(model_server.runs) == 2)
    with _ended(ansible_playbook.start(play([_ASSISTANT, _start(8), _wait()]), env=env)) as again:
        wait_for(lambda: "start" in again.ended_tasks())
        assert len(model_server.runs) == 2
        model_server.release()
        second = again.wait()
    assert (second.rc, second.changed) == (0, 0), second
    assert second.results["wait"]["statuses"] == {"completed": 8}
    assert re.findall(r"question \d!", json.dumps([body["input"] for body in model_server.runs])) == questions


def test_a_killed_runtime_loses_only_what_had_not_ended(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, local_runtimes: LocalRuntimes, env: dict[str, str]
) -> None:
    env |= {"OPENAI_RUNTIME_CONCURRENT_RUNS": "1"}
    model_server.script([{"match": "question 1!", "hang": True}])
    with _ended(ansible_playbook.start(play([_ASSISTANT, _start(3), _wait()]), env=env)) as first:
        wait_for(lambda: "start" in first.ended_tasks() and len(model_server.runs) == 2)
        (runtime,) = local_runtimes.pids()
        os.kill(runtime, signal.SIGKILL)
        outcome = first.wait()
    result = outcome.results["wait"]
    assert [run["status"] for run in result["runs"]] == ["completed", "failed", "failed"]
    assert [each["item"] for each in result["failed_runs"]] == ["question 1!", "question 2!"]
    second = ansible_playbook(play([_ASSISTANT, _start(3), _wait()]), env=env)
    assert second.results["wait"]["statuses"] == {"completed": 3}
    assert len(model_server.runs) == 4


@pytest.mark.any_runtime
def test_the_runs_of_several_hosts_and_skipped_items(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    start = _start(3, key="{{ inventory_hostname }} {{ item }}")
    start["when"] = "inventory_hostname == 'one' or item != 'question 0!'"
    wait = {
        **_wait(runs="{{ ansible_play_hosts | map('extract', hostvars, 'started') }}"),
        "run_once": True,
    }
    playbook = play([{**_ASSISTANT, "run_once": True}, start, wait], connection="local")
    playbook = playbook.replace("hosts: localhost", "hosts: all")
    outcome = ansible_playbook(playbook, "-i", "one,two", env=env)
    assert outcome.rc == 0, outcome
    keys = [run["run"]["metadata"]["ansible_key"] for run in _runs(outcome)]
    assert keys == [f"one question {n}!" for n in range(3)] + [f"two question {n}!" for n in (1, 2)]


def test_as_modules_beside_a_served_runtime(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, served: tuple[str, list[str]]
) -> None:
    """With async the tasks are modules in processes of their own, as on another host."""
    model_server.script([{"match": "question 2!", "hold": True}])
    wait = {**_wait(), "async": 600, "poll": 4}
    assistants = {"name": "assistants", "openai_assistant_info": {"name": "A"}, "async": 600, "poll": 4}
    threads = {
        "name": "threads",
        "openai_thread_info": {"key": "question 1!", "messages": True, "runs": True},
        "async": 600,
        "poll": 4,
    }
    url, requests = served
    tasks = [_ASSISTANT, _start(3), wait, assistants, threads]
    with _ended(ansible_playbook.start(play(tasks), env={"OPENAI_RUNTIME_URL": url})) as started:
        # The model answers after the module has seen the run active.
        wait_for(lambda: any(map(_POLL.fullmatch, requests)) or started.process.poll() is not None)
        model_server.release()
        outcome = started.wait()
    assert outcome.rc == 0, outcome
    assert [run["response"] for run in _runs(outcome)] == [f"Reply to: question {n}!" for n in range(3)]
    assert [each["name"] for each in outcome.results["assistants"]["assistants"]] == ["A"]
    (thread,) = outcome.results["threads"]["threads"]
    assert [message["text"] for message in thread["messages"]] == ["question 1!", "Reply to: question 1!"]
    assert [run["status"] for run in thread["runs"]] == ["completed"]
    assert requests


@pytest.mark.any_runtime
def test_progress_on_a_terminal(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    model_server.script([{"match": "question 0!", "hold": True}])
    ours, screen = pty.openpty()
    playbook = play([_ASSISTANT, _start(3), _wait()])
    with _ended(ansible_playbook.start(playbook, env={**env, "COLUMNS": "200"}, screen=screen)) as started:
        os.close(screen)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a pseudo-terminal
            while piece := os.read(ours, 4096):
                shown += piece
                if b"[localhost] 2 of 3 runs ended" in shown:
                    model_server.release()
        os.close(ours)
        assert started.wait().rc == 0, shown
    assert b"[localhost] 2 of 3 runs ended" in shown, shown
