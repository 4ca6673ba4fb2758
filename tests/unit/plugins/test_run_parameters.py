# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each parameter of a run reaches the model, and a run without a question gets a warning."""

from __future__ import annotations

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._options import NOT_IDENTITY
from ansible_collections.threadworks.openai.plugins.module_utils._run import SPEC
from ansible_collections.threadworks.openai.tests.unit.plugins.run_states import (
    FUNCTION,
    INDIFFERENT,
    PARAMETERS,
)
from ansible_collections.threadworks.openai.tests.world import Json, World


def user(text: str) -> Json:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


LONG = "word " * 300
ASKED: dict[str, tuple[Json, Json]] = {
    "model": ({"model": "n"}, {"model": "n"}),
    "instructions": ({"instructions": "Be kind."}, {"instructions": "Be kind."}),
    "additional_instructions": ({"additional_instructions": "Be brief."}, {"instructions": "Be brief."}),
    "additional_messages": (
        {"additional_messages": [{"content": "And?"}]},
        {"input": [user(LONG), user("Hello"), user("And?")]},
    ),
    "tools": (
        {"tools": [FUNCTION, {"type": "code_interpreter"}]},
        {
            "tools": [
                {"type": "function", **FUNCTION["function"], "strict": False},
                {"type": "code_interpreter", "container": {"type": "auto"}},
            ]
        },
    ),
    "tool_choice": (
        {"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "disk"}}},
        {"tool_choice": {"type": "function", "name": "disk"}},
    ),
    "parallel_tool_calls": ({"tools": [FUNCTION], "parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    "temperature": ({"temperature": 0}, {"temperature": 0}),
    "top_p": ({"top_p": 0.5}, {"top_p": 0.5}),
    "max_prompt_tokens": ({"max_prompt_tokens": 256}, {"input": [user("Hello")]}),
    "max_completion_tokens": ({"max_completion_tokens": 300}, {"max_output_tokens": 300}),
    "truncation_strategy": (
        {"truncation_strategy": {"type": "last_messages", "last_messages": 1}},
        {"input": [user("Hello")]},
    ),
    "response_format": ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
    "reasoning_effort": ({"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}),
    "reasoning_summary": (
        {"reasoning_effort": "low", "reasoning_summary": "auto"},
        {"reasoning": {"effort": "low", "summary": "auto"}},
    ),
    "verbosity": (
        {"verbosity": "low", "response_format": {"type": "json_object"}},
        {"text": {"verbosity": "low", "format": {"type": "json_object"}}},
    ),
    "service_tier": ({"service_tier": "flex"}, {"service_tier": "flex"}),
    "prompt_cache_key": ({"prompt_cache_key": "k"}, {"prompt_cache_key": "k"}),
    "safety_identifier": ({"safety_identifier": "s"}, {"safety_identifier": "s"}),
}


@pytest.mark.parametrize(("options", "expected"), ASKED.values(), ids=ASKED.keys())
def test_every_parameter_reaches_the_model(world: World, options: Json, expected: Json) -> None:
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T", messages=[{"content": LONG}, {"content": "Hello"}])
    done = world.do("run", thread_id="newest", assistant_id="newest", fail_on=[], **options)
    assert done.model[0].items() >= expected.items()


def test_no_parameter_is_forgotten_in_these_tables() -> None:
    assert {*PARAMETERS, *INDIFFERENT} == set(ASKED) == set(SPEC.wire) - {"assistant_id", "metadata"}
    assert set(INDIFFERENT) == NOT_IDENTITY - {"metadata"}


PASSED: Json = {"verbosity": "low", "reasoning_summary": "auto", **INDIFFERENT}


@pytest.mark.parametrize("resource", ["run", "thread_run"])
def test_what_is_passed_on_is_in_the_run(world: World, resource: str) -> None:
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T", messages=[{"content": "Hello"}])
    where: Json = {"thread_id": "newest"} if resource == "run" else {"thread": {"messages": [{"content": "Hello"}]}}
    run = world.foretold(resource, assistant_id="newest", **where, **PASSED).result["run"]
    assert run.items() >= PASSED.items()
    info = world.do("run_info", thread_id=run["thread_id"]).result["runs"][0]
    assert info["run"].items() >= PASSED.items()
    plain = world.do(resource, assistant_id="newest", **where, force=True).result["run"]
    assert PASSED.keys().isdisjoint(plain)


@pytest.mark.parametrize(
    ("name", "param", "told"),
    [
        ("verbosity", "text.verbosity", "Unsupported parameter."),
        ("reasoning_summary", None, "Unsupported parameter: 'reasoning.summary' is not supported with this model."),
        ("service_tier", "service_tier", "Invalid value."),
        ("prompt_cache_key", None, "Extra inputs are not permitted: prompt_cache_key"),
        ("safety_identifier", "safety_identifier", "Unknown parameter."),
    ],
)
def test_a_server_that_refuses_an_option_gets_it_named(world: World, name: str, param: str | None, told: str) -> None:
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T", messages=[{"content": "Hello"}])
    world.model.script([{"status": 400, "error": {"message": told, "type": "invalid_request_error", "param": param}}])
    refused = world.do("run", thread_id="newest", assistant_id="newest", **{name: PASSED[name]}).result
    assert refused["failed"]
    assert told in refused["msg"]
    assert f"Check the option {name}." in refused["msg"]


@pytest.mark.parametrize("asked", [True, False])
def test_a_run_has_the_summaries_of_the_reasoning_that_it_asked_for(world: World, asked: bool) -> None:
    world.do("assistant", name="A", model="m", tools=[FUNCTION])
    world.do("thread", key="T", messages=[{"content": "Hello"}])
    options: Json = {"reasoning_summary": "auto"} if asked else {}
    world.model.script(
        [
            {"reasoning": "It asks for a disk.", "calls": [{"name": "disk"}]},
            {"reasoning": "It is full.", "text": "Full."},
        ]
    )
    waiting = world.do("run", thread_id="newest", assistant_id="newest", **options).result
    calls = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": calls[0]["id"], "output": "100 %"}]
    done = world.do("run", thread_id="newest", run_id="newest", tool_outputs=outputs).result
    assert done["response"] == "Full."
    expected = ["It asks for a disk.", "It is full."] if asked else None
    assert done["run"].get("reasoning_summaries") == expected
