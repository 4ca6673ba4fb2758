# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play over 4 hosts with tools, for tests of the callback `runs` and its report."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.once import made_once
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome

CALLBACK = "threadworks.openai.runs"
HOSTS = ["web01", "web05", "web09", "db3"]
# The hosts of the second time: one whose run is reused, and one whose run is incomplete.
AGAIN = ["web01", "web09"]
# Every second host calls refused tools.
REFUSED_EVERY = 2
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)><a href='javascript:alert(3)'>here</a></textarea></style>"
    "</details></main>{{ 7 * 7 }} \u202egnp.exe \x1b[31m"
)
ANSWER = """The root file system is **71 %** full, which is fine for now.

1. `/var/log` grows by 2 GiB per week.
2. To rotate it now:

```
journalctl --vacuum-size=500M
logrotate -f /etc/logrotate.conf
```

Look again in two weeks."""
TICKETS = {
    "The link to Oslo flaps": {
        "team": "network",
        "urgent": True,
        "steps": [{"step": "Check the optics", "minutes": 10}, {"step": "Call the carrier", "minutes": 25}],
    },
    "The disk of db1 is full": {"team": "storage", "urgent": False, "steps": []},
}
# US dollars for a million tokens, and tokens.
PRICES = {"input": 2, "output": 8}
BUDGET = 10_000_000
_TOOL = """
- name: Measure the file system
  ansible.builtin.debug:
    msg: "/dev/vda1 41152812 29218497 11934315 71% {{ tool.arguments.path }}"
  register: disk
- name: Return the output to the model
  ansible.builtin.set_fact:
    tool_output: "{{ disk.msg }}"
"""
_PLAYBOOK = """
- name: Inspect all hosts
  hosts: all
  gather_facts: false
  tasks:
    - name: Create the assistant
      threadworks.openai.openai_assistant:
        name: Host inspector
        model: gpt-6-luna
        instructions: You inspect hosts for their operators. Name paths and numbers.
        tools:
          - type: function
            function:
              name: disk_usage
              parameters:
                type: object
                properties: {path: {type: string, pattern: ^/}}
                required: [path]
                additionalProperties: false
          - type: function
            function: {name: restart}
      delegate_to: localhost
      run_once: true
      register: assistant
    - name: Inspect the host
      block:
        - ansible.builtin.include_role:
            name: threadworks.openai.run
          vars:
            run_assistant_id: "{{ assistant.assistant_id }}"
            run_messages:
              - content: "Host {{ inventory_hostname }}: is a file system running full, and if so, what fills it?"
            run_tool_tasks: {disk_usage: disk_usage.yml}
      rescue:
        - name: Continue
          ansible.builtin.debug: {msg: "The run of {{ inventory_hostname }} failed."}

- name: Sort tickets
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Create the sorter
      threadworks.openai.openai_assistant: {name: "Sorter <i>&</i>", model: gpt-6-sol}
      register: sorter
    - name: Sort a ticket
      threadworks.openai.openai_thread_run:
        key: "{{ item }}"
        assistant_id: "{{ sorter.assistant_id }}"
        thread: {messages: [{content: "Sort this ticket: {{ item }}"}]}
        response_format: {type: json_object}
        wait: false
      loop: [TICKETS]
      register: started
    - name: Wait for all tickets
      threadworks.openai.openai_run_info: {runs: "{{ started }}", wait: true}
    - name: Ask for something that does not exist
      threadworks.openai.openai_run: {thread_id: thread_x, assistant_id: "{{ sorter.assistant_id }}"}
      ignore_errors: true
""".replace("TICKETS", ", ".join(TICKETS))
_CALL = {"name": "disk_usage", "arguments": {"path": "/"}}
_REFUSED = [{"name": "disk_usage", "arguments": {"path": "etc <b>"}}, {"name": "restart", "arguments": {}}]


