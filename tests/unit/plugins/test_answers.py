# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are long, break off, or are none; every one of them has its message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _client, _http
from ansible_collections.threadworks.openai.plugins.module_utils._errors import (
    NotFound,
    TaskError,
    Unanswered,
    WireError,
)
from ansible_collections.threadworks.openai.plugins.module_utils._result import status_reason
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    Peer,
    Scripted,
    always,
    answer,
    raw,
    wire_to,
)

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


# ---- Sizes ----


def test_a_long_answer_is_read_whole() -> None:
    with Scripted(always({"id": "x" * 50_000_000})) as server:
        assert len(wire_to(server.url, timeout=60.0).get("threads", "x")["id"]) == 50_000_000


def test_a_long_request_is_sent_whole() -> None:
    with Scripted(always()) as server:
        wire_to(server.url, timeout=60.0).post("threads", "x", body={"a": "x" * 50_000_000})
        assert len(server.seen[0][2]) == 50_000_009


def endless(head: bytes, piece: bytes) -> Any:
    """Sends something for ever, as fast as it can."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(head)
        while True:
            peer.send(piece)

    return script


@pytest.mark.parametrize(
    ("head", "piece", "message"),
    [
        (b"", b"x" * 1000, "did not send a valid HTTP response"),
        (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n" * 100, "did not send a valid HTTP response"),
        (b"HTTP/1.1 200 OK\r\nx: ", b"y" * 1000, "did not send a valid HTTP response"),
        (OK + b"\r\n", b" " * 100_000, "its answer is longer than 1000000 bytes"),
        (OK + b"content-length: 99999999999\r\n\r\n", b" " * 100_000, "its answer is longer than 1000000 bytes"),
        (OK + b"transfer-encoding: chunked\r\n\r\n", b"a\r\n0123456789\r\n" * 1000, "longer than 1000000 bytes"),
    ],
)
def test_an_endless_answer_has_an_end(monkeypatch: pytest.MonkeyPatch, head: bytes, piece: bytes, message: str) -> None:
    monkeypatch.setattr(_http, "LARGEST", 1_000_000)
    with Scripted(endless(head, piece)) as server, pytest.raises(Unanswered, match=message):
        wire_to(server.url, timeout=60.0, max_retries=2).get("threads", "x")
    assert len(server.seen) == 1


# ---- Answers that are none ----


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (answer()[:-1], "the connection was lost"),
        (OK + b"transfer-encoding: chunked\r\n\r\n5\r\n{", "the connection was lost"),
        (OK + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", "the connection was lost"),
        (OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n", "the connection was lost"),
        (b"HTTP/1.1 200", "the connection was closed"),
        (OK, "the connection was closed"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", r"did not send a valid HTTP response \(no status line of HTTP/1\.1\)"),
        (b"\x15\x03\x01\x00\x02\x02\x16\n", r"did not send a valid HTTP response \(no status line of HTTP/1\.1\)"),
        (b"", "the connection was closed"),
    ],
)
def test_a_truncated_answer_is_reported(data: bytes, message: str) -> None:
    with Scripted(raw(data)) as server, pytest.raises(Unanswered, match=message):
        wire_to(server.url).get("threads", "x")


WAYS: dict[str, Callable[[_client.Wire], Any]] = {
    "get": lambda wire: wire.get("threads", "x"),
    "post": lambda wire: wire.post("threads", "x", body={}),
    "stream": lambda wire: wire.stream("threads", "x", "runs", body={}, once="k", quiet=5).run(),
    "list": lambda wire: list(wire.list("threads")),
    "delete": lambda wire: wire.delete("threads", "x"),
}
HTML = b"<!DOCTYPE html><html><head><title>Hi</title><script>var a;</script></head><body>Log <b>in</b>" + b"." * 9999
NOT_THE_WIRE = (
    r"The server at 127\.0\.0\.1:\d+ \(option runtime_url\) answered with .* Check that the option runtime_url is .*\.$"
)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (HTML, "text/html", "an HTML page: Hi Log in"),
        (b"<html></html>", "text/html", "an empty HTML page"),
        (b"", "application/json", r"something that is not a JSON object \(application/json\)"),
        (b"[]", "application/json", r"something that is not a JSON object \(application/json\)"),
        (b"null", "application/json", "something that is not a JSON object"),
        (b"[" * 100_000, "application/json", "something that is not a JSON object"),
        (b"\xff\xfe\x00", "text/plain", r"something that is not a JSON object \(text/plain\)"),
        (b"{}", "application/json", "an object that has no id"),
        (b'{"id": 3}', "application/json", "an object that has no id"),
    ],
)
@pytest.mark.parametrize("how", WAYS)
def test_what_is_not_of_the_wire_names_the_option(how: str, body: bytes, kind: str, message: str) -> None:
    if how == "delete" and body.startswith(b"{"):
        pytest.skip("nobody reads it")
    if how == "list":
        message = message.replace("an object that has no id", "with something that is not a list of objects")
    with Scripted(always(body, kind=kind)) as server:
        wire = wire_to(server.url)
        with pytest.raises(TaskError, match=NOT_THE_WIRE) as caught:
            WAYS[how](wire)
    assert re.search(message, caught.value.message)
    assert len(caught.value.message) < 500


def test_nothing_is_a_fine_answer_to_a_deletion() -> None:
    with Scripted(always(b"", "204 No Content"), always({"error": {"message": "Gone."}}, "404 Not Found")) as server:
        wire_to(server.url).delete("threads", "x")
        wire_to(server.url, api_key="other").delete("threads", "x")


# ---- What the wire's own errors become ----


def test_errors_have_their_data() -> None:
    error = {"message": "No thread found with id 'x'.", "type": "invalid_request_error", "param": None, "code": None}
    with Scripted(always({"error": error}, "404 Not Found")) as server:
        with pytest.raises(NotFound) as caught:
            wire_to(server.url).get("threads", "x")
        assert caught.value.data["error"] == {**error, "status": 404}


PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": PAGE}}, r"^an HTML page: 502 Bad Gateway nginx \(HTTP 400\)$"),
        (
            {"message": f"<?xml version='1.0'?>\n<!-- by us -->\n<!DOCTYPE html>{PAGE}"},
            "^an HTML page: 502 Bad Gateway",
        ),
        ({"error": "Not so."}, r"^Not so\. \(HTTP 400\)$"),
        ({"error": {"message": "word " * 1000}}, r"word \.\.\. \(4999 characters\) \(HTTP 400\)$"),
        ({"error": {"message": "Use <html> in it."}}, r"^Use <html> in it\. "),
        (PAGE.encode(), "^an HTML page: 502 Bad Gateway"),
        (b"word " * 1000, r"word \.\.\. \(4999 characters\) "),
    ],
)
def test_what_a_server_says_is_readable(body: Any, message: str) -> None:
    with Scripted(always(body, "400 Bad")) as server, pytest.raises(WireError, match=message) as caught:
        wire_to(server.url).get("threads", "x")
    assert len(caught.value.message) < 2100


def test_a_page_as_the_reason_of_a_failed_run_is_named() -> None:
    reasons = [
        status_reason({"run": {"last_error": {"message": PAGE, "code": f"{code}_error"}}}) for code in ("server", "x")
    ]
    page = "an HTML page: 502 Bad Gateway nginx"
    # The wire has the first code for almost everything.
    assert reasons == [page, f"{page} (x_error)"]


@pytest.fixture
def many() -> Iterator[Scripted]:
    """A server with three pages."""

    def script(peer: Peer) -> None:
        while request := peer.request():
            first = int(found[1]) + 1 if (found := re.search(r"after=(\d+)", request[0])) else 0
            data = [{"id": str(number)} for number in range(first, min(first + 2, 5))]
            peer.answer({"object": "list", "data": data, "has_more": first + 2 < 5})

    with Scripted(script) as server:
        yield server


def test_a_list_is_read_page_by_page(many: Scripted) -> None:
    things = wire_to(many.url).list("assistants", query={"limit": 20})
    assert [next(things)["id"], next(things)["id"]] == ["0", "1"]
    assert len(many.seen) == 1
    assert [each["id"] for each in things] == ["2", "3", "4"]
    assert [line.split()[1] for line in many.lines] == [
        "/v1/assistants?limit=20",
        "/v1/assistants?limit=100&after=1",
        "/v1/assistants?limit=100&after=3",
    ]


def test_a_server_that_returns_the_same_page_again() -> None:
    def script(peer: Peer) -> None:
        while peer.request():
            peer.answer({"object": "list", "data": [{"id": "0"}, {"id": "1"}], "has_more": True})

    with Scripted(script) as server, pytest.raises(TaskError, match="the same page of a list again"):
        list(wire_to(server.url).list("assistants"))
