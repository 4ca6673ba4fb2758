# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unexpected texts, items and calls, and requests that a server ignores."""

from __future__ import annotations

from typing import Any

from .kind import Kind, Kinds, Talk, answer, answer_of, called

_FUNCTION = {"type": "function", "function": {"name": "disk"}}
_SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
_FORMAT = {"type": "json_schema", "json_schema": {"name": "numbers", "schema": _SCHEMA}}

KINDS = Kinds(
    [
        Kind(
            "tools ignored, required",
            ("failed",),
            script={"text": "No."},
            run={"tool_choice": "required"},
            says="ignored",
        ),
        Kind(
            "tools ignored, one is named",
            ("failed",),
            script={"text": "No."},
            run={"tool_choice": _FUNCTION},
            says="ignored",
        ),
        Kind(
            "tool called that must not be",
            ("failed",),
            script={"calls": [{"name": "disk"}]},
            run={"tool_choice": "none"},
            says="ignored",
        ),
        Kind(
            "two calls where one is allowed",
            ("failed",),
            script={"calls": [{"name": "disk"}, {"name": "disk"}]},
            run={"parallel_tool_calls": False},
            says="ignored",
        ),
        Kind(
            "schema ignored: no JSON",
            ("failed",),
            script={"text": "No."},
            run={"response_format": _FORMAT},
            says="JSON",
        ),
        Kind(
            "schema ignored: another type", ("failed",), script={"text": '{"n": "1"}'}, run={"response_format": _FORMAT}
        ),
        Kind("schema ignored: NaN", ("failed",), script={"text": '{"n": NaN}'}, run={"response_format": _FORMAT}),
        Kind(
            "schema ignored: nested 100000 deep",
            ("failed",),
            script={"text": "[" * 100_000 + "]" * 100_000},
            run={"response_format": _FORMAT},
        ),
        Kind(
            "limit ignored",
            ("incomplete",),
            script={"text": "word " * 300, "ignore": ["limit"]},
            run={"max_completion_tokens": 256},
        ),
        Kind("tools of the server ignored", ("completed", "failed"), script={"text": "No.", "ignore": ["tools"]}),
    ]
)


def _text(talk: Talk, text: Any, **part: Any) -> list[Any]:
    content = [{"type": "output_text", "text": text, "annotations": [], **part}]
    return answer_of(talk.body, [{"type": "message", "id": "msg_1", "role": "assistant", "content": content}])


@KINDS.add("completed")
async def surrogate_in_a_text(talk: Talk) -> None:
    await talk.events(_text(talk, "one \ud800 two \udfff \ud83d"))


@KINDS.add("requires_action failed")
async def surrogates_in_a_call(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called('{"\ud800": "\ud800"}', name="d\ud800", call_id="c\ud800")]))


@KINDS.add("failed", says="answered")
async def surrogate_in_an_error(talk: Talk) -> None:
    await talk.events([{"type": "error", "message": "Broken \ud800", "code": "\ud800"}])


@KINDS.add("completed failed")
async def nul_in_a_text(talk: Talk) -> None:
    await talk.events(_text(talk, "one \x00 two"))


@KINDS.add("completed")
async def control_characters_in_a_text(talk: Talk) -> None:
    await talk.events(_text(talk, "\x1b[2J\x1b]0;owned\x07 \u202e \u2028 \x85 \ufeff"))


@KINDS.add("failed completed")
async def text_that_is_null(talk: Talk) -> None:
    await talk.events(_text(talk, None))


@KINDS.add("failed completed")
async def text_that_is_an_object(talk: Talk) -> None:
    await talk.events(_text(talk, {"a": 1}))


@KINDS.add("completed")
async def empty_text(talk: Talk) -> None:
    await talk.events(_text(talk, ""))


@KINDS.add("completed failed")
async def part_of_an_unknown_type(talk: Talk) -> None:
    await talk.events(_text(talk, "Hello", type="output_smell"))


@KINDS.add("completed failed")
async def content_that_is_a_text(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [{"type": "message", "id": "m", "role": "assistant", "content": "Hello"}]))


@KINDS.add("completed failed")
async def annotations_of_no_kind(talk: Talk) -> None:
    annotations = [None, {}, {"type": "file_citation"}, {"type": "url_citation"}, {"type": "file_path", "index": "x"}]
    await talk.events(_text(talk, "Hello", annotations=annotations))


@KINDS.add("completed failed")
async def annotations_beyond_the_text(talk: Talk) -> None:
    citation = {"type": "container_file_citation", "file_id": "file_1", "start_index": -(2**70), "end_index": 2**70}
    await talk.events(_text(talk, "Hello", annotations=[citation]))


@KINDS.add("completed failed")
async def item_of_an_unknown_type(talk: Talk) -> None:
    message = answer(talk.body)[1]["item"]
    await talk.events(answer_of(talk.body, [{"type": "dream", "id": "d_1"}, message]))


@KINDS.add("failed completed")
async def item_without_a_type(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [{"id": "x"}, {"id": "y", "type": None}]))


@KINDS.add("requires_action")
async def call_with_arguments_that_are_no_json(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called('{"path":')]))


@KINDS.add("requires_action failed")
async def call_with_arguments_that_are_an_object(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called({"path": "/"})]))


@KINDS.add("requires_action failed")
async def call_with_arguments_nested_10000_deep(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called('{"a":' * 10_000 + "1" + "}" * 10_000)]))


@KINDS.add("requires_action failed")
async def call_of_a_tool_that_nobody_has(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called(name="../../rm -rf")]))


@KINDS.add("failed requires_action")
async def call_without_a_name(talk: Talk) -> None:
    await talk.events(
        answer_of(talk.body, [{"type": "function_call", "id": "fc_1", "call_id": "c", "arguments": "{}"}])
    )


@KINDS.add("failed requires_action")
async def call_without_an_id(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [{"type": "function_call", "name": "disk", "arguments": "{}"}]))


@KINDS.add("requires_action failed")
async def calls_with_the_same_id(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called(), called(id="fc_2"), called(id="fc_3")]))


@KINDS.add("requires_action failed")
async def call_with_an_id_of_a_megabyte(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called(call_id="c" * 2**20)]))


@KINDS.add("requires_action failed")
async def call_with_a_name_that_is_a_list(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called(name=["disk"], call_id=7)]))
