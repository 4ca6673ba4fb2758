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

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome

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
_INPUTS = {f"run_{name}": value for name, value in _PARAMETERS.items()}

Play = Callable[..., Outcome]


@pytest.fixture
def play(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> Play:
    """Calls the role with each of these sets of variables, one after the other in one play."""

    def play(*calls: dict[str, Any], args: tuple[str, ...] = ()) -> Outcome:
        texts = (
            _CALL.format(
                number=number, variables="\n            ".join(f"{k}: {json.dumps(v)}" for k, v in call.items())
            )
            for number, call in enumerate(calls)
        )
        return ansible_playbook(_START + "".join(texts), *args, env={"OPENAI_BASE_URL": model_server.base_url})

    return play


def _outputs(outcome: Outcome) -> list[dict[str, Any]]:
    """The role's outputs after each call."""
    return [each.result["msg"] for each in outcome.tasks if each.name.startswith("Outputs")]


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_every_input_has_its_effect(play: Play, model_server: ModelServer) -> None:
    only_here = {
        "run_additional_instructions": "And polite.",
        "run_additional_messages": [{"content": "Hello again"}],
        "run_reasoning_effort": "none",
    }
    outcome = play(
        {**_THREAD, **_INPUTS, **only_here, "run_steps": True},
        {**_MESSAGES, **_INPUTS, "run_thread_metadata": {"of": "thread"}},
    )
    assert outcome.rc == 0, outcome
    on_thread, with_thread = _outputs(outcome)
    for outputs in (on_thread, with_thread):
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
    first, second = model_server.runs
    assert first["instructions"].split() == ["Be", "brief.", "And", "polite."]
    assert second["instructions"] == "Be brief."
    assert first["reasoning"] == {"effort": "none", "summary": "auto"}
    assert second["reasoning"] == {"summary": "auto"}
    for sent in (first, second):
        assert sent["text"] == {"format": {"type": "json_object"}, "verbosity": "low"}
        assert (sent["service_tier"], sent["prompt_cache_key"], sent["safety_identifier"]) == (
            "flex",
            "team network",
            "anna",
        )
    assert [item["content"][0]["text"] for item in first["input"]] == ["Hello", "Hello again"]


@pytest.mark.any_runtime
def test_nothing_of_a_call_is_left_in_the_next(play: Play, model_server: ModelServer) -> None:
    model_server.script([{}, {}, {"failed": {"code": "server_error", "message": "out of order"}}])
    outcome = play(
        {**_MESSAGES, **_INPUTS, "run_response_format": "auto", "run_steps": True},
        {"run_thread_id": "{{ run_result.thread_id }}", "run_force": True},
        {**_THREAD, "run_model": "broken"},
        _THREAD | {"run_assistant_id": "asst_none"},
    )
    full, plain, failed, unknown = _outputs(outcome)
    assert plain["result"]["thread_id"] == full["result"]["thread_id"]
    assert plain["id"] != full["id"]
    run = plain["result"]["run"]
    assert (run["model"], run["tools"], run["temperature"], run["max_prompt_tokens"]) == (
        "the-assistants",
        [],
        1.0,
        None,
    )
    assert "team" not in run["metadata"]
    assert "steps" not in plain["result"]
    # The outputs of a failed call describe its own run, or no run.
    assert failed["status"] == "failed"
    assert "out of order" in failed["result"]["run"]["last_error"]["message"]
    assert not any(unknown[name] for name in unknown if name != "result")
    assert "No assistant found with id 'asst_none'" in unknown["result"]["msg"]


_LOOP = """
    - name: Loop
      ansible.builtin.include_role:
        name: threadworks.openai.run
      vars:
        run_assistant_id: "{{ assistant.assistant_id }}"
        run_messages: "{{ item }}"
      loop:
        - [{content: First}]
        - [{content: Second}]
        - [{content: First}]
"""


@pytest.mark.any_runtime
def test_a_loop(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    env = {"OPENAI_BASE_URL": model_server.base_url}
    outcome = ansible_playbook(_START + _LOOP, env=env)
    replies = [
        each.result["ansible_facts"]["run_response"] for each in outcome.tasks if each.name.endswith("the outputs")
    ]
    assert replies == ["Reply to: First", "Reply to: Second", "Reply to: First"], outcome
    assert len(model_server.runs) == 2
    assert ansible_playbook(_START + _LOOP, env=env).changed == 0


_FAR = """
- hosts: all
  gather_facts: false
  tasks:
    - threadworks.openai.openai_assistant: {name: A, model: m}
      delegate_to: localhost
      register: assistant
    - ansible.builtin.include_role: {name: threadworks.openai.run}
      vars:
        run_assistant_id: "{{ assistant.assistant_id }}"
        run_messages: [{content: Hello}]
"""


def test_the_conversation_is_held_on_the_control_node(
    ansible_playbook: AnsiblePlaybook, served: tuple[str, list[str]], tmp_path: Path
) -> None:
    (tmp_path / "hosts").write_text("far ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1\n")
    address, _requests = served
    outcome = ansible_playbook(_FAR, "-i", str(tmp_path / "hosts"), env={"OPENAI_RUNTIME_URL": address})
    assert outcome.rc == 0, outcome
    assert outcome.tasks[-1].result["ansible_facts"]["run_response"] == "Reply to: Hello"


@pytest.mark.any_runtime
def test_check_mode_foretells(play: Play, model_server: ModelServer) -> None:
    foretold = play(_THREAD, _MESSAGES, args=("--check",))
    assert (foretold.rc, len(model_server.runs)) == (0, 0), foretold
    done = play(_THREAD, _MESSAGES)
    again = play(_THREAD, _MESSAGES, args=("--check",))
    assert (foretold.changed, done.changed, again.changed, len(model_server.runs)) == (4, 4, 0, 2)
    assert [each["response"] for each in _outputs(again)] == [each["response"] for each in _outputs(done)]


_REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {},
        "Neither run_thread_id nor run_messages is set. Set either",
    ),
    ({**_THREAD, **_MESSAGES}, "Both run_thread_id and run_messages are set."),
    (
        {**_MESSAGES, "run_reasoning_effort": "none"},
        "run_reasoning_effort can only be set together with run_thread_id.",
    ),
    (
        {**_THREAD, "run_thread_metadata": {"a": "b"}},
        "run_thread_metadata can only be set together with run_messages.",
    ),
    ({**_THREAD, "run_temperature": "warm"}, "run_temperature"),
    ({**_THREAD, "run_temperature": 3}, "temperature is 3, but must be between 0 and 2."),
    ({**_THREAD, "run_tools": "look"}, "run_tools"),
    ({**_THREAD, "run_max_prompt_tokens": 255}, "max_prompt_tokens is 255, but must be at least 256."),
    ({**_THREAD, "run_metadata": {str(n): "" for n in range(14)}}, "metadata has 14 pairs, but at most 13 are allowed"),
    ({**_THREAD, "run_tool_errors": "ignore"}, "run_tool_errors"),
    ({**_THREAD, "run_tool_rounds": 0}, "run_tool_rounds is 0, but must be at least 1."),
    (
        {**_THREAD, "run_tool_tasks": {"look": "none.yml"}},
        "run_tool_tasks.look must be a task file, but this file does not exist: ",
    ),
    (
        {**_THREAD, "run_tool_tasks": {"look": ["look.yml"]}},
        "run_tool_tasks.look must be the path of a task file, or a ",
    ),
]


