# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that are slow, send too much or are too many: they are refused, and other clients are not affected."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from threadworks_runtime import app as application
from threadworks_runtime import bodies
from threadworks_runtime import server as limits
from threadworks_runtime.app import Runtime, create_app
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    AppServer,
    Conversation,
    Served,
    connect,
    raw_client,
    resident,
    wait_for,
)

pytestmark = pytest.mark.any_store

_LINE = b"POST /v1/threads HTTP/1.1\r\n"
_HEADERS = b"Host: localhost\r\nOpenAI-Beta: assistants=v2\r\nContent-Type: application/json\r\n"
_GET = b"GET /v1/threads HTTP/1.1\r\n" + _HEADERS + b"\r\n"
_MEGABYTE = 1024 * 1024


@pytest.fixture(params=["tcp", "unix"])
def impatient(
    app: Runtime, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AppServer]:
    """A server that waits only a second for its clients."""
    monkeypatch.setattr(limits, "_LOOK", 0.1)
    monkeypatch.setattr(limits, "_TO_SEND_A_BODY", 1.0)
    monkeypatch.setattr(limits, "_TO_READ_ON", 1.0)
    monkeypatch.chdir(tmp_path)
    path = None if request.param == "tcp" else Path("socket")
    with AppServer(app, path, timeout_keep_alive=1) as server:
        yield server


def _rest(connection: socket.socket) -> bytes:
    """Return all data until the server closes or resets the connection."""
    come = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            come += piece
    return come


