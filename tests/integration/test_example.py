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
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome

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

Example = Callable[..., Outcome]


@pytest.fixture
def example(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> Example:
    """Runs the example with these variables on the scripted model server."""

    def example(*args: str, **variables: Any) -> Outcome:
        outcome = ansible_playbook(
            _EXAMPLE, *args, "-e", json.dumps(variables), env={"OPENAI_BASE_URL": model_server.base_url}
        )
        assert outcome.rc == 0, outcome
        return outcome

    return example


def _changed(outcome: Outcome) -> set[str]:
    return {task.name for task in outcome.tasks if task.status == "changed"}


@pytest.mark.matrix
def test_from_an_empty_store_to_an_empty_store(
    example: Example, ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path
) -> None:
    """The life of the example, in the order in which a user may go through it."""
    file = tmp_path / "outputs.json"
    check = example("--check", "--diff", example_outputs_file=str(file))
    assert model_server.requests == []
    assert not file.exists()

    outcome = example("-v", example_outputs_file=str(file))
    assert _changed(check) == _changed(outcome)
    outputs = json.loads(file.read_text())
    _check_the_outputs(outcome, outputs)
    _check_the_runs(outcome, model_server)

    again = example(example_outputs_file=str(file))
    assert (again.changed, len(model_server.runs)) == (0, 4)
    assert "(item=What is the capital of France? (unchanged))" in again.stdout
    assert json.loads(file.read_text()) == outputs
    assert example("--check").changed == 0

    model_server.reset()
    warmer = example(example_temperature=0.9)
    assert _changed(warmer) == {"Run the assistant with different settings"}
    assert [run["temperature"] for run in model_server.runs] == [0.9]

    model_server.reset()
    assert example("--check", example_state="absent").changed == 3
    assert example(example_state="absent").changed == 3
    assert example(example_state="absent").changed == 0
    assert model_server.requests == []
    left = "query('threadworks.openai.openai_assistants') + query('threadworks.openai.openai_threads')"
    shown = ansible_playbook(
        f'- hosts: localhost\n  gather_facts: false\n  tasks: [ansible.builtin.debug: {{msg: "{{{{ {left} }}}}"}}]\n'
    )
    assert shown.tasks[-1].result["msg"] == []

    # The first time with OpenAI.
    outcome = example(example_server="https://api.openai.com/v1")
    assert outcome.results["Show the server, the models and the tools"]["msg"].endswith(" Tools: code_interpreter.")
    assert [[tool["type"] for tool in run["tools"]] for run in model_server.runs] == [["code_interpreter"]] * 4


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


def _check_the_runs(outcome: Outcome, model_server: ModelServer) -> None:
    """Check the replies, and what the model was asked."""
    assert [each["msg"] for each in outcome.results["Show the replies"]["results"]] == [
        "Reply to: What is the capital of France?",
        "Reply to: What is the chemical symbol for gold?",
        "Reply to: What is the first month of the year?",
        "Reply to: What does DNS stand for?",
    ]
    assert "(item=What is the capital of France? (a new run))" in outcome.stdout
    basic, custom, module, _combined = model_server.runs
    assert (basic["model"], custom["model"], custom["temperature"], module["temperature"]) == (
        "gpt-6-luna",
        "gpt-6.1-sol",
        0.7,
        0.5,
    )
    assert outcome.results["Show the server, the models and the tools"]["msg"] == (
        f"Server: {model_server.base_url}. Models: gpt-6-luna, gpt-6.1-sol. Tools: none."
    )


def test_another_state_is_refused(ansible_playbook: AnsiblePlaybook) -> None:
    outcome = ansible_playbook(_EXAMPLE, "-e", "example_state=gone")
    assert outcome.rc == 2
    assert outcome.tasks[-1].result["msg"] == "example_state is 'gone', but must be present or absent."