@pytest.mark.any_runtime
def test_bad_input_fails_before_any_request(play: Play, model_server: ModelServer) -> None:
    outcome = play(*(variables for variables, _message in _REFUSED))
    assert outcome.rc == 0, outcome
    for number, (variables, message) in enumerate(_REFUSED):
        told = json.dumps(outcome.results[f"Refused {number}"]["msg"])
        assert message in told, variables
    assert model_server.requests == []


_SCHEMA = """
        run_messages: [{content: Which hosts are down?}]
        run_response_format:
          type: json_schema
          json_schema:
            name: hosts
            schema:
              type: object
              properties:
                down:
                  type: array
                  items: {type: string}
              required: [down]
              additionalProperties: false
"""


@pytest.mark.any_runtime
def test_structured_output(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    task = """
    - ansible.builtin.include_role:
        name: threadworks.openai.run
      vars:
        run_assistant_id: "{{ assistant.assistant_id }}"
"""
    use = "    - name: Use\n      ansible.builtin.debug: {msg: \"{{ run_result.output.down | join(' and ') }}\"}\n"
    model_server.script([{"text": '{"down": ["web", 7]}'}, {"text": '{"down": ["web", "db"]}'}])
    env = {"OPENAI_BASE_URL": model_server.base_url}
    violated = ansible_playbook(_START + task + _SCHEMA + use, env=env)
    assert violated.rc == 2
    (failed,) = (each for each in violated.tasks if each.status == "failed")
    assert re.search(r"\$\.down\[1\]: 7 is not of type .string.", failed.result["msg"]), failed
    # A run that failed is run again.
    assert ansible_playbook(_START + task + _SCHEMA + use, env=env).results["Use"]["msg"] == "web and db"


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
