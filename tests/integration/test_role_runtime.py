# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role `runtime`: a served runtime as a plain process, installed, used, restarted after changes, and removed."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import httpx2

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook

_PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Service
      ansible.builtin.include_role:
        name: threadworks.openai.runtime
    - name: Run
      threadworks.openai.openai_thread_run:
        runtime_url: "{{ runtime_url }}"
        api_key: "{{ runtime_token }}"
        assistant_id: "{{ assistant.assistant_id }}"
        thread: {messages: [{content: Hello}]}
      vars:
        assistant: "{{ made }}"
      when: runtime_state == 'started'
"""
_ASSISTANT = """    - name: Assistant
      threadworks.openai.openai_assistant:
        runtime_url: "{{ runtime_url }}"
        api_key: "{{ runtime_token }}"
        name: A
        model: m
      register: made
      when: runtime_state == 'started'
    - name: Run
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _health(port: int, host: str) -> int:
    return httpx2.get(f"http://127.0.0.1:{port}/healthz", headers={"Host": host}, timeout=60).status_code


# It installs its libraries; the machine may have other things to do.
def test_service(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> None:
    home = tmp_path / "service"
    playbook = _PLAYBOOK.replace("    - name: Run\n", _ASSISTANT)
    options: dict[str, Any] = {
        "runtime_state": "started",
        "runtime_home": str(home),
        "runtime_service": "process",
        "runtime_port": _free_port(),
        "runtime_base_url": model_server.base_url,
        "runtime_api_key": "sk-of-the-model-server",
        "runtime_token": "token-of-the-clients",
        "runtime_grace": 1,
        "runtime_prices": {"m": {"input": 1, "output": 2.5}},
        "runtime_budget": {"name": 'team\'s "service"', "tokens": 1000, "per": "month"},
    }

    def play(**changed: Any) -> Any:
        # To compile all modules of the libraries would take longer than the rest of the test.
        env = {"PIP_COMPILE": "0"}
        return ansible_playbook(playbook, "-vvv", "-e", json.dumps({**options, **changed}), env=env)

    try:
        first = play()
        assert first.rc == 0, str(first)
        assert first.results["Run"]["response"] == "Reply to: Hello"
        headers = {"Authorization": "Bearer token-of-the-clients"}
        url = f"http://127.0.0.1:{options['runtime_port']}/v1"
        (budget,) = httpx2.get(f"{url}/budgets", headers=headers, timeout=60).json()["data"]
        assert (budget["name"], budget["used"]) == ('team\'s "service"', {"tokens": 4, "cost": "0.0000085"})
        again = play()
        assert (again.rc, again.changed) == (0, 0), again
        for outcome in (first, again):
            for secret in ("sk-of-the-model-server", "token-of-the-clients"):
                assert secret not in outcome.stdout + outcome.stderr
        assert (home / "runtime.env").stat().st_mode & 0o777 == 0o600
        log = (home / "runtime.log").read_text()
        assert not [word for word in ("sk-of", "token-of", "Hello") if word in log]

        other = play(runtime_token="another-token", runtime_allowed_hosts=["runtime.example.com", "a.example"])
        assert other.rc == 0, other
        assert other.results["Start or stop the process"]["changed"]
        assert other.results["Run"]["changed"] is False, "the store is the same"
        port = options["runtime_port"]
        hosts = {"runtime.example.com": 200, "a.example": 200, f"127.0.0.1:{port}": 200, "evil.com": 403}
        assert {host: _health(port, host) for host in hosts} == hosts
    finally:
        stopped = play(runtime_state="absent")
    assert stopped.rc == 0, stopped
    assert (home / "runtime.db").exists()
    assert not (home / "venv").exists()
    assert play(runtime_state="absent").changed == 0


def test_a_worker_needs_a_shared_store(ansible_playbook: AnsiblePlaybook, tmp_path: Path) -> None:
    options = {"runtime_state": "started", "runtime_home": str(tmp_path / "worker"), "runtime_mode": "work"}
    outcome = ansible_playbook(_PLAYBOOK, "-e", json.dumps(options))
    assert outcome.rc == 2, outcome
    assert "A worker needs a PostgreSQL store" in str(outcome)
    assert not (tmp_path / "worker").exists()
