# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of every shape, read as events of the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import pytest
from threadworks_runtime.model import (
    AnswerEvent,
    AnswerFinished,
    Citation,
    MessageFinished,
    MessageStarted,
    ModelError,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
    read_answer,
)

from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer
from ansible_collections.threadworks.openai.tests.unit.model.conftest import FUNCTION, Json, Wait, every

Ask = Callable[..., list[AnswerEvent]]
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


def told(events: list[AnswerEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_text_streams_in_order(ask: Ask) -> None:
    assert ask("one two")[:-1] == [
        MessageStarted(),
        TextDelta("Reply"),
        TextDelta(" to:"),
        TextDelta(" one"),
        TextDelta(" two"),
        MessageFinished([text_part("Reply to: one two")]),
    ]


@SHAPES
def test_text(ask: Ask, model_server: ScriptedServer, shape: Json) -> None:
    model_server.script([{"text": "Good morning"} | shape])
    events = ask()
    assert events[0] == MessageStarted()
    assert told(events) == "Good morning"
    assert events[-2] == MessageFinished([text_part("Good morning")])
    assert isinstance(events[-1], AnswerFinished)
    assert events[-1].usage == {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert events[-1].items[0]["content"][0]["text"] == "Good morning"


@SHAPES
def test_refusal(ask: Ask, model_server: ScriptedServer, shape: Json) -> None:
    model_server.script([{"refusal": "I cannot"} | shape])
    events = ask(response_format={"type": "json_object"})
    assert "".join(event.text for event in events if isinstance(event, RefusalDelta)) == "I cannot"
    assert events[-2] == MessageFinished([{"type": "refusal", "refusal": "I cannot"}])


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
    assert events[-2] == MessageFinished([text_part("See this.", wire)])


@SHAPES
def test_function_calls_and_their_second_round(ask: Ask, model_server: ScriptedServer, shape: Json) -> None:
    calls = [{"name": "disk", "arguments": {"path": "/ home"}}, {"name": "disk", "arguments": "{}"}]
    model_server.script([{"calls": calls, "reasoning": True} | shape])
    events = ask("how full?", tools=[FUNCTION])
    finished = [event for event in events if isinstance(event, ToolCallFinished)]
    assert [event.index for event in events if isinstance(event, ToolCallStarted)] == [0, 1]
    assert [event.call["function"] for event in finished] == [
        {"name": "disk", "arguments": '{"path": "/ home"}', "output": None},
        {"name": "disk", "arguments": "{}", "output": None},
    ]
    first = [event.arguments for event in events if isinstance(event, ToolCallDelta) and event.index == 0]
    assert "".join(first) == '{"path": "/ home"}'

    end = events[-1]
    assert isinstance(end, AnswerFinished)
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
    code, search = (event.call for event in events if isinstance(event, ToolCallFinished))
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
    assert "".join(event.arguments for event in events if isinstance(event, ToolCallDelta)) == "print(6 * 7)"
    assert model_server.runs[-1]["include"] == ["code_interpreter_call.outputs", "file_search_call.results"]


def test_an_image_that_code_made(ask: Ask, model_server: ScriptedServer) -> None:
    outputs = [{"type": "image", "url": "https://example.org/v1/containers/cntr_1/files/cfile_abc/content"}]
    model_server.script([{"text": "Done", "code_interpreter": {"code": "plot()", "outputs": outputs}}])
    call = next(event.call for event in ask(**HOSTED) if isinstance(event, ToolCallFinished))
    assert call["code_interpreter"]["outputs"] == [{"type": "image", "image": {"file_id": "cfile_abc"}}]


@pytest.mark.parametrize(
    ("said", "reason"), [("max_output_tokens", "max_completion_tokens"), ("content_filter", "content_filter")]
)
def test_incomplete(ask: Ask, model_server: ScriptedServer, said: str, reason: str) -> None:
    model_server.script([{"text": "Once upon", "incomplete": said}])
    end = ask()[-1]
    assert isinstance(end, AnswerFinished)
    assert end.reason == reason


def test_no_usage_is_a_warning(ask: Ask, model_server: ScriptedServer) -> None:
    model_server.script([{"text": "Hi", "usage": None, "sparse": True}])
    end = ask()[-1]
    assert isinstance(end, AnswerFinished)
    assert end.usage == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert "how many tokens" in end.warnings[0]


def test_a_stream_without_any_closing_events(wait: Wait) -> None:
    """A minimal stream: deltas, and an end that does not repeat the text."""
    raw: list[Json] = [
        {"type": "response.output_item.added", "item": {"type": "message"}},
        {"type": "response.output_text.delta", "delta": "Hel"},
        {"type": "response.output_text.delta", "delta": "lo"},
        {"type": "response.output_item.added", "item": {"type": "function_call", "call_id": "c", "name": "f"}},
        {"type": "response.function_call_arguments.delta", "delta": "{}"},
        {"type": "response.completed", "response": {"status": "completed"}},
    ]

    events = wait(every(read_answer(_stream(raw), {"max_output_tokens": 100})))
    function = {"name": "f", "arguments": "{}", "output": None}
    assert MessageFinished([text_part("Hello")]) in events
    assert ToolCallFinished(0, {"id": "c", "type": "function", "function": function}) in events


async def _stream(raw: list[Json]) -> AsyncGenerator[list[Json], None]:
    for event in raw:
        yield [event]


def _message(number: int, text: str) -> Json:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": f"msg_{number}", "content": [part]}


def _begins(item: Json) -> Json:
    return {"type": "response.output_item.added", "item": {**item, "content": []}}


def _ends(item: Json) -> Json:
    return {"type": "response.output_item.done", "item": item}


def _delta(number: int, text: str) -> Json:
    return {"type": "response.output_text.delta", "item_id": f"msg_{number}", "delta": text}


def _completed(*output: Json) -> Json:
    return {"type": "response.completed", "response": {"status": "completed", "output": list(output)}}


def _numbered(raw: list[Json]) -> list[Json]:
    return [{**event, "sequence_number": number} for number, event in enumerate(raw, 1)]


HELLO = _message(1, "Hello")
RAW = [_begins(HELLO), _delta(1, "Hel"), _delta(1, "lo"), _ends(HELLO), _completed(HELLO)]


@pytest.mark.parametrize(
    "raw",
    [
        [event for event in _numbered(RAW) for _time in range(2)],
        [*RAW[:-1], *RAW],
        [RAW[0], *RAW],
        [*RAW[:4], RAW[3], RAW[4]],
        [*RAW[:4], _completed(HELLO, HELLO)],
        [*RAW[:4], _completed(_message(7, "Hello"))],
        [_completed(HELLO, HELLO)],
    ],
    ids=["each", "stream", "begin", "end", "output", "other id", "output alone"],
)
def test_repeated_events_are_reported_once(wait: Wait, raw: list[Json]) -> None:
    events = wait(every(read_answer(_stream(raw), {"max_output_tokens": 100})))
    assert [event for event in events if isinstance(event, (MessageStarted, MessageFinished))] == [
        MessageStarted(),
        MessageFinished([text_part("Hello")]),
    ]
    assert told(events) == "Hello"
    assert isinstance(events[-1], AnswerFinished)
    assert len(events[-1].items) == 1


def test_interleaved_items_are_reported_one_after_the_other(wait: Wait) -> None:
    first, second = _message(1, "one"), _message(2, "two")
    call = {"type": "code_interpreter_call", "id": "ci_1", "code": "1", "outputs": []}
    raw = [
        _begins(call),
        _begins(first),
        _begins(second),
        _delta(2, "two"),
        _delta(1, "one"),
        _ends(second),
        _ends(call),
        _ends(first),
        _completed(call, first, second),
    ]
    events = wait(every(read_answer(_stream(raw), {"max_output_tokens": 100})))
    assert [type(event) for event in events] == [
        ToolCallStarted,
        ToolCallDelta,
        ToolCallFinished,
        MessageStarted,
        TextDelta,
        MessageFinished,
        MessageStarted,
        TextDelta,
        MessageFinished,
        AnswerFinished,
    ]
    assert told(events) == "onetwo"


def test_the_checked_answer_is_the_reported_answer(wait: Wait) -> None:
    """A server may repeat a call at the end, with other arguments."""
    tool = {"type": "function", "name": "f", "parameters": {"properties": {"path": {"const": "/safe"}}}}
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f"}
    bad, good = ({**call, "arguments": f'{{"path": "{path}"}}'} for path in ("/etc", "/safe"))
    request = {"max_output_tokens": 100, "tools": [tool]}
    for streamed, repeated, problem in ((bad, good, '$.path: "/safe" was expected'), (good, bad, None)):
        events = wait(every(read_answer(_stream([_ends(streamed), _completed(repeated)]), request)))
        assert [event.call["function"]["arguments"] for event in events if isinstance(event, ToolCallFinished)] == [
            streamed["arguments"]
        ]
        assert isinstance(events[-1], AnswerFinished)
        assert events[-1].problems == {"call_1": problem}


def test_an_answer_without_output_keeps_its_warning(wait: Wait) -> None:
    (end,) = wait(every(read_answer(_stream([_completed()]), {"max_output_tokens": 100})))
    assert isinstance(end, AnswerFinished)
    assert "The model's answer is empty." in end.warnings


def test_items_that_share_an_id_are_all_reported(wait: Wait) -> None:
    """Some servers use one id for all items. A call also has its own id."""
    call = {"type": "function_call", "id": "item", "name": "f", "arguments": "{}"}
    first, second = {**call, "call_id": "call_1"}, {**call, "call_id": "call_2"}
    message = {**_message(1, "Hello"), "id": "item"}
    tool = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
    request = {"max_output_tokens": 100, "tools": [tool]}
    output = [message, first, second]
    streamed = [event for item in output for event in (_begins(item), _ends(item))]
    for raw in (
        [_completed(*output)],
        [*streamed, _completed(*output)],
        [*map(_begins, output), *map(_ends, output), _completed()],
    ):
        events = wait(every(read_answer(_stream(raw), request)))
        assert told(events) == "Hello"
        assert [event.call["id"] for event in events if isinstance(event, ToolCallFinished)] == ["call_1", "call_2"]
        assert isinstance(events[-1], AnswerFinished)
        assert events[-1].items == output
        assert events[-1].problems == {"call_1": None, "call_2": None}


def test_calls_that_cannot_be_told_apart_fail_the_run(wait: Wait) -> None:
    call = {"type": "function_call", "call_id": "call_1", "name": "f"}
    output = [{**call, "arguments": arguments} for arguments in ('{"a": 1}', '{"a": 2}')]
    with pytest.raises(ModelError, match="two calls have the id call_1"):
        wait(every(read_answer(_stream([_completed(*output)]), {"max_output_tokens": 100})))
