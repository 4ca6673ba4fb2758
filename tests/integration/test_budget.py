# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A budget per play holds for all forks, and the next play has its own."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook

_PLAY = """
- hosts: all
  connection: local
  gather_facts: false
  strategy: {strategy}
  vars:
    openai_budget: {{name: plays, tokens: 9, per: play}}
    openai_prices: {{m: {{input: 1, output: 1}}}}
  tasks:
    - name: Assistant
      threadworks.openai.openai_assistant: {{name: A, model: m}}
      register: assistant

    - name: Run
      threadworks.openai.openai_thread_run:
        assistant_id: "{{{{ assistant.assistant_id }}}}"
        thread: {{messages: [{{content: Hello}}]}}
        key: "{{{{ inventory_hostname }}}} {number}"
        details: true
      ignore_errors: true
"""
_HOSTS = ",".join(f"host{number}" for number in range(5))


@pytest.mark.matrix
@pytest.mark.parametrize(("strategy", "way"), [("linear", "local"), ("free", "local"), ("linear", "served")])
def test_the_forks_of_a_play_share_its_budget(
    request: pytest.FixtureRequest,
    ansible_playbook: AnsiblePlaybook,
    model_server: ModelServer,
    strategy: str,
    way: str,
) -> None:
    def runs(number: int) -> list[dict[str, Any]]:
        playbook = _PLAY.format(strategy=strategy, number=number)
        outcome = ansible_playbook(playbook, "-i", _HOSTS, "-f", "5", env=env)
        return [task.result for task in outcome.tasks if task.name == "Run"]

    if way == "local":
        env = {"OPENAI_BASE_URL": model_server.base_url}
    else:
        env = {"OPENAI_RUNTIME_URL": request.getfixturevalue("served")[0]}
    results = [runs(number) for number in range(2)]
    for result in results:
        assert len(result) == 5
        # A run uses 4 tokens: Hello, Reply to: Hello. The third one exceeds the budget.
        completed = [each for each in result if each.get("status") == "completed"]
        assert len(completed) == 3, result
        cost = {"amount": "0.000004", "prices_from": None} if way == "local" else None
        assert [each["details"]["cost"] for each in completed] == [cost] * 3
        others = [each for each in result if each not in completed]
        assert all("The budget plays per play is used up" in each["msg"] for each in others)
        reasons = Counter(each.get("status", each.get("error", {}).get("code")) for each in others)
        assert reasons.keys() <= {"incomplete", "budget_exceeded"}
    assert len(model_server.runs) == 6
