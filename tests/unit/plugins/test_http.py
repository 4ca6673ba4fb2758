# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client on real sockets: requests, connections, forks and time."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _http, _network
from ansible_collections.threadworks.openai.plugins.module_utils._errors import (
    TaskError,
    Unanswered,
)
from ansible_collections.threadworks.openai.plugins.module_utils._http import Request, Response
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    THING,
    Peer,
    Scripted,
    always,
    answer,
    hang_up,
    raw,
    silence,
    wire_to,
)

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


# ---- Requests ----


def test_what_a_request_looks_like() -> None:
    with Scripted(always()) as server:
        wire = wire_to(server.url, api_key="secret", organization="org_1", project="proj_1")
        assert wire.create("threads", "a/b ?", body={"a": "ü"}, once="k").thing == THING
        wire.get("threads", query={"metadata[ä]": "x&y", "limit": 1})
    (line, headers, body), (reading, _headers, nothing) = server.seen
    assert line == "POST /v1/threads/a%2Fb%20%3F HTTP/1.1"
    assert reading == "GET /v1/threads?metadata%5B%C3%A4%5D=x%26y&limit=1 HTTP/1.1"
    assert (body, nothing) == (b'{"a": "\\u00fc"}', b"")
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert headers["authorization"] == "Bearer secret"
    assert headers["openai-beta"] == "assistants=v2"
    assert (headers["openai-organization"], headers["openai-project"]) == ("org_1", "proj_1")
    assert headers["idempotency-key"] == "k"
    assert re.fullmatch(r"threadworks\.openai/\d+\.\d+\.\d+", headers["user-agent"])
    # The headers for the local runtime are not sent to other servers.
    assert "runtime-options" not in headers


def test_without_a_key_none_is_sent() -> None:
    with Scripted(always()) as server:
        wire_to(server.url).get("threads", "thread_1")
    assert "authorization" not in server.seen[0][1]


def test_the_url_keeps_its_path_and_its_query() -> None:
    with Scripted(always()) as server:
        url = server.url.replace("/v1", "/my api/v1/?api-version=2026")
        with pytest.raises(TaskError, match="must be an http or https URL"):
            wire_to(url)
        wire_to(url.replace("my api", "my%20api")).get("threads", "thread_1", query={"limit": 1})
    assert server.lines == ["GET /my%20api/v1/threads/thread_1?api-version=2026&limit=1 HTTP/1.1"]


