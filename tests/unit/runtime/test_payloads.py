# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a run on their way to another process."""

from __future__ import annotations

import json
from typing import Any

import pytest
from threadworks_runtime.runner.feed import Feed
from threadworks_runtime.runner.subscription import StreamEvent
from threadworks_runtime.sse import encode_event

pytest.importorskip("procrastinate")

from threadworks_runtime.queue.payloads import decode, encode

_LIMIT = 8000  # bytes, PostgreSQL's


def _delta(id: str, text: str) -> bytes:
    part = {"index": 0, "type": "text", "text": {"value": text}}
    return encode_event(
        "thread.message.delta", {"id": id, "object": "thread.message.delta", "delta": {"content": [part]}}
    )


def _message(id: str, status: str, **fields: Any) -> dict[str, Any]:
    return {"id": id, "object": "thread.message", "status": status, **fields}


def _text(events: list[StreamEvent]) -> str:
    deltas = [json.loads(event.partition(b"data: ")[2]) for event in events if isinstance(event, bytes)]
    return "".join(delta["delta"]["content"][0]["text"]["value"] for delta in deltas)


def test_events_arrive_as_they_were_sent() -> None:
    events: list[StreamEvent] = [
        ("thread.message.created", _message("msg_1", "in_progress")),
        *(_delta("msg_1", f"word {number}\n\n\u20ac") for number in range(200)),
        ("thread.message.completed", _message("msg_1", "completed", content="x" * 3000)),
    ]
    payloads = list(encode("run_1", 7, events))
    assert all(len(payload.encode()) < _LIMIT for payload in payloads)
    decoded = [decode(payload) for payload in payloads]
    assert [each.number for each in decoded] == list(range(7, 7 + len(payloads)))
    assert {each.run_id for each in decoded} == {"run_1"}
    assert all(each.is_complete for each in decoded)
    assert [event for each in decoded for event in each.events] == events


def test_a_long_delta_is_split() -> None:
    text = "\u20ac" * 20_000
    payloads = list(encode("run_1", 0, [_delta("msg_1", text)]))
    assert all(len(payload.encode()) < _LIMIT for payload in payloads)
    assert _text([event for payload in payloads for event in decode(payload).events]) == text


def test_an_object_that_is_too_large_is_read_from_the_store() -> None:
    (payload,) = encode("run_1", 0, [("thread.message.completed", _message("msg_1", "completed", content="x" * 9000))])
    assert decode(payload).events == []
    assert not decode(payload).is_complete


def test_a_reader_gets_no_text_twice_and_no_half_text() -> None:
    feed = Feed()
    known = {"msg_1": "in_progress", "run_1": "in_progress"}
    events: list[StreamEvent] = [
        _delta("msg_1", "its beginning is missing"),
        ("thread.message.completed", _message("msg_1", "completed")),
        ("thread.message.created", _message("msg_2", "in_progress")),
        ("thread.message.in_progress", _message("msg_2", "in_progress")),
        _delta("msg_2", "whole"),
    ]
    assert feed.fresh(events, known) == events[1:]
    known |= {"msg_1": "completed", "msg_2": "completed"}
    late: list[StreamEvent] = [_delta("msg_2", "late"), ("thread.message.completed", _message("msg_2", "completed"))]
    assert feed.fresh(late, known) == []
