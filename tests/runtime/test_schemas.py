# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON Schemas on the wire: unusable ones are refused before any model is asked, and calls come checked."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from threadworks_runtime.app import Runtime
from threadworks_runtime.json_schema import checking
from threadworks_runtime.store import rows
from threadworks_runtime.store.tables import ASSISTANTS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, Conversation, sdk

pytestmark = pytest.mark.any_store

Json = dict[str, Any]
PATH: Json = {"type": "object", "properties": {"path": {"type": "string", "pattern": "^/"}}, "required": ["path"]}
BAD: Json = {"type": "object", "properties": {"path": {"type": "string", "minLength": "1"}}}


@pytest.fixture(autouse=True)
def _little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spend less time on what never ends. The unit tests keep to the real limits."""
    monkeypatch.setattr(checking, "SECONDS", {"schemas": 1, "values": 1})


def _tool(schema: Json | None, name: str = "disk") -> Json:
    return {"type": "function", "function": {"name": name, **({} if schema is None else {"parameters": schema})}}


def _format(schema: Json) -> Json:
    return {"type": "json_schema", "json_schema": {"name": "town", "schema": schema}}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [_tool(PATH), _tool(BAD, "b")]}, "tools[1].function.parameters.properties.path.minLength"),
        ({"response_format": _format(BAD)}, "response_format.json_schema.schema.properties.path.minLength"),
    ],
)
def test_an_unusable_schema_is_refused_before_any_request(
    talk: Conversation, model_server: ModelServer, fields: Json, param: str
) -> None:
    requests = {
        "/assistants": {"model": "scripted", **fields},
        f"/assistants/{talk.assistant}": fields,
        talk.runs: {"assistant_id": talk.assistant, **fields},
        "/threads/runs": {"assistant_id": talk.assistant, **fields},
    }
    for path, body in requests.items():
        answer = talk.wire.post(path, json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"] == {
            "type": "invalid_request_error",
            "message": f'Invalid value for \'{param}\': this JSON Schema cannot be used: "1" is not of type "integer".',
            "param": param,
            "code": "invalid_value",
        }
    assert model_server.requests == []


def test_an_unusable_schema_of_an_older_runtime_fails_the_run_before_any_request(
    talk: Conversation, app: Runtime, model_server: ModelServer
) -> None:
    with app.context.store.writing() as connection:
        row = rows.find(connection, ASSISTANTS, talk.assistant)
        row.document["tools"] = [_tool(BAD)]
        rows.save(connection, ASSISTANTS, row, row.document)
    error = talk.finish()["last_error"]
    assert error["code"] == "invalid_prompt"
    assert "tools[0].function.parameters cannot be used: $.properties.path.minLength" in error["message"]
    assert model_server.requests == []


@pytest.mark.parametrize("stream", [False, True])
def test_calls_come_checked(talk: Conversation, server: AppServer, model_server: ModelServer, stream: bool) -> None:
    arguments = ['{"path": "/var"}', '{"path": "var"}', '{"path": ', "[1]", '{"path": "/", "x": NaN}', "[" * 20_000]
    calls = [{"name": "disk", "arguments": text} for text in arguments]
    model_server.script([{"calls": [*calls, {"name": "other", "arguments": "{}"}, {"name": "free", "arguments": ""}]}])
    tools = [_tool(PATH), _tool(None, "free")]
    if stream:
        # The SDK's types, strictly: what the runtime adds fits in.
        with sdk(server) as client:
            create = client.beta.threads.runs.create
            for event in create(talk.thread, assistant_id=talk.assistant, tools=tools, stream=True):  # type: ignore[call-overload]
                run = event.data.to_dict()
    else:
        run = talk.finish(tools=tools)
    assert run["status"] == "requires_action"
    told = [call["function"] for call in run["required_action"]["submit_tool_outputs"]["tool_calls"]]
    problems = [function["problem"] for function in told]
    assert [function["arguments"] for function in told[:-1]] == [*arguments, "{}"]
    assert problems[0] is None
    assert problems[1] == '$.path: "var" does not match "^/"'
    assert [problem.split(":")[0] for problem in problems[2:6]] == [
        "they are not JSON",
        "they are not an object",
        "they are not JSON",
        "they are not JSON",
    ]
    assert problems[6:] == ["the run has no such function", None]
    # The step is the wire's own: a call there has an output, and no problem.
    (step,) = talk.steps(run)
    assert all(
        call["function"].keys() == {"name", "arguments", "output"} for call in step["step_details"]["tool_calls"]
    )


def test_a_pattern_that_never_ends_elsewhere_holds_nobody_up(talk: Conversation, model_server: ModelServer) -> None:
    schema = {"type": "object", "properties": {"words": {"type": "string", "pattern": r"^(\w+\s?)*$"}}}
    arguments = {"words": "a" * 50_000 + "!"}
    model_server.script([{"calls": [{"name": "disk", "arguments": arguments}]}, {"text": json.dumps(arguments)}])
    run = talk.finish(tools=[_tool(schema)])
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert "does not match" in call["function"]["problem"]
    assert talk.cancel(run).status_code == 200
    failed = talk.finish(response_format=_format(schema), tools=[])
    assert "$.words" in failed["last_error"]["message"]


def test_a_schema_with_too_many_ways_holds_nobody_up(talk: Conversation, model_server: ModelServer) -> None:
    names = [f"a{number}" for number in range(60)]
    doubled = {name: {"allOf": [{"$ref": f"#/$defs/{after}"}] * 2} for name, after in itertools.pairwise(names)}
    schema = {"$defs": {**doubled, names[-1]: {"type": "object"}}, "$ref": "#/$defs/a0"}
    model_server.script([{"calls": [{"name": "disk", "arguments": {}}]}])
    run = talk.start(tools=[_tool(schema)])
    # Other requests are answered at the same time.
    assert talk.wire.get("/assistants", timeout=httpx2.Timeout(20)).status_code == 200
    (call,) = talk.until(run, "requires_action")["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert call["function"]["problem"].startswith("it cannot be validated against its schema")


def _bomb(levels: int) -> Json:
    """A small schema that takes four times as long to prepare with each level."""
    names = [f"a{number}" for number in range(levels)]
    doubled = {name: {"allOf": [{"$ref": f"#/$defs/{after}"}] * 2} for name, after in itertools.pairwise(names)}
    return {"$defs": {**doubled, names[-1]: {}}, "$ref": "#/$defs/a0", "unevaluatedProperties": False}


def test_a_schema_that_takes_too_long_is_refused_and_holds_nobody_up(
    talk: Conversation, model_server: ModelServer
) -> None:
    fields = {"tools": [_tool(PATH), _tool(_bomb(30), "b")]}
    requests = {
        "/assistants": {"model": "scripted", **fields},
        f"/assistants/{talk.assistant}": fields,
        talk.runs: {"assistant_id": talk.assistant, **fields},
        "/threads/runs": {"assistant_id": talk.assistant, **fields},
    }
    with ThreadPoolExecutor() as pool:
        answers = {path: pool.submit(talk.wire.post, path, json=body, timeout=300) for path, body in requests.items()}
        # Other requests are answered at the same time.
        assert talk.wire.get("/assistants", timeout=httpx2.Timeout(20)).status_code == 200
        assert not all(answer.done() for answer in answers.values())
        for answer in answers.values():
            assert answer.result().status_code == 400
            assert answer.result().json()["error"] == {
                "type": "invalid_request_error",
                "message": "Invalid value for 'tools[1].function.parameters': this JSON Schema cannot be used: "
                "it cannot be validated: validation needs too much time or memory.",
                "param": "tools[1].function.parameters",
                "code": "invalid_value",
            }
    assert model_server.requests == []


def test_two_functions_of_one_name_are_refused(talk: Conversation, app: Runtime, model_server: ModelServer) -> None:
    tools = [_tool(PATH), {"type": "code_interpreter"}, _tool(None)]
    for path, body in {
        "/assistants": {"model": "scripted", "tools": tools},
        talk.runs: {"assistant_id": talk.assistant, "tools": tools},
    }.items():
        answer = talk.wire.post(path, json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["message"] == "Invalid value for 'tools': two functions have the name 'disk'."
        assert answer.json()["error"]["param"] == "tools"
    with app.context.store.writing() as connection:  # an older runtime has stored them
        row = rows.find(connection, ASSISTANTS, talk.assistant)
        row.document["tools"] = tools
        rows.save(connection, ASSISTANTS, row, row.document)
    error = talk.finish()["last_error"]
    assert error == {
        "code": "invalid_prompt",
        "message": "Two functions have the name disk. Rename one of them.",
    }
    assert model_server.requests == []


@pytest.mark.parametrize("text", ["plain", '{"path": "var"}'])
def test_a_run_that_fails_for_its_format_keeps_the_usage(
    talk: Conversation, model_server: ModelServer, text: str
) -> None:
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    model_server.script([{"text": text, "usage": usage}])
    run = talk.finish(response_format=_format(PATH), tools=[])
    assert "violates response_format" in run["last_error"]["message"]
    counted = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    assert (run["status"], run["usage"]) == ("failed", counted)
    assert [step["usage"] for step in talk.steps(run)] == [counted]
