# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vector stores that assistants, threads and messages make or extend on the model server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import openai
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import ModelOptions, Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, raw_client, sdk, told_by_requests

_SEARCH = {"type": "file_search"}


@pytest.fixture
def client(either: Settings) -> Iterator[openai.OpenAI]:
    settings, told = told_by_requests(either)
    with AppServer(create_app(settings)) as server, sdk(server, default_headers=told) as client:
        yield client


def _file(client: openai.OpenAI, text: str) -> str:
    return client.files.create(file=("runbook.txt", text.encode()), purpose="assistants").id


def _attached(file_id: str) -> list[dict[str, Any]]:
    return [{"file_id": file_id, "tools": [_SEARCH]}]


def _store_of(thing: Any) -> str:
    (id,) = thing.tool_resources.file_search.vector_store_ids
    return id


def _files_of(client: openai.OpenAI, store: str) -> set[str]:
    return {file.id for file in client.vector_stores.files.list(store)}


def test_an_assistant_gets_a_vector_store(client: openai.OpenAI) -> None:
    file = _file(client, "restart the pump")
    new = {"file_ids": [file], "metadata": {"team": "a"}, "chunking_strategy": {"type": "auto"}}
    resources = {"file_search": {"vector_stores": [new]}}
    assistant = client.beta.assistants.create(model="m", tools=[_SEARCH], tool_resources=resources)
    store = client.vector_stores.retrieve(_store_of(assistant))
    assert (store.metadata, store.expires_after) == ({"team": "a"}, None)
    assert _files_of(client, store.id) == {file}
    assert client.beta.assistants.retrieve(assistant.id) == assistant
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "the pump"}])
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    assert run.status == "completed", run.last_error
    assert client.beta.threads.messages.list(thread.id).data[0].content[0].text.value == "restart the pump"


def test_a_thread_gets_a_vector_store_that_expires(client: openai.OpenAI) -> None:
    first, second = _file(client, "one"), _file(client, "two")
    thread = client.beta.threads.create(
        tool_resources={"file_search": {"vector_stores": [{"file_ids": [first]}]}},
        messages=[{"role": "user", "content": "x", "attachments": _attached(second)}],
    )
    store = client.vector_stores.retrieve(_store_of(thread))
    assert store.expires_after is not None
    assert store.expires_after.days == 7
    assert _files_of(client, store.id) == {first, second}
    assert client.beta.threads.retrieve(thread.id) == thread


def test_messages_make_and_extend_the_threads_vector_store(client: openai.OpenAI, model_server: ModelServer) -> None:
    first, second, third = (_file(client, text) for text in ("valve one", "fan two", "disk three"))
    thread = client.beta.threads.create()
    messages = client.beta.threads.messages
    messages.create(thread.id, role="user", content="x", attachments=_attached(first))
    store = _store_of(client.beta.threads.retrieve(thread.id))
    messages.create(thread.id, role="user", content="y", attachments=_attached(second))
    assert _store_of(client.beta.threads.retrieve(thread.id)) == store
    assistant = client.beta.assistants.create(model="m", tools=[_SEARCH])
    more = [{"role": "user", "content": "which disk", "attachments": _attached(third)}]
    run = client.beta.threads.runs.create_and_poll(
        thread_id=thread.id, assistant_id=assistant.id, additional_messages=more
    )
    assert run.status == "completed", run.last_error
    assert _files_of(client, store) == {first, second, third}
    assert messages.list(thread.id).data[0].content[0].text.value == "disk three"
    (sent,) = model_server.runs
    assert "input_file" not in str(sent["input"])


def test_a_run_with_its_thread(client: openai.OpenAI) -> None:
    file = _file(client, "the pump is old")
    assistant = client.beta.assistants.create(model="m", tools=[_SEARCH])
    message = {"role": "user", "content": "pump", "attachments": _attached(file)}
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant.id, thread={"messages": [message]})
    assert run.status == "completed", run.last_error
    assert _files_of(client, _store_of(client.beta.threads.retrieve(run.thread_id))) == {file}


def _made(model_server: ModelServer) -> int:
    made = [request for request in model_server.requests if request["path"] == "/v1/vector_stores"]
    return len([request for request in made if request["method"] == "POST"])


