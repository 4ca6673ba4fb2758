# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request of a run: what the server is really asked."""

from __future__ import annotations

from typing import Any

import pytest
from threadworks_runtime.model import LimitReached, ModelError

from ansible_collections.threadworks.openai.tests.unit.model.conftest import (
    FUNCTION,
    Json,
    build,
    make_message,
    make_run,
)


def request(messages: list[Json] | None = None, *, private: Json | None = None, **changes: Any) -> Json:
    return build(make_run(**changes), messages or [make_message("Hello")], private=private or {})


def test_the_least_request() -> None:
    assert request() == {
        "model": "scripted-model",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}],
    }


@pytest.mark.parametrize(
    ("option", "sent"),
    [
        ({"instructions": "Be brief."}, {"instructions": "Be brief."}),
        ({"temperature": 0}, {"temperature": 0}),
        ({"top_p": 0.5}, {"top_p": 0.5}),
        ({"max_completion_tokens": 300}, {"max_output_tokens": 300}),
        ({"private": {"reasoning_effort": "low"}}, {"reasoning": {"effort": "low"}}),
        ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}, "strict": None}}},
            {"text": {"format": {"type": "json_schema", "name": "a", "schema": {}, "strict": False}}},
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "description": None}}]},
            {
                "tools": [
                    {
                        "type": "function",
                        "name": "f",
                        "parameters": {"type": "object", "properties": {}},
                        "strict": False,
                    }
                ]
            },
        ),
        (
            {"tools": [{"type": "code_interpreter"}]},
            {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
        ),
        (
            {
                "tools": [
                    {
                        "type": "file_search",
                        "file_search": {
                            "max_num_results": 3,
                            "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.5},
                        },
                    }
                ],
                "private": {"tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}},
            },
            {
                "tools": [
                    {
                        "type": "file_search",
                        "vector_store_ids": ["vs_1"],
                        "max_num_results": 3,
                        "ranking_options": {"ranker": "auto", "score_threshold": 0.5},
                    }
                ]
            },
        ),
        ({"tools": [{"type": "file_search"}]}, {}),
        ({"tool_choice": "none"}, {}),
        ({"parallel_tool_calls": False}, {}),
    ],
)
def test_each_option(option: Json, sent: Json) -> None:
    assert request(**option) == request() | sent


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("none", "none"),
        ("required", "required"),
        ({"type": "function", "function": {"name": "disk"}}, {"type": "function", "name": "disk"}),
        ({"type": "code_interpreter"}, {"type": "code_interpreter"}),
    ],
)
def test_tool_choice(choice: str | Json, sent: str | Json) -> None:
    asked = request(tools=[FUNCTION, {"type": "code_interpreter"}], tool_choice=choice, parallel_tool_calls=False)
    assert asked["tool_choice"] == sent
    assert asked["parallel_tool_calls"] is False


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("required", "the run has no tools"),
        ({"type": "function", "function": {"name": "cpu"}}, "forces the function cpu"),
        ({"type": "file_search"}, "with a vector store in tool_resources"),
    ],
)
def test_a_tool_choice_that_nothing_can_obey(choice: str | Json, said: str) -> None:
    with pytest.raises(ModelError, match=said) as raised:
        request(tools=[{"type": "file_search"}], tool_choice=choice)
    assert raised.value.code == "invalid_prompt"


def test_a_forced_tool_is_forced_in_the_first_round_only() -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "disk", "arguments": "{}", "status": None}
    later = build(make_run(tools=[FUNCTION], tool_choice="required"), [make_message("Hello")], items=[call])
    assert "tool_choice" not in later
    assert later["input"][-1] == {name: value for name, value in call.items() if value is not None}


def test_content_parts_and_roles() -> None:
    question = make_message("Look")
    question["content"] += [
        {"type": "image_file", "image_file": {"file_id": "file-1", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    ]
    answer = make_message("Seen", "assistant")
    answer["content"] += [{"type": "image_file", "image_file": {"file_id": "file-2"}}]
    assert request([question, answer])["input"] == [
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look"},
                {"type": "input_image", "file_id": "file-1", "detail": "low"},
                {"type": "input_image", "image_url": "https://example.org/a.png", "detail": "auto"},
            ],
        },
        {"type": "message", "role": "assistant", "content": "Seen\n[image file-2]"},
    ]


def test_attachments_reach_the_tool_they_are_for() -> None:
    attachments = [
        {"file_id": "file-1", "tools": [{"type": "code_interpreter"}]},
        {"file_id": "file-2", "tools": []},
        {"file_id": "file-3", "tools": [{"type": "file_search"}]},
    ]
    sent = request(
        [make_message("Read", attachments=attachments), make_message("Mine", "assistant", attachments=attachments[1:])],
        tools=[{"type": "code_interpreter"}],
        private={"tool_resources": {"code_interpreter": {"file_ids": ["file-0", "file-1"]}}},
    )
    file = {"type": "input_file", "file_id": "file-2"}
    assert sent["tools"][0]["container"] == {"type": "auto", "file_ids": ["file-0", "file-1"]}
    assert sent["input"][0]["content"] == [{"type": "input_text", "text": "Read"}, file]
    assert sent["input"][1:] == [
        {"type": "message", "role": "assistant", "content": "Mine"},
        {"type": "message", "role": "user", "content": [file]},
    ]


def test_a_message_is_preceded_by_the_function_calls_of_its_run() -> None:
    def call(number: int, name: str, output: str | None) -> Json:
        return {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": "{}", "output": output},
        }

    calls = [call(1, "disk", "full"), call(2, "gone", "x"), call(3, "disk", None), {"id": "c", "type": "file_search"}]
    messages = [make_message("Check"), make_message("It is full.", "assistant", tool_calls=calls), make_message("More")]
    sent = request(messages, tools=[FUNCTION])["input"]
    assert [item["type"] for item in sent] == [
        "message",
        "function_call",
        "function_call_output",
        "message",
        "message",
    ]
    assert sent[1:3] == [
        {"type": "function_call", "call_id": "call_1", "name": "disk", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "full"},
    ]
    # A server may refuse the calls of functions that the request does not have.
    assert [item["type"] for item in request(messages)["input"]] == ["message"] * 3


def test_limits_count_over_all_rounds() -> None:
    used = {"prompt_tokens": 200, "completion_tokens": 250, "total_tokens": 450}

    def later(**limits: int) -> Json:
        return build(make_run(**limits), [make_message("Hello")], used=used)

    assert later(max_completion_tokens=300)["max_output_tokens"] == 50
    with pytest.raises(LimitReached) as raised:
        later(max_completion_tokens=260)
    assert raised.value.reason == "max_completion_tokens"
    with pytest.raises(LimitReached) as raised:
        later(max_prompt_tokens=201)
    assert raised.value.reason == "max_prompt_tokens"
