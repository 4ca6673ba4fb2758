# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each parameter of a run reaches the model, and a run that nobody asks anything gets a warning."""

from __future__ import annotations

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._run import SPEC
from ansible_collections.threadworks.openai.tests.unit.plugins.run_states import (
    FUNCTION,
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
}


@pytest.mark.parametrize(("options", "expected"), ASKED.values(), ids=ASKED.keys())
def test_every_parameter_reaches_the_model(world: World, options: Json, expected: Json) -> None:
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T", messages=[{"content": LONG}, {"content": "Hello"}])
    done = world.do("run", thread_id="newest", assistant_id="newest", fail_on=[], **options)
    assert done.model[0].items() >= expected.items()


def test_no_parameter_is_forgotten_in_these_tables() -> None:
    assert set(PARAMETERS) == set(ASKED) == set(SPEC.wire) - {"assistant_id", "metadata"}
