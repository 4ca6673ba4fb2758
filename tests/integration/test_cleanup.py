# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that cancels active runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook

_CLEANUP = Path(__file__).resolve().parents[2] / "playbooks" / "cleanup.yml"
_RUNS = """
- hosts: localhost
  gather_facts: false
  tasks:
    - threadworks.openai.openai_assistant: {name: A, model: m}
      register: assistant
    - name: Runs
      threadworks.openai.openai_thread_run:
        assistant_id: "{{ assistant.assistant_id }}"
        thread: {messages: [{content: "{{ item }}"}], metadata: {of: "{{ item }}"}}
        tools: [{type: function, function: {name: look}}]
        wait: "{{ item != 'slow' }}"
      loop: [waiting, slow, answered, waiting too]
"""


@pytest.mark.any_runtime
def test_cleanup(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    waits = {"match": "waiting", "calls": [{"name": "look", "arguments": {}}], "sticky": True}
    model_server.script([waits, {"match": "slow", "hang": True}])
    env = {"OPENAI_BASE_URL": model_server.base_url}
    runs = ansible_playbook(_RUNS, env=env).results["Runs"]["results"]
    threads = {run["item"]: run["thread_id"] for run in runs}

    def cleaned(*args: str, **variables: Any) -> dict[str, str | None]:
        """The threads' last runs after a clean-up that changed them, by what is said there."""
        outcome = ansible_playbook(_CLEANUP, *args, "-e", json.dumps(variables), env=env)
        assert outcome.rc == 0, outcome
        results = outcome.results["Cancel the active run of each thread"].get("results", [])
        names = {thread: name for name, thread in threads.items()}
        return {names[result["item"]]: result["status"] for result in results if result["changed"]}

    assert cleaned("--check") == dict.fromkeys(("waiting", "slow", "waiting too"), "cancelled")
    assert cleaned(cleanup_threads=[threads["waiting"]]) == {"waiting": "cancelled"}
    assert cleaned(cleanup_metadata={"of": "slow"}) == {"slow": "cancelled"}
    assert cleaned() == {"waiting too": "cancelled"}
    assert cleaned() == {}
