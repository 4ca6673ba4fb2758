# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example from end to end on the real offline model: what `make example` does."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.integration.local_model import Playbook
from ansible_collections.threadworks.openai.tests.local import test_libraries
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome
from ansible_collections.threadworks.openai.tests.runtime.harness import Served

bare_python = test_libraries.bare_python

_EXAMPLE = Path(__file__).resolve().parents[2] / "playbooks" / "example.yml"

_FOR_HOST = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: threadworks.openai.local_model
      vars: {local_model_scope: host}
"""

# The first test to run may have to download the model: 127 MB.


# What each reply must contain, in this order.
_FACTS = ["Paris", "Au", "January", "Domain Name System"]


def _replies(outcome: Outcome) -> list[str]:
    return [each["msg"] for each in outcome.results["Show the replies"]["results"]]


def check_replies(outcome: Outcome, rc: int = 0) -> None:
    """Each reply is one short sentence with the fact that was asked for."""
    assert outcome.rc == rc, str(outcome)
    replies = _replies(outcome)
    assert len(replies) == len(_FACTS)
    for reply, fact in zip(replies, _FACTS, strict=True):
        assert re.search(rf"\b{fact}\b", reply), reply
        assert re.fullmatch(r"[A-Z][\w ,'()-]{1,100}\.", reply), reply


def _server_runs(home: Path) -> bool:
    """Whether the offline model's server of this folder is running. It takes CPU time, unlike its state file."""
    processes = subprocess.run(["ps", "axww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return f" serve {home}\n" in processes


def test_the_example_on_the_offline_model(
    ansible_playbook: AnsiblePlaybook, local_model_home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "outputs.json"
    arguments = ("-e", json.dumps({"local_model_home": str(local_model_home), "example_outputs_file": str(file)}))

    started = ansible_playbook.start(_EXAMPLE, *arguments)
    state = local_model_home / "server.json"
    wait_for(lambda: state.exists() or started.process.poll() is not None)
    assert _server_runs(local_model_home)
    assert started.process.poll() is None, "it was seen running"
    outcome = started.wait()
    assert outcome.rc == 0, outcome
    outputs: dict[str, Any] = json.loads(file.read_text())
    runs = [value for value in outputs.values() if "status" in value]
    assert [run["status"] for run in runs] == ["completed"] * 6
    assert outputs["basic_run"]["completed_at"] >= outputs["basic_run"]["started_at"]
    assert outputs["run_info_from_data_source"]["usage"]["completion_tokens"] > 0
    check_replies(outcome)
    wait_for(lambda: not _server_runs(local_model_home))

    # With another server, on another port, only what depends on the temperature is done again.
    # Then it fails in its middle. The server was started for the host before, and stays.
    warm, broken = ({"example_temperature": temperature} for temperature in (2, 3))
    plays = "".join(f"- import_playbook: {_EXAMPLE}\n  vars: {json.dumps(each)}\n" for each in (warm, broken))
    try:
        warmer = ansible_playbook(_FOR_HOST + plays, *arguments)
        assert _server_runs(local_model_home)
    finally:
        with Playbook(local_model_home) as playbook:
            playbook.stop()
    check_replies(warmer, rc=2)
    changed = [task.name for task in warmer.tasks if task.status == "changed"]
    other = ["Run the assistant with different settings", "Write the outputs to a file"]
    assert changed == ["Start or stop the server", *other], warmer
    assert [_replies(warmer)[number] for number in (0, 2, 3)] == [_replies(outcome)[number] for number in (0, 2, 3)]
    assert warmer.results["Run the assistant with different settings"]["msg"] == (
        "temperature is 3, but must be between 0 and 2."
    )
    assert warmer.results["Show the server, the models and the tools"]["msg"] == (
        "Server: a small model on this machine. Models: SmolLM2-135M-Instruct. Tools: none."
    )
    assert not _server_runs(local_model_home)


@pytest.mark.parametrize("target", ["example", "example-destroy", "local-runtime"])
def test_make_needs_no_home_directory(target: str) -> None:
    command = ["make", "--dry-run", "--directory", str(_EXAMPLE.parents[1]), target]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace("\\\n", "")
    (play,) = (line for line in printed.splitlines() if "ansible-playbook playbooks/" in line)
    assert re.search(r'ANSIBLE_HOME="[^"]+/build/example/ansible" ANSIBLE_REMOTE_TMP="[^"]+/build/example/', play), play


def test_missing_libraries_are_reported_before_the_model_is_installed(
    ansible_playbook: AnsiblePlaybook, bare_python: tuple[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "model"
    python, libraries = bare_python
    variables = json.dumps({"local_model_home": str(home)})
    outcome = ansible_playbook(_EXAMPLE, "-e", variables, python=python, env={"PYTHONPATH": libraries})
    assert outcome.rc == 2, outcome
    assert "Python libraries that are not installed" in outcome.results["Start the local runtime"]["msg"]
    assert not home.exists()


def test_two_served_processes_on_the_offline_model(local_model_home: Path, tmp_path: Path) -> None:
    with Playbook(local_model_home) as playbook:
        server = playbook.start()
        key = {"OPENAI_API_KEY": server["api_key"]}
        store = str(tmp_path / "served.db")
        with Served(store, server["base_url"], "--workers", "2", **key) as served, served.sdk() as sdk:
            assistant = sdk.beta.assistants.create(model="any", instructions="Answer in one word.")
            run = sdk.beta.threads.create_and_run_poll(
                assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "Name a colour."}]}
            )
            assert (run.status, run.last_error) == ("completed", None)
            (reply,) = sdk.beta.threads.messages.list(run.thread_id, run_id=run.id).data
            assert reply.content[0].text.value.strip()
            assert run.usage.completion_tokens > 0
        playbook.stop()
    assert not _server_runs(local_model_home)
