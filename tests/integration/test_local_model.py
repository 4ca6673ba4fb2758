# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role local_model, for real: two wheels, a model and a server."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
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
    - name: Ask without the key
      ansible.builtin.uri:
        url: "{{ local_model_base_url }}/responses"
        method: POST
        body_format: json
        body:
          input: Hello
        status_code: 401
"""
_OTHER = _START + "      vars: {local_model_seed: 2}\n"
_POEM = """
    - name: Answer {0}
      ansible.builtin.uri:
        url: "{{{{ local_model_base_url }}}}/responses"
        method: POST
        headers:
          Authorization: Bearer {{{{ local_model_api_key }}}}
        body_format: json
        body: {{input: Write a short poem about the sea., temperature: 1.5, max_output_tokens: 60}}
"""

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


def _server(home: Path) -> tuple[int, str]:
    """Return the process id and the address in the state file of the server, or 0 and "" if there are none."""
    try:
        state = json.loads((home / "server.json").read_text())
    except FileNotFoundError:
        return 0, ""
    return state["server"][0], state["address"]


def _answers(address: str) -> bool:
    parts = urlsplit(address)
    with socket.socket() as client:
        return bool(address) and client.connect_ex((parts.hostname, parts.port)) == 0


@pytest.mark.matrix
def test_it_answers_between_started_and_stopped(start: Start, local_model_home: Path, tmp_path: Path) -> None:
    look = f"""
    - name: Processes with their environments
      ansible.builtin.command: ps axwwe
    - name: Keep the key
      ansible.builtin.copy:
        content: "{{{{ local_model_api_key }}}}"
        dest: {tmp_path}/key
        mode: "0600"
      no_log: true
    """
    # Servers with another seed and with the same one, and then one that also gets other requests.
    first = [_OTHER, _POEM.format(4), _START, _POEM.format(3), _STOP, _STOP]
    last = [_START, _POEM.format(1), _ASK, _POEM.format(2), look, _START, _STOP]
    outcome = start("\n".join([*first, *last]), "-vvv").wait()
    assert outcome.rc == 0, str(outcome)
    assert _changes(outcome) == [False] * 7
    changed = [task.name for task in outcome.tasks if task.status == "changed"]
    assert changed == [
        "Copy the server's program",
        "Processes with their environments",
        "Keep the key",
    ]
    answer = outcome.results["Ask"]["json"]
    assert (answer["status"], answer["model"]) == ("completed", "SmolLM2-135M-Instruct")
    assert answer["output"][0]["content"][0]["text"]
    log = (local_model_home / "server.log").read_text()
    key = (tmp_path / "key").read_text()
    assert len(key) > 40
    for place in (outcome.stdout, outcome.stderr, outcome.results["Processes with their environments"]["stdout"], log):
        # `Ask` shows the header that it was given: uri's own habit, not the role's.
        assert key not in place.replace(f"Bearer {key}", "")
    assert "xylophone" not in log

    # The same request gets the same answer, but not with another seed.
    answers = [outcome.results[f"Answer {n}"]["json"]["output"][0]["content"][0]["text"] for n in (1, 2, 3, 4)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[3] != answers[0]


def test_nothing_is_left_of_a_killed_playbook(start: Start, local_model_home: Path) -> None:
    playbook = start(_START + "    - ansible.builtin.command: sleep 60")
    wait_for(lambda: _answers(_server(local_model_home)[1]))
    playbook.kill()
    playbook.process.communicate()
    wait_for(lambda: not _answers(_server(local_model_home)[1]))


def test_two_playbooks_share_it(start: Start, local_model_home: Path, tmp_path: Path) -> None:
    first = start(
        _START + f"    - ansible.builtin.wait_for: {{path: {tmp_path}/second, timeout: 100}}\n" + _ASK + _STOP
    )
    wait_for(lambda: _answers(_server(local_model_home)[1]))
    second = start(
        _START + _STOP + f"    - ansible.builtin.file: {{path: {tmp_path}/second, state: touch, mode: '0600'}}"
    )
    for playbook in (second, first):
        outcome = playbook.wait()
        assert (outcome.rc, _changes(outcome)) == (0, [False, False]), str(outcome)
    assert not _answers(_server(local_model_home)[1])


def test_the_host_keeps_it_until_its_lifetime_is_over(start: Start, local_model_home: Path) -> None:
    begun = time.time()
    assert start(_START, local_model_scope="host", local_model_lifetime=1000).wait().rc == 0
    state = local_model_home / "server.json"
    content = json.loads(state.read_text())
    assert begun + 1000 <= content["expires"] <= time.time() + 1000
    assert _answers(content["address"]), "it outlasts the playbook"
    # As if 1000 seconds had passed.
    draft = local_model_home / "draft"
    draft.write_text(json.dumps({**content, "expires": time.time()}))
    draft.replace(state)
    wait_for(lambda: not _answers(content["address"]))


def test_only_what_outlasts_the_playbook_is_a_change(start: Start, local_model_home: Path) -> None:
    for_host = _START + "      vars: {local_model_scope: host}\n"
    outcome = start(_START + for_host + for_host + _START).wait()
    assert (outcome.rc, _changes(outcome)) == (0, [False, True, False, False]), str(outcome)
    check = start(_START + for_host + _STOP, "--check").wait()
    assert (check.rc, _changes(check)) == (0, [False, False, True]), str(check)

    # A server that is gone or has other settings is replaced.
    os.kill(_server(local_model_home)[0], signal.SIGKILL)
    gone = start(_START + _START + _OTHER + _OTHER, local_model_scope="host").wait()
    assert (gone.rc, _changes(gone)) == (0, [True, False, True, False]), str(gone)
    replaced = start(_START + _STOP, local_model_temperature=0.1).wait()
    assert (replaced.rc, _changes(replaced)) == (0, [True, False]), str(replaced)
    assert not _answers(_server(local_model_home)[1])


@pytest.mark.matrix
def test_check_mode_says_so_and_does_nothing(start: Start, tmp_path: Path) -> None:
    home = tmp_path / "home"
    use = "    - ansible.builtin.debug: {var: local_model_base_url}\n"
    for_host = _START + "      vars: {local_model_scope: host}\n"
    outcome = start(_START + use + _STOP + for_host + _STOP, "--check", local_model_home=str(home)).wait()
    assert (outcome.rc, _changes(outcome)) == (0, [False, False, True, False]), str(outcome)
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


def test_what_is_out_of_range_is_refused(start: Start, local_model_home: Path) -> None:
    outcome = start("".join(_REFUSED.format(*option) for option in _OUT_OF_RANGE)).wait()
    assert outcome.rc == 0, outcome
    for name, value in _OUT_OF_RANGE:
        assert f"local_model_{name}" in json.dumps(outcome.results[f"Refused {name} {value}"]["msg"])
    assert _server(local_model_home) == (0, "")


def test_where_it_cannot_be_installed_it_says_what_to_do(start: Start, tmp_path: Path) -> None:
    outcome = start(_START, local_model_home=str(tmp_path / "home"), local_model_python=str(tmp_path / "none")).wait()
    assert outcome.rc == 2
    message = outcome.results["Report the requirements and alternatives"]["msg"]
    assert "set OPENAI_BASE_URL" in message


def test_the_example_of_the_guide(ansible_playbook: AnsiblePlaybook, local_model_home: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(# local_model.yml\n.*?)^```$", _GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    outcome = ansible_playbook(text, "-e", json.dumps({"local_model_home": str(local_model_home)}))
    assert outcome.rc == 0, str(outcome)
    assert "Paris" in outcome.results["Show the answer"]["asked.response"]
