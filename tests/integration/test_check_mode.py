# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode in playbooks that run for real: later tasks know what earlier ones would change."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.integration.elsewhere import far_host
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, play

Json = dict[str, Any]

_ASSISTANT: Json = {"name": "assistant", "register": "assistant", "openai_assistant": {"name": "A", "model": "m"}}
_THREAD: Json = {"name": "thread", "register": "thread", "openai_thread": {"key": "T"}}
_RUN: Json = {
    "name": "run",
    "register": "result",
    "openai_run": {"thread_id": "{{ thread.thread_id }}", "assistant_id": "{{ assistant.assistant_id }}"},
}


def _message(text: str) -> Json:
    return {
        "name": f"say {text}",
        "openai_message": {"thread_id": "{{ thread.thread_id }}", "content": text, "key": text},
    }


def _shown(name: str, expression: str) -> Json:
    return {"name": name, "debug": {"msg": f"{{{{ {expression} }}}}"}}


@pytest.fixture
def env(model_server: ModelServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": model_server.base_url}


def _changed(outcome: Outcome) -> list[tuple[str, bool]]:
    assert outcome.rc == 0, outcome
    return [(task.name, bool(task.result.get("changed"))) for task in outcome.tasks]


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_a_new_message_then_the_run(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    """The most common play: the next question on a thread that exists."""
    first = ansible_playbook(play([_ASSISTANT, _THREAD, _message("One"), _RUN]), env=env)
    assert first.rc == 0, first
    messages = "query('threadworks.openai.openai_messages', thread.thread_id) | map(attribute='text')"
    text = play([_ASSISTANT, _THREAD, _message("Two"), _RUN, _shown("look", messages)])
    check = ansible_playbook(text, "--check", env=env)
    assert check.stderr == "", check
    assert len(model_server.runs) == 1
    done = ansible_playbook(text, env=env)
    assert _changed(check) == _changed(done)
    assert dict(_changed(done)) == {"assistant": False, "thread": False, "say Two": True, "run": True, "look": False}
    assert check.results["look"]["msg"] == ["One", "Reply to: One", "Two", "(known after apply)"]
    assert check.results["run"]["status"] == done.results["run"]["status"] == "completed"
    assert set(check.results["run"]["run"]) == set(done.results["run"]["run"])
    # Nothing of it is left, for a later check or anybody else.
    assert list((ansible_playbook.folder / "ansible" / "tmp").glob("ansible-local-*")) == []
    assert dict(_changed(ansible_playbook(text, "--check", env=env)))["run"] is False


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_hosts_that_share_a_run_report_who_made_it(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    hosts = [f"host{n}" for n in range(4)]
    thread_run = {
        "name": "thread run",
        "openai_thread_run": {
            "assistant_id": "{{ assistant.assistant_id }}",
            "key": "shared",
            "thread": {"messages": [{"content": "Hello"}]},
        },
    }
    hang = {"additional_messages": [{"content": "Take your time"}], "key": "k", "wait": False}
    started = {"name": "started", "openai_run": {**_RUN["openai_run"], **hang}}
    cancelled = {"name": "cancelled", "openai_run": {"thread_id": "{{ thread.thread_id }}", "state": "cancelled"}}
    gone = {"name": "gone", "openai_thread": {"key": "T", "state": "absent"}}
    text = play(
        [_ASSISTANT, _THREAD, _message("Hello"), _RUN, thread_run, started, cancelled, gone],
        hosts="all",
        connection="local",
    )
    model_server.script([{"match": "Take your time", "hang": True}])
    # A run that is only predicted has ended when the next task reads it.
    for mode, unchanged in ((["--check"], {"cancelled"}), ([], set())):
        outcome = ansible_playbook(text, "-i", ",".join(hosts), "-f", "4", *mode, env=env)
        assert outcome.rc == 0, outcome
        changed = Counter(task.name for task in outcome.tasks if task.result["changed"])
        assert changed == dict.fromkeys({task.name for task in outcome.tasks} - unchanged, 1), (mode, outcome)


@pytest.mark.any_runtime
def test_until_ends_in_check_mode(ansible_playbook: AnsiblePlaybook, env: dict[str, str]) -> None:
    until = {"until": "result.status == 'completed'", "retries": 3, "delay": 0.1, "register": "result"}
    started = {**_RUN["openai_run"], "key": "k", "wait": False}
    asked = "lookup('threadworks.openai.openai_run', result.run_id, thread_id=result.thread_id)"
    tasks: list[Json] = [
        _ASSISTANT,
        _THREAD,
        _message("One"),
        {**_RUN, **until, "failed_when": "result.run.status == 'failed'"},
        {"name": "started", "openai_run": started, **until},
        {
            "name": "thread run",
            "openai_thread_run": {"assistant_id": "{{ assistant.assistant_id }}", "wait": False},
            **until,
        },
        {**_shown("lookup", asked), "until": f"{asked}.status == 'completed'", "retries": 3, "delay": 0.1},
        {
            "name": "info",
            "openai_run_info": {"runs": "{{ result }}"},
            "register": "info",
            "until": "info.statuses.completed | default(0) == 1",
            "retries": 3,
            "delay": 0.1,
        },
        {
            "name": "used",
            "debug": {"msg": "{{ result.usage.total_tokens }}"},
            "when": "result.run.status == 'completed'",
        },
    ]
    outcome = ansible_playbook(play(tasks), "--check", env=env)
    assert outcome.rc == 0, outcome
    assert outcome.results["run"]["attempts"] == 1
    assert str(outcome.results["used"]["msg"]) == "0"


@pytest.mark.any_runtime
def test_tasks_in_check_mode_in_a_real_run(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, env: dict[str, str]
) -> None:
    """They know each other, until a task changes something: then the predictions are out of date."""

    def check(task: Json) -> Json:
        return {**task, "name": f"check {task['name']}", "check_mode": True}

    tasks = [
        _ASSISTANT,
        _THREAD,
        _message("One"),
        _RUN,
        check(_message("Two")),
        check(_RUN),
        check(_RUN),
        _RUN,
        _message("Three"),
        check(_RUN),
        _shown("look", "query('threadworks.openai.openai_messages', thread.thread_id) | map(attribute='text')"),
    ]
    outcome = ansible_playbook(play(tasks), env=env)
    changed = [changed for _name, changed in _changed(outcome)]
    assert changed == [True, True, True, True, True, True, False, False, True, True, False], outcome
    assert outcome.results["look"]["msg"] == ["One", "Reply to: One", "Three"]
    assert len(model_server.runs) == 1


def test_other_hosts_say_that_they_do_not_know(
    ansible_playbook: AnsiblePlaybook, served: tuple[str, list[str]], tmp_path: Path
) -> None:
    here = {**_message("Three"), "delegate_to": "localhost"}
    env = {"OPENAI_RUNTIME_URL": served[0], "ANSIBLE_PIPELINING": "1"}
    args = far_host(tmp_path)
    first = ansible_playbook(play([_ASSISTANT, _THREAD, _message("One"), _RUN]), env=env)
    assert (first.rc, first.changed) == (0, 4), first
    text = play([_ASSISTANT, _THREAD, _message("Two"), _RUN, here], hosts="far")
    check = ansible_playbook(text, *args, "--check", env=env)
    assert check.rc == 0, check
    told = re.findall("The result of the task '(.*?)' in check mode may be wrong", " ".join(check.stderr.split()))
    assert told == ["run", "say Three"], check
    new = play([{**_THREAD, "openai_thread": {"key": "new"}}, _message("Two")], hosts="far")
    unknown = ansible_playbook(new, *args, "--check", env=env)
    assert (unknown.rc, unknown.changed) == (0, 2), unknown
    assert "The thread '(known after apply)' does not exist yet" in " ".join(unknown.stderr.split()), unknown
