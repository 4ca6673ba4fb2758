# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server silently ignores is never passed off as done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from threadworks_runtime.model import AnswerEvent, AnswerFinished, ModelError

from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer
from ansible_collections.threadworks.openai.tests.unit.model.conftest import FUNCTION, Json

Ask = Callable[..., list[AnswerEvent]]
CODE_INTERPRETER = {"type": "code_interpreter"}
SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
}


def json_schema(schema: Json) -> Json:
    return {"type": "json_schema", "json_schema": {"name": "town", "schema": schema}}


@pytest.mark.parametrize(
    ("run", "answer", "said"),
    [
        ({"tools": [FUNCTION], "tool_choice": "required"}, {"ignore": ["tools"]}, "ignored tool_choice required"),
        (
            {"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "disk"}}},
            {"ignore": ["tools"]},
            "did not call the function disk",
        ),
        (
            {"tools": [CODE_INTERPRETER], "tool_choice": CODE_INTERPRETER},
            {"ignore": ["tools"]},
            "did not call code_interpreter",
        ),
        ({"tools": [CODE_INTERPRETER]}, {"ignore": ["tools"]}, "ignored the tool code_interpreter"),
        ({"tools": [FUNCTION], "tool_choice": "none"}, {"calls": [{"name": "disk"}]}, "ignored tool_choice none"),
        (
            {"tools": [FUNCTION], "parallel_tool_calls": False},
            {"calls": [{"name": "disk"}, {"name": "disk"}]},
            "called 2 functions at once",
        ),
        ({"response_format": {"type": "json_object"}}, {"ignore": ["format"]}, "it is not JSON"),
        ({"response_format": {"type": "json_object"}}, {"text": "[1]"}, "it is not an object"),
        ({"response_format": json_schema(SCHEMA)}, {"ignore": ["format"]}, "json_schema town.*it is not JSON"),
        (
            {"response_format": json_schema(SCHEMA)},
            {"text": '{"city": "Ulm", "people": "many"}'},
            r"\(json_schema town\): \$.people: \"many\" is not of type \"integer\"",
        ),
    ],
)
def test_ignored(ask: Ask, model_server: ScriptedServer, run: Json, answer: Json, said: str) -> None:
    model_server.script([answer])
    with pytest.raises(ModelError, match=said) as raised:
        ask(**run)
    assert raised.value.code == "server_error"


@pytest.mark.parametrize(
    "run",
    [
        {"tools": [FUNCTION], "tool_choice": "required"},
        {"tools": [CODE_INTERPRETER], "tool_choice": CODE_INTERPRETER},
        {"response_format": {"type": "json_object"}},
        {"response_format": json_schema(SCHEMA)},
    ],
)
def test_obeyed(ask: Ask, run: Json) -> None:
    end = ask(**run)[-1]
    assert isinstance(end, AnswerFinished)
    assert (end.reason, end.warnings) == (None, [])


def test_a_token_limit_that_the_server_calls_completed(ask: Ask, model_server: ScriptedServer) -> None:
    model_server.script([{"text": "word " * 400, "ignore": ["limit"], "sparse": True}])
    end = ask(max_completion_tokens=256)[-1]
    assert isinstance(end, AnswerFinished)
    assert end.reason == "max_completion_tokens"


@pytest.mark.parametrize(("shape", "reason"), [({"sparse": True}, "max_completion_tokens"), ({}, None)])
def test_a_full_context_that_the_server_calls_completed(
    ask: Ask, model_server: ScriptedServer, shape: Json, reason: str | None
) -> None:
    usage = {"input_tokens": 4000, "output_tokens": 96, "total_tokens": 4096}
    model_server.script([{"text": "Once upon a", "usage": usage} | shape])
    end = ask()[-1]
    assert isinstance(end, AnswerFinished)
    assert end.reason == reason


@pytest.mark.parametrize(
    ("run", "answer", "said"),
    [
        ({"tools": [CODE_INTERPRETER]}, {"text": "Four.", "sparse": True}, "did not use code_interpreter"),
        ({}, {"text": ""}, "answer is empty"),
    ],
)
def test_what_cannot_be_known_is_a_warning(
    ask: Ask, model_server: ScriptedServer, run: Json, answer: Json, said: str
) -> None:
    model_server.script([answer])
    end = ask(**run)[-1]
    assert isinstance(end, AnswerFinished)
    assert any(said in warning for warning in end.warnings)


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"$ref": "http://127.0.0.1:9/schema.json"}])
def test_a_schema_that_cannot_be_used_costs_no_request(ask: Ask, model_server: ScriptedServer, schema: Any) -> None:
    """The runtime refuses it when an assistant is made; an older one has not."""
    function = {"type": "function", "function": {"name": "disk", "parameters": schema}}
    for run, where in (
        ({"response_format": json_schema(schema)}, "response_format"),
        ({"tools": [function]}, r"tools\[0\]"),
    ):
        with pytest.raises(ModelError, match=rf"JSON Schema in .*{where}.* cannot be used: \$\.") as raised:
            ask(**run)
        assert raised.value.code == "invalid_prompt"
    assert model_server.requests == []
