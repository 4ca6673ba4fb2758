# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of tool calls share: a play with role run and one tool, and what it said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, Started

ASSISTANT = """
- hosts: all
  gather_facts: false
  strategy: "{{ strategy | default('linear') }}"
  tasks:
    - name: Assistant
      threadworks.openai.openai_assistant:
        name: Inspector
        model: some
        tools:
          - type: function
            function:
              name: disk_usage
              parameters:
                type: object
                properties:
                  path: {type: string, pattern: ^/}
                required: [path]
                additionalProperties: false
          - type: function
            function: {name: uptime}
      delegate_to: localhost
      register: assistant
"""
ROLE = f"""{ASSISTANT}
    - name: Role
      vars:
        run_assistant_id: "{{{{ assistant.assistant_id }}}}"
        run_key: "inspect-{{{{ subject | default(inventory_hostname) }}}}"
        run_messages:
          - content: "How full is {{{{ subject | default(inventory_hostname) }}}}?"
        run_tool_tasks:
          disk_usage: disk_usage.yml
          reboot: disk_usage.yml
      block:
        - ansible.builtin.include_role:
            name: threadworks.openai.run
      always:
        - name: Outputs
          ansible.builtin.debug:
            msg: "{{{{ {{'result': run_result, 'status': run_status, 'response': run_response}} }}}}"
"""
TOOL = """
- name: Tool
  ansible.builtin.debug:
    msg: "{{ tool.name }} {{ tool.arguments | to_json }}"
- name: Answer
  ansible.builtin.set_fact:
    tool_output: "71% of {{ tool.arguments.path }}"
"""
CALL: dict[str, Any] = {"name": "disk_usage", "arguments": {"path": "/var"}}


class ToolPlay:
    """Runs role run on the hosts of an inventory that are all this machine; `folder` has the tool's task file.

    `strategy` is of Ansible, and `subject` what all hosts ask about: without it, each asks about itself.
    """

    def __init__(self, ansible_playbook: AnsiblePlaybook, model_server: ModelServer, folder: Path) -> None:
        self.folder = folder
        self._ansible_playbook = ansible_playbook
        self._environment = {"OPENAI_BASE_URL": model_server.base_url}
        (folder / "disk_usage.yml").write_text(TOOL)
        self.hosts("web", "db")

    def hosts(self, *names: str, **more: str) -> None:
        """Set the hosts of the inventory; `more` has variables of some of them."""
        local = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
        (self.folder / "hosts").write_text("".join(f"{name} {local} {more.get(name, '')}\n" for name in names))

    def __call__(self, *args: str, limit: str = "web", playbook: str | Path = ROLE, **variables: Any) -> Outcome:
        """Run the playbook to its end, on the host `web` or on `limit`, with these extra variables."""
        return self.start(*args, limit=limit, playbook=playbook, **variables).wait()

    def start(
        self,
        *args: str,
        limit: str = "all",
        playbook: str | Path = ROLE,
        terminal: int | None = None,
        env: dict[str, str] | None = None,
        **variables: Any,
    ) -> Started:
        """Start the playbook."""
        return self._ansible_playbook.start(
            playbook,
            *("-i", str(self.folder / "hosts"), "-l", limit, "-e", json.dumps(variables)),
            *args,
            env={**self._environment, **(env or {})},
            terminal=terminal,
        )


def answers(request: dict[str, Any]) -> list[Any]:
    """What the model was told of its calls in a request, oldest first; what is JSON is parsed."""
    outputs = [item["output"] for item in request["input"] if item["type"] == "function_call_output"]
    return [json.loads(output) if output[0] in "{[" else output for output in outputs]


def messages(outcome: Outcome, task: str, host: str = "") -> list[str]:
    """What the tasks of this name said (of this host, where one is given), whichever role they are of."""
    done = [each for each in outcome.tasks if each.name.endswith(task) and each.status != "skipped"]
    return [each.result["msg"] for each in done if host in ("", each.host) and "msg" in each.result]


def hosts_of(outcome: Outcome, task: str) -> Sequence[str]:
    """The hosts on which tasks of this name ran, in this order."""
    return [each.host for each in outcome.tasks if each.name.endswith(task) and each.status != "skipped"]
