# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``Idempotency-Key``: however often it is asked for, one thing is made."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, Conversation, wait_for

_KEY = {"Idempotency-Key": "one"}


@pytest.fixture
def creations(talk: Conversation) -> dict[str, tuple[str, dict[str, Any]]]:
    """Each creating request, by the list it shows up in."""
    return {
        "/assistants": ("/assistants", {"model": "m"}),
        "/threads": ("/threads", {"metadata": {"a": "b"}}),
        f"/threads/{talk.thread}/messages": (f"/threads/{talk.thread}/messages", {"role": "user", "content": "x"}),
        talk.runs: (talk.runs, {"assistant_id": talk.assistant}),
    }


def test_the_same_request_makes_one_thing(
    wire: httpx2.Client, creations: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    for number, (listed, (path, body)) in enumerate(creations.items()):
        key = {"Idempotency-Key": f"key-{number}"}
        before = len(wire.get(listed).json()["data"])
        first = wire.post(path, json=body, headers=key)
        again = wire.post(path, json=body, headers=key)
        assert (first.status_code, again.status_code) == (200, 200), again.text
        assert first.json()["id"] == again.json()["id"]
        assert [answer.headers.get("Idempotent-Replayed") for answer in (first, again)] == [None, "true"]
        other = wire.post(path, json={**body, "metadata": {"other": "yes"}}, headers=key)
        assert other.status_code == 400
        assert "'Idempotency-Key'" in other.json()["error"]["message"]
        made = {found["id"] for found in wire.get(listed).json()["data"] if found.get("run_id") is None}
        assert len(made) == before + 1
        assert wire.post("/threads/runs", json=body, headers=key).status_code == 400


def test_thread_and_run_are_made_together_once(talk: Conversation, model_server: ModelServer) -> None:
    threads = len(talk.wire.get("/threads").json()["data"])
    body = {"assistant_id": talk.assistant}
    first, again = (talk.wire.post("/threads/runs", json=body, headers=_KEY).json() for _time in range(2))
    assert first["id"] == again["id"]
    assert len(talk.wire.get("/threads").json()["data"]) == threads + 1


def test_it_answers_with_the_thing_as_it_is_now(wire: httpx2.Client) -> None:
    made = wire.post("/threads", headers=_KEY).json()["id"]
    wire.post(f"/threads/{made}", json={"metadata": {"new": "yes"}})
    assert wire.post("/threads", headers=_KEY).json()["metadata"] == {"new": "yes"}


def test_what_was_deleted_is_made_anew(wire: httpx2.Client) -> None:
    first = wire.post("/threads", headers=_KEY).json()["id"]
    wire.delete(f"/threads/{first}")
    second = wire.post("/threads", headers=_KEY).json()["id"]
    assert second != first
    assert wire.post("/threads", headers=_KEY).json()["id"] == second


def test_a_refused_request_does_not_use_the_key_up(wire: httpx2.Client, talk: Conversation) -> None:
    assert wire.post(talk.runs, json={"assistant_id": "asst_x"}, headers=_KEY).status_code == 404
    assert wire.post(talk.runs, json={"assistant_id": talk.assistant}, headers=_KEY).status_code == 200


@pytest.mark.parametrize("sent", ["", '{"metadata": {"a": ', "{}"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_that_breaks_off_makes_nothing_and_does_not_use_the_key_up(
    wire: httpx2.Client, server: AppServer, sent: str, chunked: bool
) -> None:
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 100"
    body = f"{len(sent):x}\r\n{sent}\r\n" if chunked and sent else sent
    with socket.create_connection(("127.0.0.1", int(server.root.rpartition(":")[2]))) as connection:
        head = f"Host: runtime\r\nOpenAI-Beta: assistants=v2\r\nContent-Type: application/json\r\n{length}"
        connection.sendall(f"POST /v1/threads HTTP/1.1\r\n{head}\r\nIdempotency-Key: one\r\n\r\n{body}".encode())
        connection.shutdown(socket.SHUT_WR)
        # The server has seen the end when it closes the connection, and has dealt with it when it has nothing to do.
        connection.settimeout(60)
        assert b"200 OK" not in connection.recv(65536)
    wait_for(lambda: not server.busy)
    assert wire.get("/threads").json()["data"] == []
    assert wire.post("/threads", json={"metadata": {"other": "yes"}}, headers=_KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_keys_that_are_none(wire: httpx2.Client, key: str) -> None:
    answer = wire.post("/threads", headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert "'Idempotency-Key'" in answer.json()["error"]["message"]


def test_at_the_same_moment(talk: Conversation, model_server: ModelServer) -> None:
    def create(_number: int) -> httpx2.Response:
        return talk.wire.post(talk.runs, json={"assistant_id": talk.assistant}, headers=_KEY)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert {answer.status_code for answer in answers} == {200}
    (run_id,) = {answer.json()["id"] for answer in answers}
    talk.until({"id": run_id}, "completed")
    assert len(model_server.runs) == 1


def test_without_a_key_one_of_many_runs_wins(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"hold": True}])

    def create(_number: int) -> int:
        return talk.wire.post(talk.runs, json={"assistant_id": talk.assistant}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == [200] + [400] * 7