def script() -> list[dict[str, Any]]:
    """Return the answers of the model. `web05` gets hostile text; `web09` and `db3` fail; some call refused tools."""
    ends: dict[str, dict[str, Any]] = {
        "db3": {"failed": {"code": "server_error", "message": "The model is overloaded."}},
        "web05": {"text": HOSTILE},
        "web09": {"text": "The file system is nea", "incomplete": "max_output_tokens"},
    }
    answers: list[dict[str, Any]] = []
    for number, host in enumerate(HOSTS):
        more = _REFUSED if number % REFUSED_EVERY == 0 else []
        answers.append({"match": f"Host {host}:", "calls": [_CALL, *more], "delay": 0.1 * (number % 5)})
        answers.append({"match": f"Host {host}:", **ends.get(host, {"text": ANSWER})})
    return answers + [{"match": text, "text": json.dumps(output)} for text, output in TICKETS.items()]


@dataclasses.dataclass(frozen=True)
class Played:
    """The play, which has been run twice. The second time, it is limited to some hosts.

    Attributes:
        folder: The folder with the report `report.html` and the audit trail `audit.jsonl` of the first time.
        first: The outcome of the first time, without its tasks.
        again: The outcome of the second time, without a table.
        usages: The model server's own count for each request of the first time.
    """

    folder: Path
    first: Outcome
    again: Outcome
    usages: list[dict[str, Any]]


def played(tmp_path_factory: pytest.TempPathFactory, collections: Path) -> Played:
    """Run the play with the callback, once for all tests."""
    folder = made_once(tmp_path_factory, "report", lambda folder: _play(folder, collections))
    ended = json.loads((folder / "played.json").read_text())
    first, again = (Outcome(**ended[name], tasks=[], stats=Counter()) for name in ("first", "again"))
    return Played(folder, first, again, ended["usages"])


def _play(folder: Path, collections: Path) -> None:
    with (
        ModelServer() as server,
        LocalRuntimes() as runtimes,
        AnsiblePlaybook(folder, collections, dict(runtimes.environment)) as play,
    ):
        server.script(script())
        first = _inspect(play, server)
        usages = list(server.usages)
        server.reset()
        server.script(script())
        files = {name: str(folder / f"again.{name}") for name in ("report", "audit")}
        again = _inspect(
            play,
            server,
            *("-l", ",".join([*AGAIN, "localhost"])),
            OPENAI_RUNS_TABLE_ROWS="0",
            OPENAI_RUNS_REPORT=files["report"],
            OPENAI_RUNS_AUDIT=files["audit"],
        )
    ended = {
        name: {"rc": outcome.rc, "stdout": outcome.stdout, "stderr": outcome.stderr}
        for name, outcome in (("first", first), ("again", again))
    }
    (folder / "played.json").write_text(json.dumps({**ended, "usages": usages}))


def _inspect(play: AnsiblePlaybook, server: ModelServer, *args: str, **env: str) -> Outcome:
    folder: Path = play.folder
    local = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
    (folder / "hosts").write_text("".join(f"{host} {local}\n" for host in HOSTS))
    (folder / "disk_usage.yml").write_text(_TOOL)
    (folder / "inspect.yml").write_text(_PLAYBOOK)
    return play(
        folder / "inspect.yml",
        *("-i", str(folder / "hosts"), "-f", "3", *args),
        env={
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_RUN_PRICES": json.dumps(dict.fromkeys(("gpt-6-luna", "gpt-6-sol"), PRICES)),
            "OPENAI_RUN_BUDGET": json.dumps({"name": "inspections", "tokens": BUDGET, "per": "day"}),
            "ANSIBLE_CALLBACKS_ENABLED": f"json_lines,{CALLBACK}",
            "ANSIBLE_SHOW_CUSTOM_STATS": "true",
            "OPENAI_RUNS_REPORT": str(folder / "report.html"),
            "OPENAI_RUNS_AUDIT": str(folder / "audit.jsonl"),
            **env,
        },
    )