@pytest.mark.parametrize(
    "url",
    ["ftp://a/v1", "http://", "127.0.0.1:80", "http://a:99999/v1", "http://[::1/v1", "http://a b/v1", "http://a\n"],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(TaskError, match=r"^runtime_url must be an http or https URL"):
        wire_to(url)


def test_a_password_in_the_url_is_refused_and_not_shown() -> None:
    with pytest.raises(TaskError, match=r"^runtime_url must not contain a user name") as caught:
        wire_to("http://me:secret@127.0.0.1/v1")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("key", ["a\nX-Evil: 1", "ключ", "a\x7f"])
def test_a_key_that_cannot_be_a_header_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(TaskError, match=r"^api_key contains a line break or another character") as caught:
        wire_to("http://127.0.0.1/v1", api_key=key)
    assert key not in caught.value.message


def test_a_number_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(TaskError, match=r"\.nan or \.inf"):
        wire_to("http://127.0.0.1:1/v1").post("threads", "thread_1", body={"a": float("nan")})


# ---- Bodies in pieces ----


def _long(server: Scripted, pieces: Callable[[], Iterator[bytes]], retries: int = 0) -> Response:
    deadline = time.monotonic() + 30
    request = Request("POST", "/import", 5.0, deadline, headers={"Content-Type": "application/jsonl"}, pieces=pieces)
    return _network.Network(server.url, 5.0, retries).send(request)


def test_a_body_in_pieces_is_sent_in_chunks() -> None:
    with Scripted(always()) as server:
        assert _long(server, lambda: iter([b"a", b"", b"bc" * 50_000, b"\n"])).status == 200
    ((_line, headers, body),) = server.seen
    assert body == b"a" + b"bc" * 50_000 + b"\n"
    assert headers["content-type"] == "application/jsonl"
    assert "content-length" not in headers


def test_a_body_in_pieces_is_sent_again_from_its_beginning() -> None:
    with Scripted(hang_up, always()) as server:
        assert _long(server, lambda: iter([b"a", b"b"]), retries=1).status == 200
    assert [body for _line, _headers, body in server.seen] == [b"ab", b"ab"]


def test_a_server_that_has_answered_gets_no_more_pieces() -> None:
    def refuse(peer: Peer) -> None:
        peer.send(answer({"error": {"message": "too large"}}, "413 Content Too Large"))
        peer.wait()

    with Scripted(refuse) as server:
        response = _long(server, lambda: itertools.repeat(b"x" * 1000))
        assert response.status == 413
        assert b"too large" in response.body()


def test_an_error_of_the_pieces_is_not_an_error_of_the_connection() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise TaskError("the file is gone")

    with Scripted(always()) as server, pytest.raises(TaskError, match="the file is gone"):
        _long(server, pieces)


# ---- Connections ----


def test_a_connection_is_kept() -> None:
    with Scripted(always()) as server:
        wire = wire_to(server.url)
        for _request in range(5):
            assert wire.get("threads", "thread_1") == THING
        assert server.connections == 1


@pytest.mark.parametrize("headers", [{"connection": "close"}, {}])
def test_a_connection_that_the_server_closes_is_opened_again(headers: dict[str, str]) -> None:
    """With and without a warning."""
    with Scripted(raw(answer(**headers))) as server:
        wire = wire_to(server.url)
        for _request in range(3):
            assert wire.get("threads", "thread_1") == THING
        assert server.connections == 3


def stale(peer: Peer) -> None:
    """Answers one request, and closes when the next has arrived."""
    peer.request()
    peer.answer()
    peer.request()


def test_a_request_on_a_stale_connection_is_sent_once_more() -> None:
    with Scripted(stale, always()) as server:
        wire = wire_to(server.url)
        for _request in range(2):
            wire.create("threads", body={}, once="k")
        assert (server.connections, len(server.seen)) == (2, 3)


def test_what_creates_without_a_key_is_not_sent_once_more() -> None:
    with Scripted(stale, always()) as server:
        wire = wire_to(server.url)
        wire.post("threads", body={})
        with pytest.raises(Unanswered, match="the connection was closed"):
            wire.post("threads", body={})
        assert len(server.seen) == 2


def test_threads_share_a_client() -> None:
    with Scripted(always()) as server:
        wire = wire_to(server.url)
        answers: list[Any] = []
        workers = [
            threading.Thread(target=lambda: answers.extend(wire.get("threads", "x") for _n in range(20)))
            for _worker in range(8)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert answers == [THING] * 160


# ---- Time ----


def test_a_server_that_is_silent_is_not_waited_for_longer_than_timeout() -> None:
    with Scripted(silence) as server:
        began = time.monotonic()
        with pytest.raises(Unanswered, match=r"did not answer within 0.5 seconds \(option timeout\)\.$"):
            wire_to(server.url, timeout=0.5, max_retries=2).get("threads", "x")
        assert 0.5 <= time.monotonic() - began < 60
        assert len(server.seen) == 1


def test_a_connection_that_nobody_accepts_has_a_time_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the time that it really took, and not the option's."""
    monkeypatch.setattr(_network, "_CONNECT", 1.0)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        # Its queue is full: further connections get no answer at all.
        waiting = [socket.socket() for _n in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        with pytest.raises(Unanswered, match=r"cannot be reached: no connection within 1 seconds\. Is it running\?$"):
            wire_to(f"http://127.0.0.1:{port}/v1", timeout=90.0).get("threads", "x")
        for each in waiting:
            each.close()


def drip(head: bytes, piece: bytes) -> Any:
    """Sends something a few times a second, for ever."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(head)
        while True:
            peer.send(piece)
            time.sleep(0.05)

    return script


@pytest.mark.parametrize(
    ("head", "piece", "message"),
    [
        (b"", b"H", r"did not send a valid HTTP response|took too long"),
        (b"HTTP/1.1 200 OK\r\n", b"x", "its answer took too long"),
        (b"HTTP/1.1 200 OK\r\n", b"x-drip: 1\r\n", "its answer took too long|more than 100 headers"),
        (OK + b"content-length: 1000\r\n\r\n", b" ", "its answer took too long"),
        (OK + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n", "its answer took too long"),
        (OK + b"\r\n", b" ", "its answer took too long"),
    ],
)
def test_a_drip_does_not_hold_a_task(monkeypatch: pytest.MonkeyPatch, head: bytes, piece: bytes, message: str) -> None:
    monkeypatch.setattr(_http, "_PATIENCE", 2)
    with Scripted(drip(head, piece)) as server:
        began = time.monotonic()
        with pytest.raises(Unanswered, match=message):
            wire_to(server.url, timeout=1.5).get("threads", "x")
        assert time.monotonic() - began < 60


def test_a_slow_answer_is_waited_for() -> None:
    def slow(peer: Peer) -> None:
        peer.request()
        for piece in re.findall(rb".{1,20}", answer({"id": "x" * 2200}), re.DOTALL):
            peer.send(piece)
            time.sleep(0.02)

    with Scripted(slow) as server:
        assert wire_to(server.url, timeout=2).get("threads", "x")["id"] == "x" * 2200
