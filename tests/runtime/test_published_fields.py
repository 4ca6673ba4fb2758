# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every answer and every event has the fields that were published for the original service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, events_of, talking
from ansible_collections.threadworks.openai.tests.runtime.published import (
    OPERATIONS,
    answer_problems,
    event_problems,
)
from ansible_collections.threadworks.openai.tests.runtime.wire_facts import EVENTS

pytestmark = pytest.mark.any_store

_CALL = {"name": "disk", "arguments": {"path": "/"}}
_CITATION = {"type": "file_citation", "file_id": "file-1", "filename": "a.md", "index": 3}
_LOGS = {"type": "logs", "logs": "4"}
_FOUND = {"file_id": "file-1", "filename": "a.md", "score": 0.5, "text": "found"}
_TOOLS = [
    {"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {}}}},
    {"type": "file_search", "file_search": {"max_num_results": 3, "ranking_options": {"score_threshold": 0}}},
    {"type": "code_interpreter"},
]


@dataclass
class Recorded:
    """What a runtime has sent.

    Attributes:
        answers: The operations with their answers.
        events: The events of all streams.
    """

    answers: list[tuple[str, Any]] = field(default_factory=list)
    events: list[tuple[str, Any]] = field(default_factory=list)


class _Recorder:
    """Sends requests, and records the answers."""

    def __init__(self, talk: Conversation, recorded: Recorded) -> None:
        self.talk, self._recorded = talk, recorded

    def ask(self, operation: str, method: str, path: str, body: Any = None) -> Any:
        answer = self.talk.wire.request(method, path, json=body)
        assert answer.status_code == 200, answer.text
        self._recorded.answers.append((operation, answer.json()))
        return answer.json()

    def fail(self, path: str, body: Any = None) -> None:
        answer = self.talk.wire.post(path, json=body) if body is not None else self.talk.wire.get(path)
        assert answer.status_code >= 400
        self._recorded.answers.append(("error", answer.json()))

    def stream(self, path: str, body: Any) -> Iterator[tuple[str, Any]]:
        with self.talk.wire.stream("POST", path, json={**body, "stream": True}) as answer:
            for event in events_of(answer):
                self._recorded.events.append(event)
                yield event

    def run(self, **fields: Any) -> list[tuple[str, Any]]:
        return list(self.stream(self.talk.runs, {"assistant_id": self.talk.assistant, **fields}))


def record(settings: Settings, model: ModelServer) -> Recorded:
    """Use each operation, and let runs end in each way."""
    recorded = Recorded()
    model.script(
        [
            {"match": "Search", "text": "It is found.", "file_search": {"queries": ["it"], "results": [_FOUND]}},
            {"match": "Cite", "text": "As I said.", "annotations": [_CITATION]},
            {"match": "Code", "text": "4", "code_interpreter": {"code": "2+2", "outputs": [_LOGS]}},
            {"match": "Refuse", "refusal": "No."},
            {"match": "Call", "calls": [_CALL, _CALL]},
            {"match": "Call", "calls": [_CALL]},
            {"match": "Break", "text": "one two three", "break_after": 7, "sticky": True},
            {"match": "Long", "text": "word " * 400},
            {"match": "Filter", "text": "Begun", "incomplete": "content_filter"},
            {"match": "Hang", "text": "one two three four", "hang_after": 7},
            {"match": "Expire", "text": "one two three four", "hang_after": 7},
            {"match": "Stop", "hang": True},
        ]
    )
    fast = replace(settings, model=replace(settings.model, max_retries=0))
    with talking(fast) as talk:
        recorder = _Recorder(talk, recorded)
        _objects(recorder)
        _runs(recorder)
        _endings(recorder)
    with talking(replace(fast, run_expiry=2)) as talk:
        _Recorder(talk, recorded).run(additional_messages=[_user("Expire")])
    return recorded


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def _objects(recorder: _Recorder) -> None:
    talk = recorder.talk
    made = {"model": "m", "tools": _TOOLS, "response_format": {"type": "text"}, "metadata": {"a": "b"}}
    assistant = recorder.ask("createAssistant", "POST", "/assistants", made)["id"]
    recorder.ask("createAssistant", "POST", "/assistants", {"model": "m"})
    recorder.ask("getAssistant", "GET", f"/assistants/{assistant}")
    resources = {"code_interpreter": {"file_ids": ["file-1"]}, "file_search": None}
    recorder.ask("modifyAssistant", "POST", f"/assistants/{assistant}", {"name": "A", "tool_resources": resources})
    recorder.ask("listAssistants", "GET", "/assistants")
    recorder.ask("listAssistants", "GET", "/assistants?name=nobody")
    recorder.ask("deleteAssistant", "DELETE", f"/assistants/{assistant}")
    thread = recorder.ask("createThread", "POST", "/threads", {"messages": [_user("Hi")], "metadata": {"a": "b"}})["id"]
    recorder.ask("createThread", "POST", "/threads")
    recorder.ask("getThread", "GET", f"/threads/{thread}")
    recorder.ask("modifyThread", "POST", f"/threads/{thread}", {"metadata": None, "tool_resources": resources})
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "image_file", "image_file": {"file_id": "file-1", "detail": "low"}},
    ]
    attached = [{"file_id": "file-1", "tools": [{"type": "code_interpreter"}]}, {"file_id": "file-2"}]
    messages = f"/threads/{thread}/messages"
    body = {"role": "user", "content": parts, "attachments": attached}
    message = recorder.ask("createMessage", "POST", messages, body)["id"]
    recorder.ask("createMessage", "POST", messages, {"role": "assistant", "content": "Hm"})
    recorder.ask("getMessage", "GET", f"{messages}/{message}")
    recorder.ask("modifyMessage", "POST", f"{messages}/{message}", {"metadata": {"a": "b"}})
    recorder.ask("listMessages", "GET", messages)
    recorder.ask("deleteMessage", "DELETE", f"{messages}/{message}")
    recorder.ask("listRuns", "GET", f"/threads/{thread}/runs")
    recorder.ask("deleteThread", "DELETE", f"/threads/{thread}")
    for path in (f"/threads/{thread}", "/assistants?limit=0", "/nothing", f"{talk.runs}/run_x/steps"):
        recorder.fail(path)
    recorder.fail("/assistants", {"model": 5})
    recorder.fail("/threads/runs", {"assistant_id": "asst_x"})


