# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many hosts at once: Ansible forks a worker for each of them, after it has used the collection itself."""

from __future__ import annotations

from collections import Counter

import pytest

from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook

# Ansible templates a task's name before it forks: the client of that lookup is there when the workers begin.
_PLAY = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: Assistant
      threadworks.openai.openai_assistant: {name: A, model: m}
      run_once: true

    - name: Thread beside {{ lookup('threadworks.openai.openai_assistant', 'A').name }}
      threadworks.openai.openai_thread:
        key: "{{ inventory_hostname }}"
        metadata: {of: "{{ inventory_hostname }}"}
        messages: [{content: "I am {{ inventory_hostname }}."}]
      register: thread

    - name: Run of {{ query('threadworks.openai.openai_assistants') | map(attribute='name') | first }}
      threadworks.openai.openai_run:
        thread_id: "{{ thread.thread_id }}"
        assistant_id: "{{ lookup('threadworks.openai.openai_assistant', 'A').id }}"
      register: run

    - name: Messages after {{ query('threadworks.openai.openai_threads') | length }} threads
      ansible.builtin.debug: {msg: "{{ item.text }}"}
      loop: "{{ query('threadworks.openai.openai_messages', thread.thread_id) }}"
      loop_control: {label: "{{ item.id }}"}

    - name: More messages of {{ lookup('threadworks.openai.openai_assistant', 'A').name }}
      threadworks.openai.openai_message:
        thread_id: "{{ lookup('threadworks.openai.openai_thread', inventory_hostname).id }}"
        content: "{{ item }} of {{ inventory_hostname }}"
      loop: [First, Second]

    - name: Look of {{ lookup('threadworks.openai.openai_assistant', 'A').name }}
      ansible.builtin.debug:
        msg: "{{ lookup('threadworks.openai.openai_thread', inventory_hostname).metadata.of }}"
"""
_HOSTS = [f"host{n}" for n in range(8)]


@pytest.mark.matrix
@pytest.mark.parametrize("way", ["local", "served"])
def test_eight_hosts_with_lookups_in_the_names_of_tasks(
    ansible_playbook: AnsiblePlaybook,
    model_server: ModelServer,
    served: tuple[str, list[str]],
    local_runtimes: LocalRuntimes,
    way: str,
) -> None:
    env = {"OPENAI_BASE_URL": model_server.base_url} if way == "local" else {"OPENAI_RUNTIME_URL": served[0]}
    outcome = ansible_playbook(_PLAY, "-i", ",".join(_HOSTS), "-f", "8", env=env)
    assert outcome.rc == 0, outcome
    assert Counter(task.status for task in outcome.tasks if task.name != "Assistant") == {"changed": 24, "ok": 16}
    # Nobody gets the answer that is for another one.
    for task in outcome.tasks:
        if task.name.startswith("Run"):
            assert task.result["response"] == f"Reply to: I am {task.host}."
        elif task.name.startswith("Messages"):
            texts = [each["msg"] for each in task.result["results"]]
            assert texts == [f"I am {task.host}.", f"Reply to: I am {task.host}."]
        elif task.name.startswith("More"):
            texts = [each["message"]["content"][0]["text"]["value"] for each in task.result["results"]]
            assert texts == [f"First of {task.host}", f"Second of {task.host}"]
        elif task.name.startswith("Look"):
            assert task.result["msg"] == task.host
    assert len(local_runtimes.pids()) == (way == "local")
