# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ranges, lengths and shapes are checked before any request; the message names the option and what it may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.threadworks.openai.plugins.module_utils._options import Spec, check_options, given
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.world import Json, World

RUN: Json = {"thread_id": "thread_x", "assistant_id": "asst_x"}
MESSAGE: Json = {"thread_id": "thread_x", "content": "Hi"}


def pairs(number: int) -> Json:
    return {f"k{n}": "v" for n in range(number)}


WRONG: list[tuple[str, Json, str]] = [
    ("run", {"temperature": 3}, "^temperature is 3, but must be between 0 and 2"),
    ("run", {"temperature": -0.1}, "^temperature is -0.1, but"),
    ("run", {"temperature": float("nan")}, "^temperature is nan, but"),
    ("assistant", {"name": "A", "temperature": 3}, "^temperature is 3, but"),
    ("run", {"top_p": 1.01}, "^top_p is 1.01, but must be between 0 and 1"),
    ("run", {"max_prompt_tokens": 255}, "^max_prompt_tokens is 255, but must be at least 256"),
    ("run", {"max_completion_tokens": 0}, "^max_completion_tokens is 0, but must be at least 256"),
    (
        "run",
        {"truncation_strategy": {"type": "last_messages", "last_messages": 0}},
        "^truncation_strategy.last_messages is 0, but must be at least 1",
    ),
    ("run", {"wait_timeout": 0}, "^wait_timeout is 0, but must be at least"),
    ("run", {"timeout": -1}, "^timeout is -1, but must be at least"),
    ("run", {"max_retries": -1}, "^max_retries is -1, but must be at least 0"),
    (
        "run",
        {"metadata": pairs(14)},
        r"^metadata has 14 pairs, but at most 13 are allowed \(the API allows 16, and the task needs 3 of them",
    ),
    ("run", {"runtime_idle_timeout": 0.5}, "^runtime_idle_timeout is 0.5, but must be between 1 and 86400"),
    ("run", {"runtime_concurrent_runs": 0}, "^runtime_concurrent_runs is 0, but must be between 1 and 10000"),
    ("thread", {"key": "k", "metadata": pairs(17)}, "^metadata has 17 pairs, but at most 15 are allowed"),
    ("thread_run", {"assistant_id": "a", "thread": {"metadata": pairs(14)}}, "^thread.metadata has 14 pairs"),
    (
        "thread",
        {"key": "k", "messages": [{"content": "Hi", "metadata": pairs(17)}]},
        r"^messages\[0\].metadata has 17 pairs, but at most 16 are allowed\.",
    ),
    ("message", {"metadata": {"k": "v" * 600}}, "^metadata.k has 600 characters, but at most 512 are allowed"),
    ("message", {"metadata": {"k" * 65: "v"}}, "^metadata has a key of 65 characters .*1 to 64 are allowed"),
    ("message", {"metadata": {"": "v"}}, "^metadata has a key of 0 characters"),
    ("message", {"content": "a\udcff"}, "^content contains bytes that are not UTF-8"),
    ("run", {"metadata": {"k": "a\udcff"}}, "^metadata contains bytes that are not UTF-8"),
    ("thread", {"key": "k", "messages": [{"content": "a\udcff"}]}, r"^messages\[0\].content contains bytes"),
    ("message", {"metadata": {"k": {"nested": 1}}}, "^metadata.k is a dictionary, but must be a string. .*to_json"),
    ("message", {"metadata": {"ansible_key": "k"}}, "^metadata has the key 'ansible_key', but .*Rename the key"),
    ("message", {"content": ""}, "^content is empty, but must be the content"),
    ("message", {"content": " \n"}, "^content is empty"),
    ("message", {"content": []}, "^content is an empty list"),
    ("message", {"content": 3}, "^content is a number, but must be a string or a list"),
    ("message", {"content": [{"type": "audio"}]}, r"^content\[0\].type is 'audio', but must be one of text, image_url"),
    ("message", {"content": ["Hi"]}, r"^content\[0\] is 'Hi', but must be a dictionary"),
    ("message", {"content": [{"type": "text", "text": ""}]}, r"^content\[0\].text is empty"),
    ("message", {"content": [{"type": "text"}]}, r"^content\[0\].text is empty"),
    ("message", {"content": [{"type": "image_url"}]}, r"^content\[0\].image_url.url is missing"),
    (
        "message",
        {"content": [{"type": "image_file", "image_file": "file_1"}]},
        r"^content\[0\].image_file.file_id is missing",
    ),
    (
        "run",
        {"additional_messages": [{"content": "Hi"}, {"content": ""}]},
        r"^additional_messages\[1\].content is empty",
    ),
    ("thread_run", {"thread": {"messages": [{"content": ""}]}}, r"^thread.messages\[0\].content is empty"),
    ("thread", {"key": "k" * 513}, "^key has 513 characters, but at most 512"),
    ("thread", {"key": " "}, "^key is empty"),
    ("assistant", {"name": "n" * 257}, "^name has 257 characters, but at most 256"),
    ("assistant", {"name": ""}, "^name is empty"),
    ("assistant", {"name": "A", "description": "d" * 513}, "^description has 513 characters"),
    ("assistant", {"name": "A", "instructions": "i" * 256001}, "^instructions has 256001 characters"),
    ("run", {"model": ""}, "^model is empty"),
    ("run", {"thread_id": "thread_x/runs"}, "^thread_id is 'thread_x/runs', which is not an id"),
    ("run", {"thread_id": ""}, "^thread_id is empty"),
    ("run", {"tools": [{"type": "function"}] * 21}, "^tools has 21 tools, but at most 20"),
    (
        "assistant",
        {"name": "A", "tools": [{"type": "code_interpreter"}] * 129},
        "^tools has 129 tools, but at most 128",
    ),
    ("run", {"tools": [{"type": "browser"}]}, r"^tools\[0\].type is 'browser', but must be one of code_interpreter"),
    ("run", {"tools": [{"name": "disk"}]}, r"^tools\[0\].type is missing, but must be one of code_interpreter"),
    ("run", {"tools": [{"type": "function", "function": {}}]}, r"^tools\[0\].function.name is missing"),
    (
        "run",
        {"tools": [{"type": "function", "function": {"name": "disk usage"}}]},
        r"^tools\[0\].function.name is 'disk usage', but",
    ),
    ("run", {"tool_choice": "always"}, "^tool_choice is 'always', but must be none, auto, required, or a dict"),
    ("run", {"tool_choice": {"type": "function"}}, "^tool_choice.function.name is missing"),
    ("run", {"response_format": "json"}, "^response_format is 'json', but must be auto or a dictionary"),
    ("run", {"response_format": {"type": "xml"}}, "^response_format.type is 'xml', but must be one of text"),
    ("run", {"response_format": {"type": "json_schema"}}, "^response_format.json_schema.name is missing"),
    (
        "run",
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n"}}},
        "^response_format.json_schema.schema is missing",
    ),
]


