# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example playbook, with the scripted model server. The real offline model is in test_example_offline.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, Task

_EXAMPLE = Path(__file__).resolve().parents[2] / "playbooks" / "example.yml"
# The contract: the names and the fields of the original.
_OUTPUTS: dict[str, set[str]] = {
    "assistant_id": set(),
    "thread_id": {"basic", "custom", "module"},
    "basic_run": {"id", "status", "created_at", "started_at", "completed_at"},
    "custom_run": {"id", "status", "model", "created_at"},
    "module_run": {"id", "status", "created_at"},
    "combined_thread_run": {"run_id", "thread_id", "status", "created_at"},
    "run_info_from_data_source": {"id", "status", "assistant_id", "usage"},
    "thread_run_info_from_data_source": {"id", "thread_id", "status", "assistant_id"},
}

_LEFT = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Show what is left
      ansible.builtin.debug:
        msg: "{{ query('threadworks.openai.openai_assistants') + query('threadworks.openai.openai_threads') }}"
"""
# The outcome of a playbook, and the tasks of each of its plays.
Played = tuple[Outcome, list[list[Task]]]
Example = Callable[..., Played]


def _with(**variables: Any) -> str:
    """Return a play: the example with these variables."""
    return f"- import_playbook: {_EXAMPLE}\n  vars: {json.dumps(variables)}\n"


@pytest.fixture
def example(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> Example:
    """Runs a playbook of these plays, with the scripted model server."""

    def example(*plays: str, arguments: tuple[str, ...] = ()) -> Played:
        env = {"OPENAI_BASE_URL": model_server.base_url}
        outcome = ansible_playbook("".join(plays), "-v", *arguments, env=env)
        parts: list[list[Task]] = []
        for task in outcome.tasks:
            if task.name in ("Check example_state", "Show what is left"):
                parts.append([])
            parts[-1].append(task)
        assert len(parts) == len(plays), outcome
        return outcome, parts

    return example


def _changed(tasks: list[Task]) -> list[str]:
    return [task.name for task in tasks if task.status == "changed"]


@pytest.mark.matrix
def test_from_an_empty_store_to_an_empty_store(example: Example, model_server: ModelServer, tmp_path: Path) -> None:
    """The life of the example, in the order in which a user may go through it."""
    file = tmp_path / "outputs.json"
    written = _with(example_outputs_file=str(file))
    checked, (check,) = example(written, arguments=("--check", "--diff"))
    assert (checked.rc, model_server.requests) == (0, []), checked
    assert not file.exists()

    outcome, (first, again) = example(written, written)
    assert outcome.rc == 0, outcome
    assert _changed(check) == _changed(first)
    outputs = json.loads(file.read_text())
    _check_the_outputs(outcome, outputs)
    _check_the_runs(first, model_server)
    assert (_changed(again), len(model_server.runs)) == ([], 4)
    for note in ("a new run", "unchanged"):
        assert f"(item=What is the capital of France? ({note}))" in outcome.stdout

    model_server.reset()
    absent = _with(example_state="absent")
    checked, (check, removed, refused) = example(_with(), absent, _with(example_state="gone"), arguments=("--check",))
    assert (checked.rc, _changed(check), len(_changed(removed))) == (2, [], 3), checked
    assert refused[-1].result["msg"] == "example_state is 'gone', but must be present or absent."

    # The last one is as the first time with OpenAI.
    openai = _with(example_server="https://api.openai.com/v1")
    outcome, (warmer, removed, again, left, _new) = example(
        _with(example_temperature=0.9), absent, absent, _LEFT, openai
    )
    assert outcome.rc == 0, outcome
    assert _changed(warmer) == ["Run the assistant with different settings"]
    assert (len(_changed(removed)), _changed(again)) == (3, [])
    assert left[0].result["msg"] == []
    assert outcome.results["Show the server, the models and the tools"]["msg"].endswith(" Tools: code_interpreter.")
    assert len(model_server.requests) == 5
    custom, *others = model_server.runs
    assert custom["temperature"] == 0.9
    assert [[tool["type"] for tool in run["tools"]] for run in others] == [["code_interpreter"]] * 4


def _check_the_outputs(outcome: Outcome, outputs: dict[str, Any]) -> None:
    """Check that the outputs are complete, and that the data sources agree with the tasks."""
    assert outcome.results["Show the outputs"]["example_outputs"] == outputs
    assert outcome.results["Add the outputs to the statistics"]["ansible_stats"]["data"] == outputs
    assert list(outputs) == list(_OUTPUTS)
    assert {name: set(value) for name, value in outputs.items() if isinstance(value, dict)} == {
        name: fields for name, fields in _OUTPUTS.items() if fields
    }
    assert {value["status"] for value in outputs.values() if "status" in value} == {"completed"}
    assert all(isinstance(outputs["basic_run"][f"{verb}_at"], int) for verb in ("created", "started", "completed"))
    assert outputs["run_info_from_data_source"]["usage"]["total_tokens"] > 0
    read, combined = outputs["run_info_from_data_source"], outputs["thread_run_info_from_data_source"]
    assert read["id"] == outputs["basic_run"]["id"]
    assert read["assistant_id"] == combined["assistant_id"] == outputs["assistant_id"]
    assert (combined["id"], combined["thread_id"]) == (
        outputs["combined_thread_run"]["run_id"],
        outputs["combined_thread_run"]["thread_id"],
    )


def _check_the_runs(tasks: list[Task], model_server: ModelServer) -> None:
    """Check the replies, and what the model was asked."""
    results = {task.name: task.result for task in tasks}
    assert [each["msg"] for each in results["Show the replies"]["results"]] == [
        "Reply to: What is the capital of France?",
        "Reply to: What is the chemical symbol for gold?",
        "Reply to: What is the first month of the year?",
        "Reply to: What does DNS stand for?",
    ]
    basic, custom, module, _combined = model_server.runs
    assert (basic["model"], custom["model"], custom["temperature"], module["temperature"]) == (
        "gpt-6-luna",
        "gpt-6.1-sol",
        0.7,
        0.5,
    )
    assert results["Show the server, the models and the tools"]["msg"] == (
        f"Server: {model_server.base_url}. Models: gpt-6-luna, gpt-6.1-sol. Tools: none."
    )