def _drip(connection: socket.socket, piece: bytes) -> bool:
    """Send a little; whether the server has closed the connection."""
    connection.settimeout(0.05)
    try:
        connection.sendall(piece)
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def _refusal(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _empty, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["error"]


def test_clients_that_stop_halfway_are_cut(impatient: AppServer) -> None:
    post = _LINE + _HEADERS
    halves = [
        b"", b"POST", post, post + b"Content-Length: 9\r\n\r\n", post + b"Content-Length: 9\r\n\r\n{",
        post + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", b"GET /healthz HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
    ]  # fmt: skip
    with ExitStack() as stack, raw_client(impatient) as wire:
        connections = [stack.enter_context(connect(impatient)) for _half in halves]
        for connection, half in zip(connections, halves, strict=True):
            connection.sendall(half)
        assert [_rest(connection) for connection in connections] == [b""] * len(halves)
        wait_for(lambda: not impatient.busy)
        assert wire.get("/threads").json()["data"] == []


@pytest.mark.parametrize("head", [_LINE + b"X: ", _LINE + _HEADERS + b"Content-Length: 1000\r\n\r\n"])
def test_drips_do_not_buy_time(impatient: AppServer, head: bytes) -> None:
    with connect(impatient) as connection:
        connection.sendall(head)
        wait_for(lambda: _drip(connection, b"x"))


def test_body_that_nobody_wants_does_not_buy_time_either(impatient: AppServer) -> None:
    with connect(impatient) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\n" + _HEADERS + b"Content-Length: 1000\r\n\r\n{")
        assert b"HTTP/1.1 404" in connection.recv(65536)
        wait_for(lambda: _drip(connection, b"x"))


def test_answers_that_nobody_reads_are_given_up(impatient: AppServer) -> None:
    with raw_client(impatient) as wire:
        message = {"role": "user", "content": "x" * 250_000}
        thread = wire.post("/threads", json={"messages": [message] * 60}).json()["id"]
    with connect(impatient) as connection:
        # Far more than the buffers of both sides hold.
        connection.sendall(_GET.replace(b"/threads", f"/threads/{thread}/messages?limit=100".encode()))
        wait_for(lambda: impatient.connections == 1)
        wait_for(lambda: impatient.connections == 0)
        assert len(_rest(connection)) < 60 * 250_000


def test_answers_that_take_long_are_not_given_up(impatient: AppServer, model_server: ModelServer) -> None:
    model_server.script([{"hold": True}])
    with raw_client(impatient) as wire:
        body = {"assistant_id": Conversation(wire).assistant, "stream": True}
        with wire.stream("POST", "/threads/runs", json=body) as answer:
            lines = answer.iter_lines()
            for _time in range(3):  # a sign of life comes each second
                assert ": waiting" in lines
            model_server.release()
            assert "event: thread.run.completed" in lines


def _send_100_mb(server: Served, begin: bytes, piece: bytes) -> bytes:
    """Send a request of this size, or as much as is taken of it; the answer."""
    with connect(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(begin)
            for _time in range(100 * _MEGABYTE // len(piece)):
                connection.sendall(piece)
        return _rest(connection)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc")
def test_endless_heads_are_refused_and_not_kept(settings: Settings, model_server: ModelServer) -> None:
    chunked = _LINE + _HEADERS + b"Transfer-Encoding: chunked\r\n\r\n"
    with Served(settings.store, model_server.base_url) as served:
        before = resident(served.pid)
        for begin, piece in (
            (_LINE + b"X: ", b"x" * _MEGABYTE),
            (_LINE + b"X", b"x" * _MEGABYTE),
            (_LINE, b"X: y\r\n" * 100_000),
            (b"GET /", b"x" * _MEGABYTE),
            (chunked + b"0\r\n", b"X: y\r\n" * 100_000),
            (chunked + b"0\r\nX: ", b"x" * _MEGABYTE),
            (chunked + b"1;", b"x" * _MEGABYTE),
        ):
            assert b"HTTP/1.1 200" not in _send_100_mb(served, begin, piece), begin
        assert resident(served.pid) - before < 30
        with raw_client(served) as wire:
            assert wire.get("/threads").json()["data"] == []


def test_heads_that_are_too_large_are_answered(server: AppServer) -> None:
    with raw_client(server, X="x" * 60_000) as wire:
        assert wire.get("/threads").status_code == 200
    for field in (b"X: " + b"x" * 66_000, b"X: y\r\n" * 20_000):
        with connect(server) as connection:
            connection.sendall(_LINE + field + b"\r\n\r\n")
            status, error = _refusal(_rest(connection))
        assert status == 431
        assert "65536 bytes" in error["message"]


def test_malformed_requests_are_answered_in_the_shape_of_the_wire(server: AppServer) -> None:
    for malformed in (
        b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n",
        b"CONNECT evil.com:443 HTTP/1.1\r\n\r\n", _LINE + b"Content-Length: -1\r\n\r\n",
        _LINE + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", _LINE + b"X\0: y\r\n\r\n", _LINE + b" X: y\r\n\r\n",
        _LINE + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ):  # fmt: skip
        with connect(server) as connection:
            connection.sendall(malformed)
            status, error = _refusal(_rest(connection))
        assert status == 400, malformed
        assert error["type"] == "invalid_request_error"


def test_requests_may_come_before_the_answer_to_the_one_before(server: AppServer) -> None:
    with connect(server) as connection:
        connection.sendall(_GET * 5)
        come = b""
        while come.count(b'"has_more"') < 5:
            come += connection.recv(65536)
        assert come.count(b"HTTP/1.1 200") == 5
        connection.sendall(_GET * 1000)
        # Some are answered, the others are not even kept.
        assert _rest(connection).count(b"HTTP/1.1 200") < 20
    with raw_client(server) as wire:
        assert wire.get("/threads").status_code == 200


_UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"


def _answers(server: AppServer, sent: bytes, *, shut: bool = False) -> list[int]:
    """The statuses of all answers until the server closes the connection."""
    with connect(server) as connection:
        connection.sendall(sent)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        return [int(part[:3]) for part in _rest(connection).split(b"HTTP/1.1 ")[1:]]


def test_an_offer_to_upgrade_is_ignored(server: AppServer) -> None:
    """Clients such as Java's make it with each request; the body belongs to the request, and others may follow."""
    body = b'{"metadata": {"a": "b"}}'
    sized = _LINE + _HEADERS + _UPGRADE + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunked = _LINE + _HEADERS + _UPGRADE + _CHUNKED + b"\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    get = _GET.replace(b"\r\n\r\n", b"\r\n" + _UPGRADE + b"\r\n")
    websocket = get.replace(b"h2c", b"websocket")
    last = _GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert _answers(server, sized + get + chunked + websocket + last) == [200] * 5
    with connect(server) as connection:
        for number in range(len(sized)):  # the offer may come in any pieces
            connection.sendall(sized[number : number + 1])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    with raw_client(server) as wire:
        made = wire.get("/threads").json()["data"]
    assert [thread["metadata"] for thread in made] == [{"a": "b"}] * 3
    assert _answers(server, _LINE + _HEADERS + _UPGRADE + b"X: " + b"x" * 66_000 + b"\r\n\r\n") == [431]


@pytest.mark.parametrize("field", ["Host: localhost", "OpenAI-Beta: assistants=v2", "Content-Type: application/json"])
def test_trailers_are_no_headers(app: Runtime, settings: Settings, field: str) -> None:
    guarded = create_app(replace(settings, hosts=frozenset({"127.0.0.1"})))
    trailer = field.encode() + b"\r\n"
    head = (_LINE + _HEADERS + b"Connection: close\r\n" + _CHUNKED).replace(trailer, b"") + b"\r\n"
    with AppServer(guarded) as server:
        (status,) = _answers(server, head + b"2\r\n{}\r\n0\r\n" + trailer + b"\r\n")
        assert status in (400, 403, 415)
        with raw_client(server) as wire:
            assert wire.get("/threads").json()["data"] == []


def test_a_token_in_a_trailer_is_none(settings: Settings) -> None:
    head = _LINE + _HEADERS + b"Connection: close\r\n" + _CHUNKED + b"\r\n2\r\n{}\r\n0\r\n"
    with AppServer(create_app(replace(settings, token="s3cret"))) as server:
        assert _answers(server, head + b"Authorization: Bearer s3cret\r\n\r\n") == [401]


def test_a_client_may_close_its_side_after_its_last_request(server: AppServer) -> None:
    assert _answers(server, _GET, shut=True) == [200]
    assert _answers(server, _GET * 3, shut=True) == [200] * 3
    assert _answers(server, _LINE + _HEADERS + b"Content-Length: 2\r\n\r\n{}", shut=True) == [200]
    # What is cut off is not answered as if it were whole.
    assert _answers(server, _LINE + _HEADERS + b"Content-Length: 3\r\n\r\n{}", shut=True) in ([], [400])
    wait_for(lambda: server.connections == 0)


def test_what_is_wrong_with_a_request_does_not_take_the_answers_to_those_before(server: AppServer) -> None:
    assert _answers(server, _GET * 3 + b"nonsense\r\n\r\n") == [200] * 3
    assert 1 <= len(_answers(server, _GET * 20)) < 20
    wait_for(lambda: server.connections == 0)


def test_connections_beyond_the_limit_are_refused(app: Runtime) -> None:
    with AppServer(app, limit_concurrency=4) as server, raw_client(server) as wire, ExitStack() as stack:
        assert wire.get("/threads").status_code == 200
        others = [stack.enter_context(connect(server)) for _time in range(2)]
        wait_for(lambda: server.connections == 3)
        with connect(server) as refused:
            status, error = _refusal(_rest(refused))
        assert (status, error["type"]) == (503, "server_error")
        assert wire.get("/threads").status_code == 200
        others[0].sendall(_GET)
        assert others[0].recv(65536).startswith(b"HTTP/1.1 200")
        others[1].close()
        wait_for(lambda: server.connections == 2)
        with raw_client(server) as another:
            assert another.get("/threads").status_code == 200


def test_bodies_that_are_too_many_at_once_are_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"metadata": {"a": "x" * 500}}).encode()
    held = bodies.Bodies(len(body))
    monkeypatch.setattr(application, "Bodies", lambda _limit: held)
    head = _LINE + _HEADERS + b"Content-Length: %d\r\n\r\n" % len(body)
    with AppServer(create_app(replace(settings, max_body=len(body)))) as server, ExitStack() as stack:
        slow = [stack.enter_context(connect(server)) for _time in range(4)]
        for connection in slow:
            connection.sendall(head + body[:-1])
        wait_for(lambda: held._held == len(slow) * (len(body) - 1))
        with raw_client(server) as wire:

            def refusal() -> dict[str, Any] | None:
                answer = wire.post("/threads", content=body, headers={"content-type": "application/json"})
                return answer.json()["error"] if answer.status_code == 503 else None

            refused = refusal()
            assert refused
            assert "Try again" in refused["message"]
            assert wire.get("/threads").status_code == 200
            for connection in slow:
                connection.sendall(body[-1:])
                assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            assert refusal() is None


@pytest.mark.parametrize("item", [b"1", b"[]", b'""', b'{"":1}', b"1e5"])
def test_small_values_are_not_taken_without_end(server: AppServer, item: bytes) -> None:
    content = b'{"messages": [' + b",".join([item] * 1_000_000) + b"]}"
    with raw_client(server) as wire:
        answer = wire.post("/threads", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413, answer.text
        assert "250000 values" in answer.json()["error"]["message"]
        # Their characters in a text are no values.
        text = wire.post("/threads", json={"messages": [{"role": "user", "content": r'[{,\"\\"' * 30_000}] * 20})
        assert text.status_code == 200, text.text


def test_numbers_have_few_digits(server: AppServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their cost grows with the square of their length."""
    monkeypatch.setattr(bodies, "from_json", None)  # they are refused before they are decoded
    content = b'{"messages": ["\\"", %s]}' % b", ".join([b"9" * 4200] * 7000)
    as_json = {"content-type": "application/json"}
    with raw_client(server) as wire:
        answer = wire.post("/threads", content=content, headers=as_json)
        assert answer.status_code == 400
        assert "at most 100 digits" in answer.json()["error"]["message"]
        monkeypatch.undo()
        # Digits in a text are no number.
        text = b'{"messages": [{"role": "user", "content": "\\"%s"}]}' % (b"9" * 4200)
        assert wire.post("/threads", content=text, headers=as_json).status_code == 200
        longest = wire.post("/threads", content=b'{"x": %s}' % (b"9" * 100), headers=as_json)
        assert longest.json()["error"]["code"] == "unknown_parameter"
