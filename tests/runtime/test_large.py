# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large requests and large threads do not delay other requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, event
from threadworks_runtime.app import Runtime
from threadworks_runtime.resources import threads
from threadworks_runtime.store import direct, rows
from threadworks_runtime.store.tables import MESSAGES, THREADS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime import cpu
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation

_MOST = 10_000


def _messages(number: int) -> list[dict[str, Any]]:
    return [
        {"role": "user", "content": f"message {each}", "metadata": {"number": str(each), "half": str(each // 2)}}
        for each in range(number)
    ]


def _statements(app: Runtime, act: Callable[[], Any]) -> list[str]:
    """Return the statements of writing transactions during a function."""
    seen = []
    engine, change = app.context.store._writing, direct._Prepared.change

    def note(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if connection.get_execution_options().get("writing"):
            seen.append(statement)

    def note_prepared(prepared: direct._Prepared, *arguments: Any) -> None:
        seen.append(prepared._text)
        change(prepared, *arguments)

    event.listen(engine, "before_cursor_execute", note)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(direct._Prepared, "change", note_prepared)
            act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


@pytest.mark.any_store
def test_so_many_messages_are_one_request(wire: httpx2.Client) -> None:
    """The time that 50,000 of them held all other writers up was 113 seconds."""
    begun = time.process_time()  # the runtime is a thread of this process
    thread = wire.post("/threads", json={"messages": _messages(_MOST)})
    assert thread.status_code == 200, thread.text
    assert time.process_time() - begun < 20, "generous: about one second"
    path = f"/threads/{thread.json()['id']}/messages"
    oldest = wire.get(f"{path}?order=asc&limit=3").json()["data"]
    newest = wire.get(f"{path}?limit=1").json()["data"]
    assert [each["metadata"]["number"] for each in (*oldest, *newest)] == ["0", "1", "2", str(_MOST - 1)]
    found = wire.get(f"{path}?metadata[half]=2500&order=asc").json()["data"]
    assert [each["metadata"]["number"] for each in found] == ["5000", "5001"]
    assert wire.delete(path.removesuffix("/messages")).status_code == 200
    assert wire.get(path).status_code == 404


def test_the_number_of_statements_does_not_grow(
    app: Runtime, wire: httpx2.Client, talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True}])

    def thread(number: int) -> list[str]:
        return _statements(app, lambda: wire.post("/threads", json={"messages": _messages(number)}))

    def run(number: int) -> list[str]:
        seen = _statements(app, lambda: talk.start(additional_messages=_messages(number)))
        return [statement for statement in seen if statement.startswith("INSERT INTO messages ")]

    assert thread(2) == thread(200) != []
    assert len(run(200)) == 1


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/threads", {"messages": 0}, "messages"),
        ("/threads/runs", {"assistant_id": "a", "thread": {"messages": 0}}, "thread.messages"),
        ("runs", {"assistant_id": "a", "additional_messages": 0}, "additional_messages"),
    ],
)
def test_more_are_refused(talk: Conversation, path: str, body: dict[str, Any], param: str) -> None:
    too_many = [{"role": "user", "content": "x"}] * (_MOST + 1)
    place = body.get("thread", body)
    place[param.rpartition(".")[2]] = too_many
    answer = talk.wire.post(talk.runs if path == "runs" else path, json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert "at most 10000 items" in answer.json()["error"]["message"]


def test_a_full_thread(talk: Conversation, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MESSAGES_PER_THREAD", 4)
    message = {"role": "user", "content": "x"}
    path = f"/threads/{talk.thread}/messages"
    assert [talk.wire.post(path, json=message).status_code for _each in range(4)] == [200, 200, 200, 400]
    refused = talk.wire.post(path, json=message).json()["error"]["message"]
    assert refused == f"Thread {talk.thread} cannot have more than 4 messages."
    body = {"assistant_id": talk.assistant, "additional_messages": [message]}
    assert talk.wire.post(talk.runs, json=body).status_code == 400
    assert talk.wire.get(f"{talk.runs}").json()["data"] == []
    # A run's reply is never lost.
    assert talk.finish()["status"] == "completed"
    assert len(talk.wire.get(path).json()["data"]) == 5


@pytest.mark.any_store
def test_a_large_thread_costs_its_writers_nothing(app: Runtime) -> None:
    with app.context.store.writing() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}})
        many = [{"id": f"msg_{number}", "metadata": {}} for number in range(99_999)]
        rows.insert_all(connection, MESSAGES, many, thread_id="thread_1")
    with app.context.store.writing() as connection:
        begun = cpu.used(connection)
        threads.add_messages(connection, "thread_1", [{"id": "msg_last", "metadata": {}}])
        took = cpu.used(connection) - begun
    assert took < 1, "generous: some milliseconds"
    with app.context.store.writing() as connection:
        begun = cpu.used(connection)
        rows.remove(connection, THREADS, rows.find(connection, THREADS, "thread_1"))
        took = cpu.used(connection) - begun
    assert took < 20, "generous: about one second"
    with app.context.store.reading() as connection:
        assert rows.all_of(connection, MESSAGES) == []
