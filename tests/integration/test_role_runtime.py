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
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, Task

_SERVICE = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Service
      ansible.builtin.include_role:
        name: threadworks.openai.runtime
"""
_USE = """
    - name: Assistant
      threadworks.openai.openai_assistant:
        runtime_url: "{{ runtime_url }}"
        api_key: "{{ runtime_token }}"
        name: A
        model: m
      register: made
    - name: Run
      threadworks.openai.openai_thread_run:
        runtime_url: "{{ runtime_url }}"
        api_key: "{{ runtime_token }}"
        assistant_id: "{{ made.assistant_id }}"
        thread: {messages: [{content: Hello}]}
"""
_REMOVE = "Remove the program, but keep the store"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _health(port: int, host: str) -> int:
    return httpx2.get(f"http://127.0.0.1:{port}/healthz", headers={"Host": host}, timeout=60).status_code


# It installs its libraries; the machine may have other things to do.
def test_service(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> None:
    home = tmp_path / "fünf runs"
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

    def play(text: str, **changed: Any) -> Outcome:
        # To compile all modules of the libraries would take longer than the rest of the test.
        env = {"PIP_COMPILE": "0"}
        outcome = ansible_playbook(text, "-vvv", "-e", json.dumps({**options, **changed}), env=env)
        assert outcome.rc == 0, outcome
        return outcome

    try:
        twice = play((_SERVICE + _USE) * 2)
        first, again = _parts(twice, "Run")
        assert [task.result["response"] for task in (first[-1], again[-1])] == ["Reply to: Hello"] * 2
        assert not [task for task in again if task.status == "changed"], twice
        headers = {"Authorization": "Bearer token-of-the-clients"}
        url = f"http://127.0.0.1:{options['runtime_port']}/v1"
        (budget,) = httpx2.get(f"{url}/budgets", headers=headers, timeout=60).json()["data"]
        assert (budget["name"], budget["used"]) == ('team\'s "service"', {"tokens": 4, "cost": "0.0000085"})
        for secret in ("sk-of-the-model-server", "token-of-the-clients"):
            assert secret not in twice.stdout + twice.stderr
        assert (home / "runtime.env").stat().st_mode & 0o777 == 0o600
        # systemd does not know the escape sequences of JSON for other characters than quotes and backslashes.
        settings = (home / "runtime.env").read_text(encoding="utf-8")
        assert f'OPENAI_RUNTIME_STORE="{home}/runtime.db"\n' in settings
        log = (home / "runtime.log").read_text()
        assert not [word for word in ("sk-of", "token-of", "Hello") if word in log]

        hosts = ["runtime.example.com", "a.example"]
        other = play(_SERVICE + _USE, runtime_token="another-token", runtime_allowed_hosts=hosts)
        assert other.results["Start or stop the process"]["changed"]
        assert other.results["Run"]["changed"] is False, "the store is the same"
        port = options["runtime_port"]
        answers = {**dict.fromkeys(hosts, 200), f"127.0.0.1:{port}": 200, "evil.com": 403}
        assert {host: _health(port, host) for host in answers} == answers
    finally:
        removed, again = _parts(play(_SERVICE * 2, runtime_state="absent"), _REMOVE)
    assert [task.name for task in removed if task.status == "changed"] == [_REMOVE]
    assert not [task for task in again if task.status == "changed"]
    assert {path.name for path in home.iterdir()} == {"runtime.db", "runtime.log"}


def _parts(outcome: Outcome, last: str) -> tuple[list[Task], list[Task]]:
    """Return the tasks until the first one of this name, and the others."""
    end = [task.name for task in outcome.tasks].index(last) + 1
    return outcome.tasks[:end], outcome.tasks[end:]


def test_a_worker_needs_a_shared_store(ansible_playbook: AnsiblePlaybook, tmp_path: Path) -> None:
    options = {"runtime_state": "started", "runtime_home": str(tmp_path / "worker"), "runtime_mode": "work"}
    outcome = ansible_playbook(_SERVICE, "-e", json.dumps(options))
    assert outcome.rc == 2, outcome
    assert "A worker needs a PostgreSQL store" in str(outcome)
    assert not (tmp_path / "worker").exists()


def test_the_unit_in_check_mode(ansible_playbook: AnsiblePlaybook, tmp_path: Path) -> None:
    home = tmp_path / "50% fünf runs"
    options = {"runtime_home": str(home), "runtime_service": "systemd", "runtime_store": "/srv/a.db"}
    outcome = ansible_playbook(_SERVICE, "--check", "--diff", "-e", json.dumps({**options, "runtime_state": "started"}))
    assert outcome.rc == 0, outcome
    unit = outcome.results["Write the unit"]["diff"][0]["after"].splitlines()
    escaped = str(home).replace("%", "%%")
    assert f"EnvironmentFile={escaped}/runtime.env" in unit
    assert f'ExecStart="{escaped}/venv/bin/python" -m threadworks_runtime serve' in unit
    assert [line for line in unit if line.startswith("ReadWritePaths=")] == [
        f'ReadWritePaths="-{escaped}"',
        'ReadWritePaths="-/srv"',
    ]
    assert not home.exists()