def test_a_repeated_or_refused_request_makes_none(settings: Settings, model_server: ModelServer) -> None:
    with AppServer(create_app(settings)) as server, sdk(server) as client, raw_client(server) as wire:
        file = _file(client, "x")
        body = {"messages": [{"role": "user", "content": "x", "attachments": _attached(file)}]}
        answers = [wire.post("/threads", json=body, headers={"Idempotency-Key": "k"}).json() for _time in range(2)]
        assert answers[0] == answers[1]
        assert _made(model_server) == 1
        model_server.script([{"hold": True}])
        assistant = client.beta.assistants.create(model="m")
        thread = client.beta.threads.create()
        client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
        path = f"/threads/{thread.id}/messages"
        refused = wire.post(path, json=body["messages"][0])
        assert refused.json()["error"]["code"] == "run_active"
        assert _made(model_server) == 1


@pytest.mark.parametrize("path", ["/threads", "/assistants", "/threads/runs", "message", "run"])
def test_a_request_that_is_repeated_at_the_same_moment_makes_one(
    settings: Settings, model_server: ModelServer, path: str
) -> None:
    with AppServer(create_app(settings)) as server, sdk(server) as client, raw_client(server) as wire:
        message = {"role": "user", "content": "x", "attachments": _attached(_file(client, "x"))}
        thread = wire.post("/threads").json()["id"]
        assistant = wire.post("/assistants", json={"model": "m"}).json()["id"]
        body: dict[str, Any] = {
            "/threads": {"messages": [message]},
            "/assistants": {"model": "m", "tool_resources": {"file_search": {"vector_stores": [{}]}}},
            "/threads/runs": {"assistant_id": assistant, "thread": {"messages": [message]}},
            "message": message,
            "run": {"assistant_id": assistant, "additional_messages": [message]},
        }[path]
        url = {"message": f"/threads/{thread}/messages", "run": f"/threads/{thread}/runs"}.get(path, path)

        def create(_number: int) -> str:
            answer = wire.post(url, json=body, headers={"Idempotency-Key": "k"})
            return str(answer.raise_for_status().json()["id"])

        with ThreadPoolExecutor(5) as pool:
            assert len(set(pool.map(create, range(5)))) == 1
    assert _made(model_server) == 1


def test_messages_at_the_same_moment_share_one_vector_store(settings: Settings) -> None:
    with AppServer(create_app(settings)) as server, sdk(server) as client:
        files = [_file(client, str(number)) for number in range(6)]
        thread = client.beta.threads.create()

        def create(file: str) -> None:
            client.beta.threads.messages.create(thread.id, role="user", content="x", attachments=_attached(file))

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(create, files))
        assert _files_of(client, _store_of(client.beta.threads.retrieve(thread.id))) == set(files)


def test_what_the_model_server_refuses_is_reported(settings: Settings) -> None:
    with AppServer(create_app(settings)) as server, sdk(server) as client:
        thread = client.beta.threads.create()
        with pytest.raises(openai.BadRequestError, match="No such File object: file_none"):
            client.beta.threads.messages.create(thread.id, role="user", content="x", attachments=_attached("file_none"))
        assert client.beta.threads.messages.list(thread.id).data == []
    with ModelServer(hosts=False) as bare:
        app = create_app(replace(settings, model=ModelOptions(base_url=bare.base_url)))
        with AppServer(app) as server, sdk(server) as client:
            resources = {"file_search": {"vector_stores": [{"file_ids": ["file_1"]}]}}
            with pytest.raises(openai.BadRequestError, match="put the text into a message") as none:
                client.beta.assistants.create(model="m", tool_resources=resources)
            assert none.value.code == "not_offered_by_model_server"
            assert client.beta.assistants.list().data == []


@pytest.mark.parametrize("id", ["..", "../../admin?x=", "a/../../b", "vs_1\r\nX: y", "", "#"])
def test_an_id_cannot_lead_to_another_path_of_the_model_server(
    settings: Settings, model_server: ModelServer, id: str
) -> None:
    with AppServer(create_app(settings)) as server, raw_client(server) as wire:
        resources = {"file_search": {"vector_store_ids": [id]}}
        thread = wire.post("/threads", json={"tool_resources": resources}).json()
        message = {"role": "user", "content": "x", "attachments": _attached("file_1")}
        refused = wire.post(f"/threads/{thread['id']}/messages", json=message)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "vector_store_id")
        made = wire.post("/threads", json={"tool_resources": resources, "messages": [message]})
        assert made.status_code == 400
    assert model_server.requests == []
