# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of deltas, which are encoded from templates, and the tool calls of a step."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from threadworks_runtime.model.events import Citation, RefusalDelta, TextDelta, ToolCallDelta
from threadworks_runtime.model.types import Annotation, ToolCall
from threadworks_runtime.runner.draft import Calls, Draft, begun

_TEXTS = ["Hello", "", 'quotes " and \\', "line\nbreak", "ü 😀", "\0", "event: x\n\ndata: y"]
FUNCTION = {"id": "call_1", "type": "function", "function": {"name": "disk", "arguments": "", "output": None}}
CODE = {"id": "ci_1", "type": "code_interpreter", "code_interpreter": {"input": "", "outputs": []}}
SEARCH = {"id": "fs_1", "type": "file_search", "file_search": {}}


def _call(call: dict[str, Any], **fields: Any) -> ToolCall:
    return cast(ToolCall, {**call, **fields})


def _read(event: bytes) -> tuple[str, dict[str, Any]]:
    """Return the name and the data of one event."""
    assert event.endswith(b"\n\n")
    name, data = event.decode().rstrip("\n").split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def _message(part: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    delta = {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [part]}}
    return "thread.message.delta", delta


def _step(call: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    details = {"step_details": {"type": "tool_calls", "tool_calls": [call]}}
    return "thread.run.step.delta", {"id": "step_1", "object": "thread.run.step.delta", "delta": details}


@pytest.mark.parametrize("text", _TEXTS)
def test_text_and_refusal(text: str) -> None:
    draft = Draft("msg_1", "step_1", list)
    for _each in "ab":
        assert _read(draft.encode(TextDelta(text))) == _message({"index": 0, "type": "text", "text": {"value": text}})
        expected = _message({"index": 1, "type": "refusal", "refusal": text})
        assert _read(draft.encode(RefusalDelta(text))) == expected


def test_a_message_can_begin_with_a_refusal() -> None:
    draft = Draft("msg_1", "step_1", list)
    assert _read(draft.encode(RefusalDelta("No"))) == _message({"index": 0, "type": "refusal", "refusal": "No"})
    assert _read(draft.encode(TextDelta("But"))) == _message({"index": 1, "type": "text", "text": {"value": "But"}})


def test_annotations_are_numbered() -> None:
    draft = Draft("msg_1", "step_1", list)
    citation = Citation(cast(Annotation, {"type": "file_citation", "text": "[1]"}))
    draft.encode(TextDelta("See [1][1][1]"))
    for index in range(3):
        annotation = {"index": index, "type": "file_citation", "text": "[1]"}
        part = {"index": 0, "type": "text", "text": {"annotations": [annotation]}}
        assert _read(draft.encode(citation)) == _message(part)


def test_the_content_is_that_of_the_answer_until_the_message_is_finished() -> None:
    content: Any = [{"type": "text"}]
    draft = Draft("msg_1", "step_1", lambda: content)
    content = [{"type": "text"}, {"type": "refusal"}]
    assert draft.content() == content
    draft.finish([])
    assert draft.content() == []


@pytest.mark.parametrize("text", _TEXTS)
@pytest.mark.parametrize(("call", "field"), [(FUNCTION, "arguments"), (CODE, "input")])
def test_calls(call: dict[str, Any], field: str, text: str) -> None:
    calls = Calls("step_1")
    assert _read(calls.begin(3, _call(call))) == _step({"index": 0, **call})
    kind = call["type"]
    for _each in "ab":
        expected = _step({"index": 0, "type": kind, kind: {field: text}})
        assert _read(calls.encode(ToolCallDelta(3, text))) == expected


def test_several_calls_are_numbered_within_their_step() -> None:
    calls = Calls("step_1")
    for place, (number, call) in enumerate([(1, SEARCH), (4, FUNCTION), (5, CODE)]):
        assert _read(calls.begin(number, _call(call))) == _step({"index": place, **call})
    expected = _step({"index": 1, "type": "function", "function": {"arguments": "{"}})
    assert _read(calls.encode(ToolCallDelta(4, "{"))) == expected


def test_functions_wait_for_outputs() -> None:
    calls = Calls("step_1")
    for number, call in enumerate([SEARCH, FUNCTION, CODE]):
        calls.begin(number, _call(call))
    assert calls.all() == [SEARCH, FUNCTION, CODE]
    assert calls.functions() == [FUNCTION]
    done = _call(FUNCTION, id="call_2")
    calls.finish(1, done)
    assert (calls.all(), calls.functions()) == ([SEARCH, done, CODE], [done])
    assert calls.step_id == "step_1"


def test_only_something_that_has_begun_can_continue() -> None:
    calls = Calls("step_1")
    assert begun(calls) is calls
    with pytest.raises(RuntimeError, match="has not started"):
        begun(None)
