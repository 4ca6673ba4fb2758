# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which calls a host may answer. How hosts share a run: test_answering.py, and in playbooks: test_tool_sharing.py."""

from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.threadworks.openai.plugins.module_utils._task import Task
from ansible_collections.threadworks.openai.plugins.plugin_utils._answering import Answering
from ansible_collections.threadworks.openai.plugins.plugin_utils._tool_turn import Turns

_PATH = "$.path: 'x' does not match '^/'"


@pytest.mark.parametrize(
    ("name", "problem", "expected"),
    [
        ("look", None, None),
        ("look", _PATH, f"The arguments of look were refused: {_PATH}"),
        # In a template, `dictionary["keys"]` is a method if there is no such key.
        *(
            (name, None, f"The tool {name} is not allowed. Allowed tools: ask, look.")
            for name in ("LOOK", "", "keys", "items", "get", "pop", "clear", "__class__")
        ),
    ],
)
def test_only_allowed_tools_with_valid_arguments(name: str, problem: str | None, expected: str | None) -> None:
    call = {"id": "call_1", "function": {"name": name, "arguments": {"path": "x"}, "problem": problem}}
    options = {"thread_id": "thread_1", "run_id": "run_1", "calls": [call], "allowed": ["look", "ask"]}
    validation = ArgumentSpecValidator(**Turns.SPEC.to_kwargs()).validate(options)
    assert not validation.error_messages
    # In check mode, no other host is asked.
    task = Task(validation.validated_parameters, True, False, lambda _text: None)
    (judged,) = Turns(Answering("web", "play", {}, {})).ensure(task)["calls"]
    assert judged == {"id": "call_1", "name": name, "arguments": {"path": "x"}, "problem": expected}
