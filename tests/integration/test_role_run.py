# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role run: its inputs, its outputs, and nothing left of one call in the next. Its tools are in test_tools.py."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.integration.tool_play import FAR
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, Task

_START = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Assistant
      threadworks.openai.openai_assistant:
        name: Role
        model: the-assistants
      register: assistant
    - name: Thread
      threadworks.openai.openai_thread:
        key: role
        messages: [{content: Hello}]
      register: thread
"""
_CALL = """
    - name: Call {number}
      block:
        - ansible.builtin.include_role:
            name: threadworks.openai.run
          vars:
            run_assistant_id: "{{{{ assistant.assistant_id }}}}"
            {variables}
      rescue:
        - name: Refused {number}
          ansible.builtin.debug:
            msg: "{{{{ ansible_failed_result }}}}"
      always:
        - name: Outputs {number}
          ansible.builtin.debug:
            msg:
              result: "{{{{ run_result | default({{}}) }}}}"
              id: "{{{{ run_id | default(none) }}}}"
              status: "{{{{ run_status | default(none) }}}}"
              created_at: "{{{{ run_created_at | default(none) }}}}"
              started_at: "{{{{ run_started_at | default(none) }}}}"
              completed_at: "{{{{ run_completed_at | default(none) }}}}"
              usage: "{{{{ run_usage | default(none) }}}}"
              response: "{{{{ run_response | default(none) }}}}"
"""
_THREAD = {"run_thread_id": "{{ thread.thread_id }}"}
_MESSAGES: dict[str, Any] = {"run_messages": [{"content": "Hello too"}]}
# What createRun and createThreadAndRun both know: the role's inputs, and how a run object shows them.
_PARAMETERS = {
    "model": "another",
    "instructions": "Be brief.",
    "tools": [{"type": "function", "function": {"name": "look"}}],
    "tool_choice": "none",
    "parallel_tool_calls": False,
    "temperature": 0.25,
    "top_p": 0.5,
    "max_prompt_tokens": 1000,
    "max_completion_tokens": 500,
    "truncation_strategy": {"type": "last_messages", "last_messages": 2},
    "response_format": {"type": "json_object"},
    "verbosity": "low",
    "reasoning_summary": "auto",
    "service_tier": "flex",
    "prompt_cache_key": "team network",
    "safety_identifier": "anna",
    "metadata": {"team": "network"},
}
_SCHEMA = {
    "type": "object",
    "properties": {"down": {"type": "array", "items": {"type": "string"}}},
    "required": ["down"],
    "additionalProperties": False,
}
_INPUTS = {f"run_{name}": value for name, value in _PARAMETERS.items()}

Play = Callable[..., Outcome]


@pytest.fixture
def play(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> Play:
    """Calls the role with each of these sets of variables, one after the other in one play."""

    def play(*calls: dict[str, Any]) -> Outcome:
        texts = (
            _CALL.format(
                number=number, variables="\n            ".join(f"{k}: {json.dumps(v)}" for k, v in call.items())
            )
            for number, call in enumerate(calls)
        )
        return ansible_playbook(_START + "".join(texts), env={"OPENAI_BASE_URL": model_server.base_url})

    return play


def _outputs(outcome: Outcome) -> list[dict[str, Any]]:
    """The role's outputs after each call."""
    return [each.result["msg"] for each in outcome.tasks if each.name.startswith("Outputs")]


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_inputs_and_outputs_of_calls_in_one_play(play: Play, model_server: ModelServer) -> None:
    only_here = {
        "run_additional_instructions": "And polite.",
        "run_additional_messages": [{"content": "Hello again"}],
        "run_reasoning_effort": "none",
    }
    structured = {
        "run_messages": [{"content": "Which hosts are down?"}],
        "run_response_format": {"type": "json_schema", "json_schema": {"name": "hosts", "schema": _SCHEMA}},
    }
    model_server.script([{}, {}, {}, {"text": '{"down": ["web", 7]}'}, {"text": '{"down": ["web", "db"]}'}])
    outcome = play(
        {**_MESSAGES, **_INPUTS, "run_thread_metadata": {"of": "thread"}},
        {**_THREAD, **_INPUTS, **only_here, "run_steps": True},
        {"run_thread_id": "{{ run_result.thread_id }}", "run_force": True},
        structured,
        structured,
        _THREAD | {"run_assistant_id": "asst_none"},
    )
    assert outcome.rc == 0, outcome
    with_thread, on_thread, plain, violated, fixed, unknown = _outputs(outcome)
    for outputs in (with_thread, on_thread):
        run = outputs["result"]["run"]
        metadata = run.pop("metadata")
        assert metadata["team"] == "network"
        shown = {name: value for name, value in _PARAMETERS.items() if name not in ("metadata", "instructions")}
        assert {name: run[name] for name in shown} == shown
        assert outputs["result"]["output"] == json.loads(outputs["response"])
        assert {key: outputs[key] for key in ("id", "status", "usage")} == {
            key: run[key] for key in ("id", "status", "usage")
        }
        # As text on a core before 2.19.
        assert [str(outputs[f"{verb}_at"]) for verb in ("created", "started", "completed")] == [
            str(run[f"{verb}_at"]) for verb in ("created", "started", "completed")
        ]
    assert on_thread["result"]["steps"][0]["type"] == "message_creation"
    first, second, third, *_structured = model_server.runs
    assert first["instructions"] == "Be brief."
    assert second["instructions"].split() == ["Be", "brief.", "And", "polite."]
    assert first["reasoning"] == {"summary": "auto"}
    assert second["reasoning"] == {"effort": "none", "summary": "auto"}
    for sent in (first, second):
        assert sent["text"] == {"format": {"type": "json_object"}, "verbosity": "low"}
        assert (sent["service_tier"], sent["prompt_cache_key"], sent["safety_identifier"]) == (
            "flex",
            "team network",
            "anna",
        )
    assert [item["content"][0]["text"] for item in second["input"]] == ["Hello", "Hello again"]

    # Nothing of it is left in the third call.
    assert plain["result"]["thread_id"] == on_thread["result"]["thread_id"]
    assert plain["id"] != on_thread["id"]
    run = plain["result"]["run"]
    assert (run["model"], run["tools"], run["temperature"], run["max_prompt_tokens"]) == (
        "the-assistants",
        [],
        1.0,
        None,
    )
    assert "team" not in run["metadata"]
    assert "steps" not in plain["result"]
    assert not {"instructions", "reasoning", "service_tier", "prompt_cache_key", "safety_identifier"} & {
        name for name, value in third.items() if value
    }
    # The outputs of a failed call describe its own run, or no run. A run that failed is run again.
    assert violated["status"] == "failed"
    for told in (violated["result"]["run"]["last_error"]["message"], outcome.results["Refused 3"]["msg"]["msg"]):
        assert re.search(r"\$\.down\[1\]: 7 is not of type .string.", told), outcome
    assert fixed["result"]["output"] == {"down": ["web", "db"]}
    assert violated["id"] != fixed["id"]
    assert not any(unknown[name] for name in unknown if name != "result")
    assert "No assistant found with id 'asst_none'" in unknown["result"]["msg"]