def _runs(recorder: _Recorder) -> None:
    talk = recorder.talk
    resources = {"file_search": {"vector_store_ids": ["vs_1"]}}
    talk.wire.post(f"/assistants/{talk.assistant}", json={"tools": _TOOLS, "tool_resources": resources})
    options = {"tool_choice": "auto", "response_format": {"type": "text"}, "max_prompt_tokens": 5000, "top_p": 1}
    created = recorder.ask("createRun", "POST", talk.runs, {"assistant_id": talk.assistant, **options})
    run = talk.until(created, "completed", "failed")
    path = f"{talk.runs}/{run['id']}"
    recorder.ask("getRun", "GET", path)
    recorder.ask("modifyRun", "POST", path, {"metadata": {"a": "b"}})
    for text in ("Search", "Cite", "Code", "Refuse"):
        recorder.run(additional_messages=[_user(text)])
    recorder.ask("listRuns", "GET", talk.runs)
    for each in talk.wire.get(talk.runs).json()["data"]:
        (step, *_others) = recorder.ask("listRunSteps", "GET", f"{talk.runs}/{each['id']}/steps")["data"]
        recorder.ask("getRunStep", "GET", f"{talk.runs}/{each['id']}/steps/{step['id']}")
    recorder.ask("listMessages", "GET", f"/threads/{talk.thread}/messages")
    body = {"assistant_id": talk.assistant, "thread": {"messages": [_user("Hello")]}}
    recorder.ask("createThreadAndRun", "POST", "/threads/runs", body)
    list(recorder.stream("/threads/runs", body))


def _endings(recorder: _Recorder) -> None:
    talk = recorder.talk
    waiting = recorder.run(additional_messages=[_user("Call")])[-2][1]
    outputs = recorder.talk.submit  # a plain answer first
    calls = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
    given = [{"tool_call_id": call["id"], "output": "ok"} for call in calls]
    path = f"{talk.runs}/{waiting['id']}"
    recorder.ask("getRun", "GET", path)
    recorder.ask("listRunSteps", "GET", f"{path}/steps")
    assert outputs(waiting, ("call_x", "ok")).status_code == 400
    (again,) = [
        data
        for name, data in recorder.stream(f"{path}/submit_tool_outputs", {"tool_outputs": given})
        if name == "thread.run.requires_action"
    ]
    (call,) = again["required_action"]["submit_tool_outputs"]["tool_calls"]
    body = {"tool_outputs": [{"tool_call_id": call["id"], "output": "ok"}]}
    recorder.ask("submitToolOutputsToRun", "POST", f"{path}/submit_tool_outputs", body)
    talk.until(again, "completed", "failed")
    recorder.run(additional_messages=[_user("Break")])
    recorder.run(additional_messages=[_user("Long")], max_completion_tokens=256)
    recorder.run(additional_messages=[_user("Filter")])
    for name, data in recorder.stream(
        talk.runs, {"assistant_id": talk.assistant, "additional_messages": [_user("Hang")]}
    ):
        if name == "thread.message.in_progress":
            recorder.ask("cancelRun", "POST", f"{talk.runs}/{data['run_id']}/cancel")
    body = {"assistant_id": talk.assistant, "additional_messages": [_user("Stop")]}
    for name, _data in recorder.stream(talk.runs, body):
        if name == "thread.run.in_progress":
            talk.server.call(talk.server.app.context.executor.stop(0))


def test_every_answer_and_event(settings: Settings, model_server: ModelServer) -> None:
    recorded = record(settings, model_server)
    assert {operation for operation, _body in recorded.answers} == {*OPERATIONS, "error"}
    assert {name for name, _data in recorded.events} == {*EVENTS, "done"}
    problems = [problem for answer in recorded.answers for problem in answer_problems(*answer)]
    problems += [problem for event in recorded.events for problem in event_problems(*event)]
    assert problems == []
    statuses = {data["status"] for name, data in recorded.events if name.startswith("thread.run.") and "status" in data}
    assert statuses >= {"queued", "in_progress", "requires_action", "completed", "failed", "incomplete", "expired"}


@pytest.mark.parametrize(
    ("operation", "body", "problem"),
    [
        ("deleteThread", {"id": "t", "object": "thread", "deleted": True}, "object"),
        ("listRuns", {"object": "list", "data": [], "first_id": None, "last_id": "", "has_more": False}, "first_id"),
        ("error", {"error": {"type": "t", "message": "m", "param": None}}, "code is missing"),
        (
            "getThread",
            {"id": "t", "object": "thread", "created_at": 1, "tool_resources": {}, "metadata": {"a": 1}},
            "a",
        ),
        ("createMessage", {"content": [{"type": "text", "text": "plain"}]}, "content"),
    ],
)
def test_a_violation_is_found(operation: str, body: Any, problem: str) -> None:
    assert any(problem in found for found in answer_problems(operation, body))
