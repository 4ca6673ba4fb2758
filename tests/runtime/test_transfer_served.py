# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``POST /v1/import`` and ``GET /v1/export``: streamed, with the checks of all other requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime import moving
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    AppServer,
    Conversation,
    raw_client,
    talking,
)
from ansible_collections.threadworks.openai.tests.runtime.moving import Json, conversation, lines
from ansible_collections.threadworks.openai.tests.stores import new_store


def _import(wire: httpx2.Client, data: Any, **options: str) -> Json:
    answer = wire.post("/import", content=data, params=options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_conversation_comes_over_and_goes_on(wire: httpx2.Client, server: AppServer) -> None:
    assert _import(wire, lines(conversation()), dry_run="true")["changed"]
    assert wire.get("/assistants").json()["data"] == []
    report = _import(wire, lines(conversation()))
    assert moving.counts(report, "new") == [1, 1, 2, 1, 1]
    assert _import(wire, lines(conversation()))["changed"] is False
    messages = wire.get("/threads/thread_1/messages?order=asc").json()["data"]
    assert [each["id"] for each in messages] == ["msg_1", "msg_2"]
    assert wire.get("/assistants?metadata[team]=network").json()["data"][0]["id"] == "asst_1"
    steps = wire.get("/threads/thread_1/runs/run_1/steps").json()["data"]
    assert steps[0]["step_details"]["tool_calls"][0]["function"]["output"] == "yes"
    talk = Conversation(wire, server)
    talk.thread, talk.runs, talk.assistant = "thread_1", "/threads/thread_1/runs", "asst_1"
    wire.post("/threads/thread_1/messages", json={"role": "user", "content": "And now?"})
    assert talk.finish(tools=[])["status"] == "completed"


def test_a_run_goes_on_after_calls_of_another_form(wire: httpx2.Client, server: AppServer) -> None:
    steps = [moving.step(), moving.step("step_2"), moving.step("step_3")]
    del steps[0]["step_details"]["tool_calls"][0]["id"]
    steps[1]["step_details"]["message_creation"] = {}
    said = {"type": "message_creation", "message_creation": {"message_id": "msg_2"}}
    steps[2] |= {"type": "message_creation", "step_details": said}
    assert not _import(wire, lines([*conversation()[:-1], *steps]))["failed"]
    talk = Conversation(wire, server)
    talk.thread, talk.runs, talk.assistant = "thread_1", "/threads/thread_1/runs", "asst_1"
    look = {"type": "function", "function": {"name": "look"}}
    assert talk.finish(tools=[look])["status"] == "completed"


def test_an_export_is_the_import_of_another_runtime(
    talk: Conversation, model_server: ModelServer, request: pytest.FixtureRequest, tmp_path: Any
) -> None:
    model_server.script([{"calls": [{"name": "disk", "arguments": "{}"}]}])
    waiting = talk.finish(metadata={"ansible_key": "k"})
    (call,) = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
    talk.submit(waiting, (call["id"], "full"))
    talk.until(waiting, "completed")
    answer = talk.wire.get("/export")
    assert answer.headers["content-type"] == "application/jsonl"
    with new_store("sqlite", request, tmp_path / "other") as other:
        assert moving.bring(other, answer.content)["problems"] == []
        assert moving.export(other) == answer.content
        run = next(each for each in moving.exported(other) if each["object"] == "thread.run")
    assert run["threadworks"]["items"]
    one = talk.wire.get("/export", params={"thread_id": talk.thread}).content
    assert one.splitlines()[1:-1] == answer.content.splitlines()[2:-1]
    both = talk.wire.get("/export", params={"thread_id": talk.thread, "assistants": "true"})
    assert both.content == answer.content


@pytest.mark.any_store
def test_a_long_import_and_export_are_streamed(wire: httpx2.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield lines([moving.thread()])
        for number in range(3000):
            yield lines([moving.message(f"msg_{number}", "x" * 1000, created_at=number)])

    assert _import(wire, pieces())["messages"]["new"] == 3000
    with wire.stream("GET", "/export") as answer:
        found = [json.loads(line)["id"] for line in answer.iter_lines() if '"msg_' in line]
    assert found == [f"msg_{number}" for number in range(3000)]


@pytest.mark.any_store
def test_what_is_refused(wire: httpx2.Client) -> None:
    for options in ({"on_conflict": "maybe"}, {"dry_run": "1"}, {"files": ""}, {"unknown": "keep"}):
        answer = wire.post("/import", content=b"", params=options)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")
    assert wire.get("/export", params={"assistants": "yes"}).status_code == 400
    for id in ("thread_x", "thread\0"):
        answer = wire.get("/export", params={"thread_id": id})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "thread_not_found")
    broken = _import(wire, b"{")
    assert (broken["failed"], broken["changed"]) == (True, False)
    assert _import(wire, b"")["failed"] is False


@pytest.mark.any_store
def test_an_active_thread_is_left_out(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"hang": True}])
    talk.start()
    of = {"thread_id": talk.thread}
    report = _import(talk.wire, lines([moving.message("msg_new", **of)]), on_conflict="keep")
    assert [each["code"] for each in report["problems"]] == ["run_active"]


@pytest.mark.any_store
def test_it_can_be_turned_off_and_needs_the_token(settings: Settings) -> None:
    with talking(replace(settings, transfer=False)) as talk:
        for answer in (talk.wire.post("/import", content=b""), talk.wire.get("/export")):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "transfer_disabled")
    locked = replace(settings, token="the-token")
    with AppServer(create_app(locked)) as server, raw_client(server) as wire:
        assert wire.post("/import", content=lines(conversation())).status_code == 401
        assert wire.get("/export").status_code == 401
        key = {"Authorization": "Bearer the-token"}
        assert wire.get("/export", headers=key).content.startswith(b'{"object":"threadworks.export"')


@pytest.mark.any_store
def test_an_interrupted_import_changes_nothing(wire: httpx2.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield lines(conversation())
        raise ValueError("the client fails")

    with pytest.raises(ValueError, match="the client fails"):
        wire.post("/import", content=pieces())
    assert wire.get("/assistants").json()["data"] == []
    assert _import(wire, lines(conversation()))["failed"] is False


@pytest.mark.any_store
def test_places_are_released(wire: httpx2.Client) -> None:
    for _time in range(6):
        assert _import(wire, b"{")["failed"]
        assert wire.get("/export", params={"thread_id": "thread_x"}).status_code == 404
        with wire.stream("GET", "/export") as answer:
            assert answer.status_code == 200