_LOOP = """
    - name: Loop
      ansible.builtin.include_role:
        name: threadworks.openai.run
      vars:
        run_assistant_id: "{{ assistant.assistant_id }}"
        run_messages: [{content: "{{ item.content }}"}]
        run_tools: "{{ item.tools | to_json }}"
        run_tool_rounds: "{{ item.rounds }}"
        run_tool_tasks: {look: "{{ playbook_dir }}/{{ item.file }}"}
      loop:
        - {content: First, rounds: 1, file: playbook-1.yml, tools: [{type: function, function: {name: look}}]}
        - {content: Second, rounds: 2, file: playbook-1.yml, tools: []}
"""


@pytest.mark.any_runtime
def test_a_loop(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    """All inputs can use the variable of the loop. Tools can be a JSON string."""
    outcome = ansible_playbook(_START + _LOOP, env={"OPENAI_BASE_URL": model_server.base_url})
    replies = [
        each.result["ansible_facts"]["run_response"] for each in outcome.tasks if each.name.endswith("the outputs")
    ]
    assert replies == ["Reply to: First", "Reply to: Second"], outcome
    assert (outcome.changed, len(model_server.runs)) == (4, 2)
    assert [len(run.get("tools", ())) for run in model_server.runs] == [1, 0]
    assert "already in use" not in outcome.stderr


_BY_HOST = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Assistant
      threadworks.openai.openai_assistant: {name: Role, model: the-assistants}
      run_once: true
      register: assistant
    - name: Thread
      threadworks.openai.openai_thread: {key: role, messages: [{content: Hello}]}
      run_once: true
      register: thread
    - ansible.builtin.include_role: {name: threadworks.openai.run}
      vars:
        run_assistant_id: "{{ assistant.assistant_id }}"
"""


@pytest.fixture
def play_by_host(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> Play:
    """Calls the role on hosts that have its inputs as variables."""

    def play_by_host(hosts: dict[str, dict[str, Any]], *args: str, playbook: str = _BY_HOST) -> Outcome:
        local = {"ansible_connection": "local"}
        inventory = {"all": {"hosts": {host: {**local, **variables} for host, variables in hosts.items()}}}
        (tmp_path / "hosts.yml").write_text(json.dumps(inventory))
        env = {"OPENAI_BASE_URL": model_server.base_url}
        return ansible_playbook(playbook, "-i", str(tmp_path / "hosts.yml"), *args, env=env)

    return play_by_host


def _changed(tasks: list[Task]) -> list[tuple[str, str]]:
    return [(task.name, task.host) for task in tasks if task.status == "changed"]


def _responses(tasks: list[Task]) -> dict[str, str]:
    facts = {task.host: task.result["ansible_facts"] for task in tasks if task.name.endswith("the outputs")}
    return {host: each["run_response"] for host, each in facts.items()}


@pytest.mark.any_runtime
def test_check_mode_foretells(play_by_host: Play, model_server: ModelServer) -> None:
    """The conversations are held on the control node: the last host cannot be reached."""
    hosts = {"thread": _THREAD, "messages": {**_MESSAGES, **FAR}}
    foretold = play_by_host(hosts, "--check")
    assert (foretold.rc, len(model_server.runs)) == (0, 0), foretold
    outcome = play_by_host(hosts, playbook=_BY_HOST + _BY_HOST.replace("  tasks:", "  check_mode: true\n  tasks:"))
    assert (outcome.rc, len(model_server.runs)) == (0, 2), outcome
    (_first, second) = (number for number, task in enumerate(outcome.tasks) if task.name == "Assistant")
    done, again = outcome.tasks[:second], outcome.tasks[second:]
    assert (len(_changed(done)), _changed(again)) == (4, []), outcome
    assert _changed(foretold.tasks) == _changed(done)
    assert _responses(again) == _responses(done) == {"thread": "Reply to: Hello", "messages": "Reply to: Hello too"}


# The inputs, and parts of the message. What the module refuses is in tests/unit/plugins/test_options.py.
_REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "neither": ({}, ["Neither run_thread_id nor run_messages is set. Set either"]),
    "both": ({**_THREAD, **_MESSAGES}, ["Both run_thread_id and run_messages are set."]),
    "effort": (
        {**_MESSAGES, "run_reasoning_effort": "none"},
        ["run_reasoning_effort can only be set together with run_thread_id."],
    ),
    "thread_metadata": (
        {**_THREAD, "run_thread_metadata": {"a": "b"}},
        ["run_thread_metadata can only be set together with run_messages."],
    ),
    "types": (
        {**_THREAD, "run_temperature": "warm", "run_metadata": "look", "run_tool_errors": "ignore"},
        ["run_temperature", "run_metadata", "run_tool_errors"],
    ),
    "tools": ({**_THREAD, "run_tools": "look"}, ["'tools' is of type ", "to dict"]),
    "module": ({**_THREAD, "run_temperature": 3}, ["temperature is 3, but must be between 0 and 2."]),
    "limits": (
        {**_THREAD, "run_tool_rounds": 0, "run_tool_output_limit": 0},
        [f"{name} is 0, but must be at least 1." for name in ("run_tool_rounds", "run_tool_output_limit")],
    ),
    "tool_tasks": (
        {**_THREAD, "run_tool_tasks": {"look": "none.yml", "see": ["look.yml"]}},
        [
            "run_tool_tasks.look must be a task file, but this file does not exist: ",
            "run_tool_tasks.see must be the path of a task file, or a ",
        ],
    ),
}


@pytest.mark.any_runtime
def test_bad_input_fails_before_any_request(play_by_host: Play, model_server: ModelServer) -> None:
    outcome = play_by_host({host: variables for host, (variables, _parts) in _REFUSED.items()})
    assert (outcome.rc, outcome.stats["failures"]) == (2, len(_REFUSED)), outcome
    told = {each.host: json.dumps(each.result) for each in outcome.tasks if each.status == "failed"}
    for host, (_variables, parts) in _REFUSED.items():
        assert [part for part in parts if part not in told[host]] == [], (host, told[host])
    assert model_server.requests == []


_DEFAULTS = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/threadworks.openai.openai:
      base_url: {base_url}
      runtime_store: {folder}/elsewhere.db
  tasks:
    - threadworks.openai.openai_assistant: {{name: A, model: m}}
      register: assistant
    - ansible.builtin.include_role: {{name: threadworks.openai.run}}
      vars:
        run_assistant_id: "{{{{ assistant.assistant_id }}}}"
        run_messages: [{{content: Hello}}]
"""


def test_module_defaults_set_the_connection(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    outcome = ansible_playbook(_DEFAULTS.format(base_url=model_server.base_url, folder=ansible_playbook.folder))
    assert outcome.rc == 0, outcome
    assert len(model_server.runs) == 1
    assert (ansible_playbook.folder / "elsewhere.db").exists()
    assert not ansible_playbook.store.exists()


def test_the_contract_is_documented() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "doc", "-t", "role", "threadworks.openai.run", "--json"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    options = json.loads(done.stdout)["threadworks.openai.run"]["entry_points"]["main"]["options"]
    assert {*_INPUTS, *_THREAD, *_MESSAGES} < set(options)
    assert options["run_tool_errors"]["choices"] == ["report", "fail"]
