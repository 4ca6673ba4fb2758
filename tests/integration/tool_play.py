# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helpers for tests of tool calls: a play with the role `run` and one tool, and its results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, Started

Json = dict[str, Any]

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
        run_tool_tasks: "{{{{ tool_tasks | default({{'disk_usage': 'disk_usage.yml', 'reboot': 'disk_usage.yml'}}) }}}}"
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
CALL: Json = {"name": "disk_usage", "arguments": {"path": "/var"}}
# The variables of a host that cannot be reached.
FAR: Json = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


def play_on(hosts: str, keyword: str = "", play: str = ROLE) -> str:
    """The play on these hosts, with a keyword of its own.

    If all hosts of a play fail, Ansible runs no later play. So the host `other` is also in each play, and does nothing.
    """
    more = f"  {keyword}\n" if keyword else ""
    leave = "    - ansible.builtin.meta: end_host\n      when: inventory_hostname == 'other'\n"
    return play.replace("- hosts: all\n", f"- hosts: {hosts}:other\n{more}").replace("  tasks:\n", f"  tasks:\n{leave}")


class ToolPlay:
    """Runs the role `run` on the hosts of an inventory, which are all this machine. `folder` has the tool's task file.

    The variable `strategy` is Ansible's strategy. `subject` is the subject of the question, by default the host itself.
    `tool_tasks` are the tools. Several cases are cheapest as several hosts of one playbook. The variables of a host can
    set these variables, and options of the role.
    """

    def __init__(self, ansible_playbook: AnsiblePlaybook, model_server: ModelServer, folder: Path) -> None:
        self.folder = folder
        self._ansible_playbook = ansible_playbook
        self._environment = {"OPENAI_BASE_URL": model_server.base_url}
        (folder / "disk_usage.yml").write_text(TOOL)
        self.hosts("web", "db")

    def hosts(self, *names: str, **variables: Json) -> None:
        """Set the hosts of the inventory, in this order, and the variables of some of them, which are also hosts."""
        local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        hosts = {name: {**local, **variables.get(name, {})} for name in (*names, *variables)}
        (self.folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))

    def __call__(self, *args: str, limit: str = "web", playbook: str | Path = ROLE, **variables: Any) -> Outcome:
        """Run the playbook on the host `web`, or on `limit`, with these extra variables, and wait until it ends."""
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
            *("-i", str(self.folder / "hosts.yml"), "-l", limit, "-e", json.dumps(variables)),
            *args,
            env={**self._environment, **(env or {})},
            terminal=terminal,
        )


def asked(model_server: ModelServer, host: str) -> list[Json]:
    """Return the requests to the model in the run of this host, oldest first."""
    return [request for request in model_server.runs if f"How full is {host}?" in json.dumps(request["input"])]


def outputs(outcome: Outcome) -> dict[str, Json]:
    """Return the outputs of the role by host. If it is called several times, the last ones."""
    return {each.host: each.result["msg"] for each in outcome.tasks if each.name == "Outputs"}


def answers(request: Json) -> list[Any]:
    """Return the tool outputs in a request to the model, oldest first. JSON is parsed."""
    given = [item["output"] for item in request["input"] if item["type"] == "function_call_output"]
    return [json.loads(output) if output[0] in "{[" else output for output in given]


def messages(outcome: Outcome, task: str, host: str = "") -> list[str]:
    """Return the messages of the tasks with this name, in any role. If a host is given, only those of this host."""
    done = [each for each in outcome.tasks if each.name.endswith(task) and each.status != "skipped"]
    return [each.result["msg"] for each in done if host in ("", each.host) and "msg" in each.result]


def hosts_of(outcome: Outcome, task: str) -> Sequence[str]:
    """Return the hosts on which tasks with this name ran, in order."""
    return [each.host for each in outcome.tasks if each.name.endswith(task) and each.status != "skipped"]
