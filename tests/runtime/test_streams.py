# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of a run, in their order, and what happens to those who come late or leave early (section 11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from threadworks_runtime.model import raw_events
from threadworks_runtime.runner import subscription
from threadworks_runtime.runner.draft import Draft
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer, Rate
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, events_of, talking, wait_for

_CALL = {"name": "disk", "arguments": {"path": "/"}}
_BEGIN = ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]
_STEP = ["thread.run.step.created", "thread.run.step.in_progress"]
_MESSAGE = ["thread.message.created", "thread.message.in_progress", "thread.message.delta"]
_END = ["thread.message.completed", "thread.run.step.completed", "thread.run.completed", "done"]


@pytest.fixture
def talk(either: Settings) -> Iterator[Conversation]:
    """On a local and a served runtime."""
    with talking(either) as talk:
        yield talk


def _stream(talk: Conversation, path: str | None = None, **body: Any) -> list[tuple[str, Any]]:
    body = {"assistant_id": talk.assistant, "stream": True, **body}
    with talk.wire.stream("POST", path or talk.runs, json=body) as answer:
        return list(events_of(answer))


def _names(events: list[tuple[str, Any]]) -> list[str]:
    """The names, deltas that follow each other as one."""
    names = [name for name, _data in events]
    return [name for i, name in enumerate(names) if not (name.endswith(".delta") and i and names[i - 1] == name)]


def test_a_plain_run(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three"}])
    events = _stream(talk)
    assert _names(events) == [*_BEGIN, *_STEP, *_MESSAGE, *_END]
    assert events[-1] == ("done", "[DONE]")
    deltas = [data["delta"]["content"] for name, data in events if name == "thread.message.delta"]
    assert {(part["index"], part["type"]) for (part,) in deltas} == {(0, "text")}
    assert "".join(part["text"]["value"] for (part,) in deltas) == "one two three"
    by_name = dict(events)
    assert by_name["thread.run.queued"]["status"] == "queued"
    assert by_name["thread.message.created"]["content"] == []
    assert by_name["thread.run.completed"] == talk.read(by_name["thread.run.completed"])
    assert by_name["thread.message.completed"] == talk.messages(by_name["thread.run.completed"])[0]


def test_a_tool_run(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"calls": [_CALL, _CALL]}, {"text": "Full."}])
    events = _stream(talk)
    assert _names(events) == [*_BEGIN, *_STEP, "thread.run.step.delta", "thread.run.requires_action", "done"]
    pieces: dict[int, str] = {}
    for name, data in events:
        if name == "thread.run.step.delta":
            for call in data["delta"]["step_details"]["tool_calls"]:
                assert call["type"] == "function"
                pieces[call["index"]] = pieces.get(call["index"], "") + call["function"].get("arguments", "")
    run = events[-2][1]
    calls = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert list(pieces.values()) == [call["function"]["arguments"] for call in calls]

    outputs = [{"tool_call_id": call["id"], "output": "50%"} for call in calls]
    body = {"tool_outputs": outputs, "stream": True}
    with talk.wire.stream("POST", f"{talk.runs}/{run['id']}/submit_tool_outputs", json=body) as answer:
        events = list(events_of(answer))
    assert _names(events) == ["thread.run.step.completed", *_BEGIN[1:], *_STEP, *_MESSAGE, *_END]
    assert events[0][1]["step_details"]["tool_calls"][0]["function"]["output"] == "50%"


def test_a_run_with_its_thread(talk: Conversation) -> None:
    events = _stream(talk, "/threads/runs", thread={"metadata": {"a": "b"}})
    assert _names(events) == ["thread.created", *_BEGIN, *_STEP, *_MESSAGE, *_END]
    assert events[0][1]["metadata"] == {"a": "b"}
    assert events[1][1]["thread_id"] == events[0][1]["id"]


@pytest.mark.parametrize("break_after", [0, 7])
def test_a_failing_run(talk: Conversation, model_server: ModelServer, break_after: int) -> None:
    model_server.script([{"text": "one two three", "break_after": break_after, "sticky": True}])
    events = _stream(talk)
    assert _names(events)[-2:] == ["thread.run.failed", "done"]
    assert events[-2][1]["last_error"]["code"] == "server_error"
    if break_after:
        assert _names(events)[-4:-2] == ["thread.message.incomplete", "thread.run.step.failed"]


def _newest(talk: Conversation) -> dict[str, Any]:
    return talk.wire.get(talk.runs).json()["data"][0]


