# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks as modules in processes of their own: asynchronous ones on the control node, and all of them on other hosts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.integration.elsewhere import far_host
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, play
from ansible_collections.threadworks.openai.tests.runtime.harness import Served

Json = dict[str, Any]

_ASSISTANT: Json = {"name": "assistant", "register": "assistant", "openai_assistant": {"name": "A", "model": "m"}}
_RUN: Json = {
    "name": "run",
    "openai_thread_run": {
        "key": "the-key",
        "assistant_id": "{{ assistant.assistant_id }}",
        "thread": {"messages": [{"content": "Hello"}]},
    },
}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A Python that has the standard library and nothing else: no Ansible, no SDK."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = tmp_path / "bare" / "bin" / "python"
    for library in ("ansible", "openai", "yaml"):
        assert subprocess.run([python, "-c", f"import {library}"], capture_output=True, check=False).returncode == 1
    return python


@pytest.mark.matrix
def test_asynchronous_tasks_on_the_control_node(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, local_runtimes: LocalRuntimes, bare: Path
) -> None:
    """The first one starts the local runtime, which lasts as long as a module waits for a run."""
    model_server.script([{"hold": True, "text": "Hello to you"}])
    tasks: list[Json] = [
        {**_ASSISTANT, "async": 300, "poll": 4},
        {**_RUN, "async": 300, "poll": 0, "register": "job"},
        {"name": "look", "debug": {"msg": "{{ query('threadworks.openai.openai_threads') | length }}"}},
        {
            "name": "end",
            "async_status": {"jid": "{{ job.ansible_job_id }}"},
            "register": "end",
            "until": "end is finished",
            "retries": 250,
            "delay": 3,
        },
    ]
    # On a busy machine, a module needs some seconds until it uses the runtime that was started for it.
    env = {"OPENAI_BASE_URL": model_server.base_url, "OPENAI_RUNTIME_IDLE_TIMEOUT": "30"}
    env["ANSIBLE_ASYNC_DIR"] = str(ansible_playbook.folder / "async")
    started = ansible_playbook.start(play(tasks, vars={"ansible_python_interpreter": str(bare)}), env=env)
    wait_for(lambda: "look" in started.ended_tasks() and model_server.runs)
    runtimes = local_runtimes.pids()
    model_server.release()
    outcome = started.wait()
    assert outcome.rc == 0, outcome
    assert (len(runtimes), outcome.results["run"]["finished"]) == (1, 0)
    assert outcome.results["end"]["response"] == "Hello to you"
    assert outcome.results["end"]["changed"]
    # It is idle now.
    wait_for(lambda: not local_runtimes.pids())


_TASKS: list[Json] = [
    _ASSISTANT,
    {"name": "thread", "register": "thread", "openai_thread": {"key": "T", "metadata": {"a": "1"}}},
    {"name": "message", "openai_message": {"thread_id": "{{ thread.thread_id }}", "content": "Hello"}},
    {
        "name": "answer",
        "register": "answer",
        "openai_run": {
            "thread_id": "{{ thread.thread_id }}",
            "assistant_id": "{{ assistant.assistant_id }}",
            "steps": True,
        },
    },
    _RUN,
    {**_RUN, "name": "started", "register": "started"},
    {"name": "info", "openai_run_info": {"runs": ["{{ answer }}", "{{ started }}"], "wait": True}},
    {"name": "assistants", "openai_assistant_info": {"name": "A"}},
    {"name": "threads", "openai_thread_info": {"key": "T", "messages": True}},
]


@pytest.mark.matrix
def test_another_host_needs_the_standard_library_only(
    ansible_playbook: AnsiblePlaybook,
    model_server: ModelServer,
    local_runtimes: LocalRuntimes,
    bare: Path,
    tmp_path: Path,
) -> None:
    far = far_host(tmp_path, bare)
    text = play(_TASKS, hosts="far")
    with Served(str(tmp_path / "served.db"), model_server.base_url, RUNTIME_TOKEN="the-token") as served:
        env = {"OPENAI_RUNTIME_URL": f"http://127.0.0.1:{served.port}/v1", "OPENAI_API_KEY": "the-token"}
        first = ansible_playbook(text, *far, "-vvv", env=env)
        again = ansible_playbook(text, *far, env=env)
    assert (first.rc, first.changed) == (0, 5), first
    # As modules, with that Python.
    assert first.stdout.count(f"{bare} ") >= len(_TASKS)
    for name in ("answer", "run"):
        assert first.results[name]["response"] == "Reply to: Hello"
    assert first.results["info"]["statuses"] == {"completed": 2}
    assert [each["name"] for each in first.results["assistants"]["assistants"]] == ["A"]
    (thread,) = first.results["threads"]["threads"]
    assert [message["text"] for message in thread["messages"]] == ["Hello", "Reply to: Hello"]
    assert (again.rc, again.changed) == (0, 0), again
    assert len(model_server.runs) == 2
    assert local_runtimes.pids() == []
