# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the original service did beyond its description: endings, nulls, errors in streams, and the memory of calls."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import openai
import pytest
from threadworks_runtime.app import Runtime

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, Conversation, sdk

_CALL = {"name": "disk", "arguments": {"path": "/"}}


def _events(answer: httpx2.Response) -> list[tuple[str, Any]]:
    frames = [frame.split("\n") for frame in answer.text.split("\n\n") if frame.startswith("event: ")]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")) if "[DONE]" not in data else None)
        for name, data in frames
    ]


@pytest.mark.any_store
def test_a_run_without_a_limit_is_never_cut(talk: Conversation, model_server: ModelServer) -> None:
    text = "word " * 20_000
    model_server.script([{"text": text}])
    assert talk.finish()["status"] == "completed"
    assert "max_output_tokens" not in model_server.runs[-1]


@pytest.mark.any_store
def test_a_content_filter_makes_a_run_incomplete(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "Begun", "incomplete": "content_filter"}])
    body = {"assistant_id": talk.assistant, "stream": True}
    events = _events(talk.wire.post(talk.runs, json=body))
    names = [name for name, _data in events]
    assert names[-4:] == ["thread.message.incomplete", "thread.run.step.completed", "thread.run.incomplete", "done"]
    run = events[-2][1]
    # The API has this reason for messages only.
    assert (run["status"], run["incomplete_details"]["code"], run["last_error"]) == (
        "incomplete",
        "content_filter",
        None,
    )
    assert "reason" not in run["incomplete_details"]
    (message,) = talk.messages(run)
    assert (message["status"], message["incomplete_details"]) == ("incomplete", {"reason": "content_filter"})


@pytest.mark.any_store
def test_unknown_parameters_of_a_query_are_ignored(talk: Conversation) -> None:
    run = talk.finish()
    path = f"{talk.runs}/{run['id']}"
    for url in (
        "/assistants",
        f"/assistants/{talk.assistant}",
        "/threads",
        f"/threads/{talk.thread}",
        f"/threads/{talk.thread}/messages",
        talk.runs,
        path,
        f"{path}/steps",
        "/runs",
        f"/runs/{run['id']}",
    ):
        plain, more = talk.wire.get(url), talk.wire.get(f"{url}?api-version=2025-05-01&nonsense=1&nonsense=2")
        assert (more.status_code, more.json()) == (200, plain.json()), url
    assert talk.wire.post(f"/threads/{talk.thread}?api-version=1", json={}).status_code == 200


@pytest.mark.any_store
def test_a_run_is_found_by_its_id_alone(talk: Conversation) -> None:
    run = talk.finish()
    assert talk.wire.get(f"/runs/{run['id']}").json() == talk.read(run)
    missing = talk.wire.get("/runs/run_x")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "run_not_found")


@pytest.mark.any_store
def test_nulls_are_the_same_as_unset(wire: httpx2.Client) -> None:
    tools = [
        {"type": "file_search", "file_search": {"max_num_results": None, "ranking_options": {"ranker": None}}},
        {"type": "file_search", "file_search": None},
        {"type": "function", "function": {"name": "f", "description": None, "parameters": None, "strict": None}},
    ]
    resources = {"code_interpreter": {"file_ids": None}, "file_search": None}
    made = wire.post("/assistants", json={"model": "m", "tools": tools, "tool_resources": resources})
    assert made.status_code == 200, made.text
    options = {"ranker": "auto", "score_threshold": 0.0}
    assert made.json()["tools"] == [
        {"type": "file_search", "file_search": {"ranking_options": options}},
        {"type": "file_search"},
        {"type": "function", "function": {"name": "f"}},
    ]
    assert made.json()["tool_resources"] == {"code_interpreter": {}}
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": None}}
    message = {"role": "user", "content": [image], "attachments": [{"file_id": "file-1", "tools": None}]}
    thread = wire.post("/threads", json={"messages": [message], "tool_resources": {"file_search": {}}})
    assert thread.status_code == 200, thread.text
    (shown,) = wire.get(f"/threads/{thread.json()['id']}/messages").json()["data"]
    assert shown["content"][0]["image_url"]["detail"] == "auto"
    changed = wire.post(f"/threads/{thread.json()['id']}", json={"tool_resources": {"file_search": None}})
    assert changed.json()["tool_resources"] == {}


