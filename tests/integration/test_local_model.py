# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role local_model, for real: two wheels, a model and a server. See test_local_model_program.py for its program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.integration.local_model import answers, server_of
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, Started

# The first test to run may have to download 127 MB.

_PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
"""
_START = """
    - ansible.builtin.include_role:
        name: threadworks.openai.local_model
"""
_STOP = """
    - ansible.builtin.include_role:
        name: threadworks.openai.local_model
      vars:
        local_model_state: stopped
"""
_ASK = """
    - name: Ask
      ansible.builtin.uri:
        url: "{{ local_model_base_url }}/responses"
        method: POST
        headers:
          Authorization: Bearer {{ local_model_api_key }}
        body_format: json
        body:
          model: "{{ local_model_name }}"
          input: What is a xylophone?
          max_output_tokens: 24
"""
_FOR_HOST = _START + "      vars: {local_model_scope: host}\n"

Start = Callable[..., Started]


_GUIDE = Path(__file__).resolve().parents[2] / "docs" / "model_servers.md"


@pytest.fixture
def start(ansible_playbook: AnsiblePlaybook, local_model_home: Path) -> Start:
    """Starts a play of these tasks with these role variables."""

    def start(tasks: str, *args: str, **variables: object) -> Started:
        extra = json.dumps({"local_model_home": str(local_model_home), **variables})
        return ansible_playbook.start(_PLAY + tasks, "-e", extra, *args)

    return start


def _changes(outcome: Outcome) -> list[bool]:
    """Whether the role reports that it changed the server, each time."""
    return [task.status == "changed" for task in outcome.tasks if task.name.endswith("Start or stop the server")]


@pytest.mark.matrix
def test_it_answers_between_started_and_stopped(start: Start, local_model_home: Path, tmp_path: Path) -> None:
    look = f"""
    - name: Processes with their environments
      ansible.builtin.shell: umask 077; cp {local_model_home}/server.json {tmp_path}; ps axwwe
    """
    tasks = [_START, _ASK, look, _FOR_HOST, _STOP, _STOP]
    outcome = start("\n".join(tasks), "-vvv").wait()
    assert outcome.rc == 0, str(outcome)
    assert _changes(outcome) == [False, True, True, False]
    changed = [task.name for task in outcome.tasks if task.status == "changed"]
    assert changed == ["Processes with their environments", *["Start or stop the server"] * 2]
    answer = outcome.results["Ask"]["json"]
    assert (answer["status"], answer["model"]) == ("completed", "SmolLM2-135M-Instruct")
    assert answer["output"][0]["content"][0]["text"]
    log = (local_model_home / "server.log").read_text()
    key = json.loads((tmp_path / "server.json").read_text())["api_key"]
    assert len(key) > 40
    assert (tmp_path / "server.json").stat().st_mode == (local_model_home / "server.log").stat().st_mode
    processes = outcome.results["Processes with their environments"]["stdout"]
    assert f" serve {local_model_home} " in processes
    for place in (outcome.stdout, outcome.stderr, processes, log):
        # `Ask` shows the header that it was given: uri's own habit, not the role's.
        assert key not in place.replace(f"Bearer {key}", "")
    assert "xylophone" not in log
    assert server_of(local_model_home) == (0, "")


@pytest.mark.matrix
def test_check_mode_says_so_and_does_nothing(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "home"
    use = "    - ansible.builtin.debug: {var: local_model_base_url}\n"
    outcome = start(_START + use + _FOR_HOST + _STOP, "--check", local_model_home=str(home)).wait()
    assert (outcome.rc, _changes(outcome)) == (0, [False, True, False]), str(outcome)
    assert outcome.changed == 3, "two installations, and a server that outlasts the playbook"
    assert not home.exists()


_OUT_OF_RANGE = [("n_ctx", 9000), ("seed", 4294967295), ("temperature", 2.1), ("temperature", -0.1), ("min_p", 1.5)]
_REFUSED = """
    - block:
        - ansible.builtin.include_role:
            name: threadworks.openai.local_model
          vars:
            local_model_{0}: {1}
      rescue:
        - name: Refused {0} {1}
          ansible.builtin.debug:
            msg: "{{{{ ansible_failed_result }}}}"
"""


def test_what_is_not_possible_is_explained(start: Start, tmp_path: Path) -> None:
    """Values that are out of range, and a host where it cannot be installed."""
    tasks = "".join(_REFUSED.format(*option) for option in _OUT_OF_RANGE) + _START
    home = tmp_path / "home"
    outcome = start(tasks, local_model_home=str(home), local_model_python=str(tmp_path / "none")).wait()
    assert outcome.rc == 2
    for name, value in _OUT_OF_RANGE:
        assert f"local_model_{name}" in json.dumps(outcome.results[f"Refused {name} {value}"]["msg"])
    message = outcome.results["Report the requirements and alternatives"]["msg"]
    assert "set OPENAI_BASE_URL" in message
    assert server_of(home) == (0, "")


def test_the_example_of_the_guide(ansible_playbook: AnsiblePlaybook, local_model_home: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(# local_model.yml\n.*?)^```$", _GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    outcome = ansible_playbook(text, "-e", json.dumps({"local_model_home": str(local_model_home)}))
    assert outcome.rc == 0, str(outcome)
    assert "Paris" in outcome.results["Show the answer"]["asked.response"]
    # It ends with the playbook, which has not stopped it.
    address = server_of(local_model_home)[1]
    wait_for(lambda: not answers(address))
