# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that a run waits for, as a task returns them: parsed, and with what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._result import run_result
from ansible_collections.threadworks.openai.tests.world import World

Json = dict[str, Any]
SCHEMA: Json = {"type": "object", "properties": {"path": {"pattern": "^/"}}}
WIRE: Wire = None  # type: ignore[assignment]  # nothing is asked


def _function(arguments: str, *, schema: Json | str | None = "", name: str = "disk", **more: Any) -> Json:
    """What a task returns of a call. The schema "" is the usual one."""
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments, **more}}
    schema = SCHEMA if schema == "" else schema
    function = {"name": "disk", **({} if schema is None else {"parameters": schema})}
    run = {
        "id": "run_1",
        "thread_id": "thread_1",
        "status": "requires_action",
        "started_at": 1,
        "tools": [{"type": "function", "function": function}, {"type": "code_interpreter"}],
        "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}},
    }
    (returned,) = run_result(WIRE, run, messages=[])["required_action"]["submit_tool_outputs"]["tool_calls"]
    function = returned["function"]
    assert isinstance(function, dict)
    return function


@pytest.mark.parametrize("kind", ["run", "thread_run"])
def test_a_task_that_has_waited_warns_about_unanswered_calls(world: World, kind: str) -> None:
    tools = [{"type": "function", "function": {"name": f"tool{number}"}} for number in range(6)]
    names = [*(tool["function"]["name"] for tool in tools), "tool0"]
    world.model.script([{"calls": [{"name": name, "arguments": {}} for name in names], "sticky": True}])
    world.do("assistant", name="A", model="m", tools=tools)
    question: Json = {"thread": {"messages": [{"content": "Hi"}]}}
    if kind == "run":
        world.do("thread", key="k", messages=[{"content": "Hi"}])
        question = {"thread_id": "newest"}
    result = world.do(kind, assistant_id="newest", **question).result
    (line,) = world.warnings
    functions = "tool0, tool1, tool2, tool3, tool4, ..."
    assert line.startswith(f"Run {result['run_id']} waits for the outputs of tool calls ({functions}), and can only")
    world.do(kind, assistant_id="newest", **question)
    assert world.warnings == [line, line]
    world.do(kind, assistant_id="newest", **question, wait=False)
    outputs = [
        {"tool_call_id": call["id"], "output": "x"}
        for call in result["required_action"]["submit_tool_outputs"]["tool_calls"]
    ]
    # The model calls tools again, and whoever answers calls by hand knows that.
    run = {"thread_id": result["thread_id"], "run_id": result["run_id"]}
    assert world.do("run", **run, tool_outputs=outputs).result["status"] == "requires_action"
    assert world.warnings == [line, line]


@pytest.mark.parametrize("problem", [None, '$.path: "var" does not match "^/"'])
def test_the_runtime_says_what_is_wrong(problem: str | None) -> None:
    function = _function('{"path": "var"}', problem=problem)
    assert function == {"name": "disk", "arguments": {"path": "var"}, "problem": problem}


@pytest.mark.parametrize("told", [{}, {"problem": None}, {"problem": "something else"}])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"path": ', "they are not JSON"),
        ('{"a": NaN}', "NaN is not a JSON value"),
        ('{"a": [-1e999]}', "the number -1e999 is too large"),
        ("[" * 10_000 + "]" * 10_000, "nested more than 100 levels"),
        ('{"a": ' * 200 + "1" + "}" * 200, "nested more than 100 levels"),
        ("[" * 1_000_000, "nested more than 100 levels"),
    ],
)
def test_what_cannot_be_parsed_stays_a_text(told: Json, text: str, said: str) -> None:
    function = _function(text, **told)
    assert function["arguments"] == text
    assert said in function["problem"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"arguments": '{"path": "/"}'}, "they are not validated, because the server"),
        ({"arguments": "[1]"}, "they are not an object"),
        ({"arguments": "[1]", "schema": None}, "they are not an object"),
        ({"arguments": "{}", "name": "other"}, "the run has no such function"),
    ],
)  # fmt: skip
def test_nothing_passes_that_another_server_has_not_checked(call: Json, said: str) -> None:
    assert _function(**call)["problem"].startswith(said)


@pytest.mark.parametrize("schema", [None, {}])
def test_a_function_without_parameters_takes_what_the_model_gives_it(schema: Json | None) -> None:
    assert _function('{"a": 1}', schema=schema)["problem"] is None
    assert _function("", schema=schema) == {"name": "disk", "arguments": {}, "problem": None}


def test_a_problem_is_not_long() -> None:
    function = _function(json.dumps({}), problem="x" * 5000)
    assert function["problem"] == "x" * 1000