LIMITS: list[tuple[str, Json]] = [
    ("run", {"temperature": 0, "top_p": 0, "max_prompt_tokens": 256, "max_completion_tokens": 256}),
    ("run", {"temperature": 2, "top_p": 1, "max_retries": 0}),
    ("run", {"truncation_strategy": {"type": "last_messages", "last_messages": 1}}),
    ("run", {"runtime_idle_timeout": 1, "runtime_concurrent_runs": 1}),
    ("run", {"runtime_idle_timeout": 86400, "runtime_concurrent_runs": 10000}),
    ("run", {"metadata": pairs(13)}),
    ("thread", {"key": "k" * 512, "metadata": pairs(15)}),
    ("thread", {"key": "k", "messages": [{"content": "Hi", "metadata": pairs(16)}]}),
    ("message", {"metadata": {"k" * 64: "v" * 512, "k": ""}}),
    ("assistant", {"name": "n" * 256, "description": "d" * 512, "instructions": "i" * 256_000}),
    ("assistant", {"name": "A", "tools": [{"type": "code_interpreter"}] * 128}),
    ("run", {"tools": [{"type": "function", "function": {"name": "d" * 64}}] * 20}),
    ("run", {"tool_choice": {"type": "function", "function": {"name": "d"}}}),
    ("run", {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}}),
    ("message", {"content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "u"}}]}),
]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all of these tasks: none of them gets as far as to change it."""
    with ModelServer() as model, World(tmp_path_factory.mktemp("quiet"), model) as world:
        yield world


@pytest.mark.parametrize(
    ("resource", "options", "message"), WRONG, ids=[message for _resource, _options, message in WRONG]
)
def test_wrong_options_cost_no_request(quiet: World, resource: str, options: Json, message: str) -> None:
    needed = {"run": RUN, "message": MESSAGE}.get(resource, {})
    done = quiet.foretold(resource, **{**needed, **options})
    assert done.result["failed"]
    assert re.search(message, done.result["msg"]), done.result["msg"]
    assert (done.sent, done.read, done.model) == ([], [], [])


@pytest.mark.parametrize(("resource", "options"), LIMITS)
def test_values_at_their_limits_are_accepted(resource: str, options: Json) -> None:
    needed = {"run": RUN, "message": MESSAGE}.get(resource, {})
    spec = Spec(f"openai_{resource}")
    validation = ArgumentSpecValidator(**spec.to_kwargs()).validate({**needed, **options})
    assert not validation.error_messages
    spec.check(validation.validated_parameters)


@pytest.mark.parametrize(
    ("given_time", "seconds"),
    [
        ("0", 0),
        ("1970-01-01", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1795716000.9", 1795716000),
        (" 2026-11-26T18:00:00Z ", 1795716000),
        ("2026-11-26T18:00:00", 1795716000),
    ],
)
def test_times_become_unix_seconds(given_time: str, seconds: int) -> None:
    params = {"created_after": given_time}
    check_options(params, (option for option in Spec("openai_run_info").options if option.name == "created_after"))
    assert params == {"created_after": seconds}


def test_metadata_values_become_strings(world: World) -> None:
    metadata = {"number": 3, "fraction": 0.5, "truth": True, "text": "3", 7: "seven"}
    thread = world.do("thread", key="k", metadata=metadata).result["thread"]
    shown = {name: value for name, value in thread["metadata"].items() if not name.startswith("ansible_")}
    assert shown == {"number": "3", "fraction": "0.5", "truth": "true", "text": "3", "7": "seven"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": None, "b": [{"c": None, "d": 1}]}, {"b": [{"d": 1}]}),
        ({"function": {"parameters": {"enum": [None]}}}, {"function": {"parameters": {"enum": [None]}}}),
        ({"json_schema": {"schema": {"default": None}}}, {"json_schema": {"schema": {"default": None}}}),
    ],
)
def test_an_option_that_is_null_is_not_set_except_in_a_json_schema(value: Any, expected: Any) -> None:
    assert given({"option": value, "other": None}, ("option", "other")) == {"option": expected}


def test_short_values_are_not_hidden_as_secrets() -> None:
    spec = Spec("openai_run")
    assert spec.secrets({"api_key": "12345678", "runtime_token": "1234567"}) == {"12345678"}
    assert spec.secrets({"api_key": None}) == set()