@pytest.mark.any_store
def test_an_error_in_a_stream_is_raised_by_the_sdk(server: AppServer, app: Runtime, model_server: ModelServer) -> None:
    model_server.script([{"text": "one", "hold": True}])
    client = sdk(server)
    assistant = client.beta.assistants.create(model="m")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "Hello"}])
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        assert "thread.run.in_progress" in (event.event for event in stream)
        server.call(app.context.executor.stop(0))
        with pytest.raises(openai.APIError, match="is stopping") as raised:
            stream.until_done()
    assert raised.value.code == "runtime_stopping"
    # The event is the error of the API, and has it in the key that the SDKs look at.
    assert isinstance(raised.value.body, dict)
    assert set(raised.value.body) == {"type", "message", "param", "code"}


def _function_items(request: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (item["type"], item.get("arguments") or item.get("output") or item.get("content"))
        for item in request["input"]
        if item["type"] != "message" or item["role"] == "assistant"
    ]


def test_a_later_run_knows_the_calls_of_earlier_runs(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "Let me look.", "calls": [_CALL]}, {"text": "It is full."}, {"text": "Still full."}])
    run = talk.finish()
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    talk.submit(run, (call["id"], "90%"))
    assert talk.until(run, "completed", "failed")["status"] == "completed"
    assert talk.finish(additional_messages=[{"role": "user", "content": "And now?"}])["status"] == "completed"
    asked = model_server.runs[-1]
    assert _function_items(asked) == [
        ("message", "Let me look."),
        ("function_call", '{"path": "/"}'),
        ("function_call_output", "90%"),
        ("message", "It is full."),
    ]
    # The last messages are counted without calls.
    talk.finish(truncation_strategy={"type": "last_messages", "last_messages": 1})
    assert _function_items(model_server.runs[-1]) == [("message", "Still full.")]
    # A run without the function gets the messages only.
    talk.finish(tools=[])
    assert [kind for kind, _text in _function_items(model_server.runs[-1])] == ["message"] * 4


def test_calls_without_outputs_are_not_sent(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "Let me look.", "calls": [_CALL]}, {"text": "Never mind."}])
    run = talk.finish()
    assert talk.cancel(run).status_code == 200
    assert talk.finish()["status"] == "completed"
    assert _function_items(model_server.runs[-1]) == [("message", "Let me look.")]


def test_all_clients_see_the_same_required_action(talk: Conversation, model_server: ModelServer) -> None:
    calls = [{"calls": [{**_CALL, "arguments": {"path": f"/{number}"}}]} for number in range(3)]
    model_server.script([*calls, {"text": "Done."}])
    body = {"assistant_id": talk.assistant, "stream": True}
    events = _events(talk.wire.post(talk.runs, json=body))
    seen = set()
    for number in range(3):
        name, run = events[-2]
        assert name == "thread.run.requires_action"
        (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        assert json.loads(call["function"]["arguments"]) == {"path": f"/{number}"}
        for _time in range(2):
            assert talk.read(run) == run
            assert talk.wire.get(f"/runs/{run['id']}").json() == run
            assert talk.wire.get("/runs?status=requires_action").json()["data"] == [run]
            assert talk.wire.get(talk.runs).json()["data"] == [run]
            # An answer to another call changes nothing.
            assert talk.submit(run, ("call_other", "x")).status_code == 400
        seen.add(call["id"])
        outputs = {"tool_outputs": [{"tool_call_id": call["id"], "output": "ok"}], "stream": True}
        events = _events(talk.wire.post(f"{talk.runs}/{run['id']}/submit_tool_outputs", json=outputs))
        assert all(data["required_action"] is None for name, data in events if name == "thread.run.queued")
    assert len(seen) == 3
    assert events[-2][0] == "thread.run.completed"
