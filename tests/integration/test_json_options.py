# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that are data, given as JSON in a string: the text of a file, or what `to_json` makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, play

Json = dict[str, Any]

_TOOLS = [{"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {"a": {}}}}}]
_FORMAT: Json = {"type": "json_schema", "json_schema": {"name": "cause", "schema": {"type": "object"}}}
_CHOICE: Json = {"type": "function", "function": {"name": "disk"}}
_TEXT = "{{ lookup('ansible.builtin.file', playbook_dir ~ '/tools.json') }}"


@pytest.mark.matrix
@pytest.mark.any_runtime
def test_json_is_taken_as_what_it_means(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    (ansible_playbook.folder / "tools.json").write_text(json.dumps(_TOOLS, indent=2))
    model_server.script([{"calls": [{"name": "disk"}]}])
    content = '{"not": "parsed"}'
    as_text: Json = {
        "name": "A",
        "model": "m",
        "tools": _TEXT,
        "response_format": "{{ format | to_json }}",
        "metadata": "{{ {'a': 'b'} | to_json }}",
    }
    tasks: list[Json] = [
        {"name": "text", "openai_assistant": as_text},
        {"name": "data", "openai_assistant": {**as_text, "tools": _TOOLS, "response_format": _FORMAT}},
        {
            "name": "run",
            "openai_thread_run": {
                "assistant_id": "A",
                "thread": {"messages": [{"content": content}]},
                "tools": _TEXT,
                "tool_choice": "{{ choice | to_json }}",
            },
        },
    ]
    outcome = ansible_playbook(
        play(tasks, vars={"format": _FORMAT, "choice": _CHOICE}), env={"OPENAI_BASE_URL": model_server.base_url}
    )
    assert outcome.rc == 0, outcome
    assistant = outcome.results["text"]["assistant"]
    assert assistant["tools"][0]["function"]["parameters"] == _TOOLS[0]["function"]["parameters"]
    assert (assistant["response_format"]["type"], assistant["metadata"]) == ("json_schema", {"a": "b"})
    assert outcome.results["data"]["changed"] is False
    run = outcome.results["run"]["run"]
    assert (run["tool_choice"], run["tools"][0]["function"]["name"]) == (_CHOICE, "disk")
    assert model_server.runs[0]["input"][0]["content"][0]["text"] == content


def test_what_is_not_json_is_named(ansible_playbook: AnsiblePlaybook) -> None:
    options = ("tools", "response_format")
    tasks: list[Json] = [
        {
            "name": option,
            "openai_assistant": {"name": "A", "model": "m", option: '[{"type": "function",}]'},
            "ignore_errors": True,
        }
        for option in options
    ]
    outcome = ansible_playbook(play(tasks))
    assert (outcome.rc, outcome.stats["ignored"]) == (0, 2), outcome
    for option in options:
        assert f"{option} is a string that is not JSON: " in outcome.results[option]["msg"]
    assert not ansible_playbook.store.exists()
