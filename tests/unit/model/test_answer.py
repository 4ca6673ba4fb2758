# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of every shape, read as events of the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import pytest
from threadworks_runtime.model import (
    CallDelta,
    CallFinished,
    CallStarted,
    Citation,
    Event,
    Finished,
    RefusalDelta,
    TextDelta,
    TextFinished,
    TextStarted,
    read_answer,
)

from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer
from ansible_collections.threadworks.openai.tests.unit.model.conftest import FUNCTION, Json, Wait, every

Ask = Callable[..., list[Event]]
SHAPES = pytest.mark.parametrize("shape", [{}, {"sparse": True}, {"json": True}], ids=["full", "sparse", "json"])
CODE = {"code": "print(6 * 7)", "outputs": [{"type": "logs", "logs": "42\n"}]}
RESULT = {"file_id": "file-1", "filename": "notes.txt", "score": 0.9, "text": "forty two"}
SEARCH = {"queries": ["answer"], "results": [RESULT]}
HOSTED: Json = {
    "tools": [{"type": "code_interpreter"}, {"type": "file_search"}],
    "private": {"tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}},
}


def text_part(value: str, annotations: list[Json] | None = None) -> Json:
    return {"type": "text", "text": {"value": value, "annotations": annotations or []}}


def told(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_text_streams_in_order(ask: Ask) -> None:
    assert ask("one two")[:-1] == [
        TextStarted(),
        TextDelta("Reply"),
        TextDelta(" to:"),
        TextDelta(" one"),
        TextDelta(" two"),
        TextFinished([text_part("Reply to: one two")]),
    ]


@SHAPES
def test_text(ask: Ask, model_server: ScriptedServer, shape: Json) -> None:
    model_server.script([{"text": "Good morning"} | shape])
    events = ask()
    assert events[0] == TextStarted()
    assert told(events) == "Good morning"
    assert events[-2] == TextFinished([text_part("Good morning")])
    assert isinstance(events[-1], Finished)
    assert events[-1].usage == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert events[-1].items[0]["content"][0]["text"] == "Good morning"


@SHAPES
def test_refusal(ask: Ask, model_server: ScriptedServer, shape: Json) -> None:
    model_server.script([{"refusal": "I cannot"} | shape])
    events = ask(response_format={"type": "json_object"})
    assert "".join(event.text for event in events if isinstance(event, RefusalDelta)) == "I cannot"
    assert events[-2] == TextFinished([{"type": "refusal", "refusal": "I cannot"}])


@SHAPES
def test_citations_get_ranges(ask: Ask, model_server: ScriptedServer, shape: Json) -> None:
    annotations = [
        {"type": "file_citation", "file_id": "file-1", "filename": "a.txt", "index": 8},
        {"type": "container_file_citation", "container_id": "cntr_1", "file_id": "cfile_1", "filename": "b.csv"}
        | {"start_index": 4, "end_index": 8},
        {"type": "url_citation", "url": "https://example.org", "title": "", "start_index": 0, "end_index": 3},
        {"type": "file_path", "file_id": "file-2", "index": 0},
        {"type": "file_citation", "file_id": "file-3", "filename": "c.txt", "index": 99},
    ]
    model_server.script([{"text": "See this.", "annotations": annotations} | shape])
    wire = [
        {"type": "file_citation", "text": "", "file_citation": {"file_id": "file-1"}, "start_index": 8, "end_index": 8},
        {"type": "file_path", "text": "this", "file_path": {"file_id": "cfile_1"}, "start_index": 4, "end_index": 8},
        {"type": "file_path", "text": "", "file_path": {"file_id": "file-2"}, "start_index": 9, "end_index": 9},
        {"type": "file_citation", "text": "", "file_citation": {"file_id": "file-3"}, "start_index": 9, "end_index": 9},
    ]
    events = ask()
    assert [event.annotation for event in events if isinstance(event, Citation)] == wire
    assert events[-2] == TextFinished([text_part("See this.", wire)])


@SHAPES
def test_function_calls_and_their_second_round(ask: Ask, model_server: ScriptedServer, shape: Json) -> None:
    calls = [{"name": "disk", "arguments": {"path": "/ home"}}, {"name": "disk", "arguments": "{}"}]
    model_server.script([{"calls": calls, "reasoning": True} | shape])
    events = ask("how full?", tools=[FUNCTION])
    finished = [event for event in events if isinstance(event, CallFinished)]
    assert [event.index for event in events if isinstance(event, CallStarted)] == [0, 1]
    assert [event.call["function"] for event in finished] == [
        {"name": "disk", "arguments": '{"path": "/ home"}', "output": None},
        {"name": "disk", "arguments": "{}", "output": None},
    ]
    first = [event.arguments for event in events if isinstance(event, CallDelta) and event.index == 0]
    assert "".join(first) == '{"path": "/ home"}'

    end = events[-1]
    assert isinstance(end, Finished)
    assert [item["type"] for item in end.items] == ["reasoning", "function_call", "function_call"]
    outputs = [
        {"type": "function_call_output", "call_id": event.call["id"], "output": "half full"} for event in finished
    ]
    # The scripted server refuses calls without their reasoning item and outputs without their call, as OpenAI does.
    assert told(ask("how full?", tools=[FUNCTION], items=[*end.items, *outputs])) == "Reply to: how full?"


@SHAPES
def test_hosted_tools(ask: Ask, model_server: ScriptedServer, shape: Json) -> None:
    model_server.script([{"text": "It is 42.", "code_interpreter": CODE, "file_search": SEARCH} | shape])
    events = ask(**HOSTED)
    code, search = (event.call for event in events if isinstance(event, CallFinished))
    assert code["code_interpreter"] == {"input": "print(6 * 7)", "outputs": [{"type": "logs", "logs": "42\n"}]}
    assert search["file_search"]["results"] == [
        {
            "file_id": "file-1",
            "file_name": "notes.txt",
            "score": 0.9,
            "content": [{"type": "text", "text": "forty two"}],
        }
    ]
    assert set(search["file_search"]["ranking_options"]) == {"ranker", "score_threshold"}
    assert "".join(event.arguments for event in events if isinstance(event, CallDelta)) == "print(6 * 7)"
    assert model_server.runs[-1]["include"] == ["code_interpreter_call.outputs", "file_search_call.results"]


def test_an_image_that_code_made(ask: Ask, model_server: ScriptedServer) -> None:
    outputs = [{"type": "image", "url": "https://example.org/v1/containers/cntr_1/files/cfile_abc/content"}]
    model_server.script([{"text": "Done", "code_interpreter": {"code": "plot()", "outputs": outputs}}])
    call = next(event.call for event in ask(**HOSTED) if isinstance(event, CallFinished))
    assert call["code_interpreter"]["outputs"] == [{"type": "image", "image": {"file_id": "cfile_abc"}}]


def test_incomplete(ask: Ask, model_server: ScriptedServer) -> None:
    model_server.script([{"text": "Once upon", "incomplete": "max_output_tokens"}])
    end = ask()[-1]
    assert isinstance(end, Finished)
    assert end.reason == "max_completion_tokens"


def test_no_usage_is_a_warning(ask: Ask, model_server: ScriptedServer) -> None:
    model_server.script([{"text": "Hi", "usage": None, "sparse": True}])
    end = ask()[-1]
    assert isinstance(end, Finished)
    assert end.usage == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert "how many tokens" in end.warnings[0]


def test_a_stream_without_any_closing_events(wait: Wait) -> None:
    """The least that can be told: deltas and an end that repeats nothing."""
    raw: list[Json] = [
        {"type": "response.output_item.added", "item": {"type": "message"}},
        {"type": "response.output_text.delta", "delta": "Hel"},
        {"type": "response.output_text.delta", "delta": "lo"},
        {"type": "response.output_item.added", "item": {"type": "function_call", "call_id": "c", "name": "f"}},
        {"type": "response.function_call_arguments.delta", "delta": "{}"},
        {"type": "response.completed", "response": {"status": "completed"}},
    ]

    async def stream() -> AsyncGenerator[Json, None]:
        for event in raw:
            yield event

    events = wait(every(read_answer(stream(), {"max_output_tokens": 100})))
    function = {"name": "f", "arguments": "{}", "output": None}
    assert TextFinished([text_part("Hello")]) in events
    assert CallFinished(0, {"id": "c", "type": "function", "function": function}) in events
