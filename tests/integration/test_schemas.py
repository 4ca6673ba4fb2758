# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON Schemas in a playbook: an unusable one fails the task with its path, before a request to the model."""

from __future__ import annotations

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook

# A template makes a string of a number: the most common way to such a schema.
_PLAY = """
- hosts: localhost
  gather_facts: false
  vars:
    least: 1
    bad: {type: object, properties: {size: {type: integer, minimum: "{{ least }}x"}}}
    looks_elsewhere: {$ref: "http://127.0.0.1:9/schema.json"}
  tasks:
    - name: Tools
      threadworks.openai.openai_assistant:
        name: Operator
        model: scripted
        tools: [{type: function, function: {name: disk, parameters: "{{ bad }}"}}]
      register: tools
      ignore_errors: true
    - name: Assistant
      threadworks.openai.openai_assistant: {name: Reporter, model: scripted}
      register: assistant
    - name: Format
      threadworks.openai.openai_thread_run:
        assistant_id: "{{ assistant.assistant_id }}"
        thread: {messages: [{content: Hello}]}
        response_format: {type: json_schema, json_schema: {name: sizes, schema: "{{ looks_elsewhere }}"}}
      ignore_errors: true
"""


@pytest.mark.any_runtime
def test_an_unusable_schema_fails_before_any_request(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer
) -> None:
    outcome = ansible_playbook(_PLAY, env={"OPENAI_BASE_URL": model_server.base_url})
    assert outcome.rc == 0, str(outcome)
    tools, output = (outcome.results[name]["msg"] for name in ("Tools", "Format"))
    assert "tools[0].function.parameters.properties.size.minimum" in tools
    assert '"1x" is not of type "number"' in tools
    assert "response_format.json_schema.schema.$ref" in output
    assert "only references within the schema are followed" in output
    assert model_server.requests == []