def test_a_cancelled_run(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three four", "hang_after": 7}])
    names = []
    with talk.wire.stream("POST", talk.runs, json={"assistant_id": talk.assistant, "stream": True}) as answer:
        for name, _data in events_of(answer):
            names.append(name)
            if name == "thread.message.delta" and names.count(name) == 1:
                assert talk.cancel(_newest(talk)).json()["status"] == "cancelling"
    assert names[-5:] == [
        "thread.run.cancelling",
        "thread.message.incomplete",
        "thread.run.step.cancelled",
        "thread.run.cancelled",
        "done",
    ]


def test_who_leaves_does_not_end_the_run(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three four", "hold_after": 7}])
    with talk.wire.stream("POST", talk.runs, json={"assistant_id": talk.assistant, "stream": True}) as answer:
        for name, _data in events_of(answer):
            if name == "thread.message.delta":
                break
    # Nobody writes on for a client that is not there.
    wait_for(lambda: not talk.server.busy)
    assert _newest(talk)["status"] == "in_progress"
    model_server.release()
    run = wait_for(lambda: found if (found := _newest(talk))["completed_at"] else None)
    assert run["status"] == "completed"
    assert talk.messages(run)[0]["content"][0]["text"]["value"] == "one two three four"


def test_a_late_reader_gets_the_rest(talk: Conversation, model_server: ModelServer) -> None:
    """The same request again, with its key: its run is streamed from how it stands to its end, and not run again."""
    model_server.script([{"text": "one two three four", "hold_after": 6}])
    talk.wire.headers["Idempotency-Key"] = "one"
    body = {"assistant_id": talk.assistant, "stream": True}
    with talk.wire.stream("POST", talk.runs, json=body) as answer:
        next(events_of(answer))
    wait_for(lambda: talk.messages(_newest(talk)))
    with talk.wire.stream("POST", talk.runs, json=body) as answer:
        events = events_of(answer)
        assert next(events)[0] == "thread.run.in_progress"
        model_server.release()
        assert _names(list(events)) == [
            "thread.message.in_progress",
            "thread.run.step.in_progress",
            "thread.message.completed",
            "thread.run.step.completed",
            "thread.run.completed",
            "done",
        ]
    assert _names(_stream(talk)) == _END
    assert len(model_server.runs) == 1


def test_a_thread_that_is_deleted_ends_its_stream(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three four", "hang_after": 7}])
    with talk.wire.stream("POST", talk.runs, json={"assistant_id": talk.assistant, "stream": True}) as answer:
        names = []
        for name, _data in events_of(answer):
            names.append(name)
            if names.count("thread.message.delta") == 1:
                talk.wire.delete(f"/threads/{talk.thread}")
    assert names[-2:] == ["error", "done"]


def test_a_stream_ends_with_its_run_and_not_with_the_model_servers_connection(
    talk: Conversation, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_events, "_DRAIN_SECONDS", 600)
    model_server.script([{"text": "one two three", "linger": 600}])
    assert _names(_stream(talk)) == [*_BEGIN, *_STEP, *_MESSAGE, *_END]


def test_deltas_are_as_the_wire_has_them(talk: Conversation, model_server: ModelServer) -> None:
    """They are written as bytes that differ in nothing but their texts: here with all that JSON has to escape."""
    cited = {"type": "file_citation", "file_id": "file-1", "filename": "a.txt", "index": 0}
    model_server.script([{"text": 'a "quoted"\n\\ \u00fc \U0001f600 word', "annotations": [cited]}])
    events = _stream(talk)
    deltas = [data for name, data in events if name == "thread.message.delta"]
    message = dict(events)["thread.message.completed"]
    assert {(delta["id"], delta["object"]) for delta in deltas} == {(message["id"], "thread.message.delta")}
    parts = [part for delta in deltas for part in delta["delta"]["content"]]
    assert {(part["index"], part["type"]) for part in parts} == {(0, "text")}
    (content,) = message["content"]
    assert "".join(part["text"].get("value", "") for part in parts) == content["text"]["value"]
    annotations = [each for part in parts for each in part["text"].get("annotations", [])]
    assert annotations == [{"index": 0, **content["text"]["annotations"][0]}]


def test_a_client_that_wants_no_deltas_gets_their_number(
    talk: Conversation, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "_QUIET", 0.5)
    talk.wire.headers["Runtime-Deltas"] = "false"
    model_server.script([{"text": "one two three four", "hold_after": 6}])
    names, counts = [], []
    with talk.wire.stream("POST", talk.runs, json={"assistant_id": talk.assistant, "stream": True}) as answer:
        for name, data in events_of(answer):
            names.append(name)
            if name == subscription.PROGRESS:
                counts.append(data["deltas"])
                model_server.release()
    assert [name for name in names if name != subscription.PROGRESS] == [*_BEGIN, *_STEP, *_MESSAGE[:2], *_END]
    assert counts[0] == 2
    assert counts == sorted(set(counts))


def test_a_client_that_wants_no_deltas_learns_that_the_run_waits_for_the_rate_limit(
    talk: Conversation, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "_QUIET", 0.05)
    talk.wire.headers["Runtime-Deltas"] = "false"
    model_server.rate = Rate(1, 4.0, "retry")
    talk.finish()
    with talk.wire.stream("POST", talk.runs, json={"assistant_id": talk.assistant, "stream": True}) as answer:
        events = list(events_of(answer))
    assert {"object": subscription.PROGRESS, "deltas": 0, "waiting": True} in [data for _name, data in events]
    assert [name for name, _data in events][-2:] == _END[-2:]


def test_nothing_is_encoded_for_a_run_that_nobody_watches(
    talk: Conversation, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Draft, "encode", None)
    model_server.script([{"text": "one two three"}])
    assert talk.messages(talk.finish())[0]["content"][0]["text"]["value"] == "one two three"


def test_a_failure_before_the_run_is_no_stream(talk: Conversation) -> None:
    answer = talk.wire.post(talk.runs, json={"assistant_id": "asst_x", "stream": True})
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "No assistant found with id 'asst_x'.")


def test_who_waits_gets_signs_of_life(
    talk: Conversation, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "_QUIET", 0.05)
    model_server.script([{"hold": True}])
    with talk.wire.stream("POST", talk.runs, json={"assistant_id": talk.assistant, "stream": True}) as answer:
        lines = answer.iter_lines()
        # Comments, which every reader of the format skips.
        assert ": waiting" in lines
        assert ": waiting" in lines
        model_server.release()
        assert "event: thread.run.completed" in lines
