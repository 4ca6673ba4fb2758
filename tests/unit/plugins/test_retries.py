# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that are sent again, and requests that are sent elsewhere."""

from __future__ import annotations

import re
import socket
import time
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _http, _network
from ansible_collections.threadworks.openai.plugins.module_utils._errors import (
    TaskError,
    Unanswered,
    WireError,
)
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    THING,
    Peer,
    Script,
    Scripted,
    always,
    answer,
    hang_up,
    raw,
    wire_to,
)

# ---- Retries ----


def statuses(*texts: str, **headers: str) -> Any:
    """Answers with one status after the other, on one connection, and then well."""
    left = list(texts)

    def script(peer: Peer) -> None:
        while peer.request():
            if left:
                peer.answer({"error": {"message": "Later."}}, left.pop(0), **headers)
            else:
                peer.answer()

    return script


AGAIN = [
    "408 Request Timeout",
    "409 Conflict",
    "429 Too Many Requests",
    "500 Oops",
    "502 Bad Gateway",
    "503 Full",
    "529 X",
]


@pytest.mark.parametrize("status", AGAIN)
def test_what_may_pass_is_tried_again(status: str) -> None:
    with Scripted(statuses(status, status)) as server:
        assert wire_to(server.url, max_retries=2).create("threads", body={}, once="k").thing == THING
        assert [headers["idempotency-key"] for _line, headers, _body in server.seen] == ["k"] * 3


@pytest.mark.parametrize("status", AGAIN)
def test_what_does_not_pass_is_given_up(status: str) -> None:
    with Scripted(statuses(*[status] * 9)) as server:
        with pytest.raises(WireError, match=rf"^Later\. \(HTTP {status[:3]}\)$"):
            wire_to(server.url, max_retries=2).get("threads", "x")
        assert len(server.seen) == 3


@pytest.mark.parametrize("status", ["400 Bad", "401 Who", "403 No", "404 Nothing", "422 Odd"])
def test_a_refusal_is_final(status: str) -> None:
    with Scripted(statuses(status)) as server:
        with pytest.raises(WireError):
            wire_to(server.url, max_retries=2).get("threads", "x")
        assert len(server.seen) == 1


@pytest.mark.parametrize("path", [("threads",), ("threads", "runs"), ("threads", "x", "messages"), ("assistants",)])
def test_what_creates_is_tried_again_only_with_its_key(path: tuple[str, ...]) -> None:
    with Scripted(statuses("503 Full")) as server:
        with pytest.raises(WireError):
            wire_to(server.url, max_retries=2).post(*path, body={})
        assert len(server.seen) == 1
    with Scripted(hang_up, always()) as server:
        with pytest.raises(Unanswered):
            wire_to(server.url, max_retries=2).post(*path, body={})
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("scripts", "is_new"),
    [
        ([always()], True),
        ([always(**{"idempotent-replayed": "true"})], False),
        # It may have been this request itself, whose answer has not arrived.
        ([hang_up, always(**{"idempotent-replayed": "true"})], True),
        ([raw(answer({}, "503 Full")), always(**{"idempotent-replayed": "true"})], True),
    ],
)
def test_who_has_created_it(scripts: list[Script], is_new: bool) -> None:
    with Scripted(*scripts) as server:
        assert wire_to(server.url, max_retries=2).create("threads", body={}, once="k") == (THING, is_new)


@pytest.mark.parametrize(
    "path", [("threads", "x"), ("threads", "x", "runs", "y"), ("threads", "x", "runs", "y", "cancel")]
)
def test_a_change_is_tried_again_without_a_key(path: tuple[str, ...]) -> None:
    with Scripted(hang_up, statuses("503 Full")) as server:
        assert wire_to(server.url, max_retries=2).post(*path, body={}) == THING
        assert len(server.seen) == 3


def test_a_connection_that_fails_is_tried_again() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(Unanswered, match=r"cannot be reached: connection refused\. Is it running\?$"):
        wire_to(f"http://127.0.0.1:{port}/v1", max_retries=2).post("threads", body={})
    assert time.monotonic() - began >= 0.02
    with pytest.raises(Unanswered, match=r"no-such-host.invalid cannot be resolved"):
        wire_to("http://no-such-host.invalid/v1").get("threads", "x")


def in_seconds(seconds: float) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the client, which does not take them."""
    pauses: list[float] = []
    clock = SimpleNamespace(monotonic=time.monotonic, time=time.time, sleep=pauses.append)
    monkeypatch.setattr(_network, "time", clock)
    return pauses


@pytest.mark.parametrize(
    ("wish", "least", "most"), [("30", 30, 40), ("0", 0, 1), ("date", 1, 40), ("soon", 0, 1), ("", 0, 1)]
)
def test_a_server_says_when_to_come_back(pauses: list[float], wish: str, least: float, most: float) -> None:
    wish = in_seconds(30) if wish == "date" else wish
    with Scripted(statuses("429 Too Many Requests", retry_after=wish)) as server:
        assert wire_to(server.url, max_retries=2, timeout=90).get("threads", "x") == THING
    (pause,) = pauses
    assert least <= pause < most


@pytest.mark.parametrize("wish", ["61", "9" * 400, "date"])
def test_a_server_that_wants_too_much_time_is_not_waited_for(wish: str) -> None:
    wish = in_seconds(100) if wish == "date" else wish
    with Scripted(statuses("429 Too Many Requests", retry_after=wish)) as server:
        with pytest.raises(WireError) as caught:
            wire_to(server.url, max_retries=2).get("threads", "x")
        assert re.match(r"Later\. \(HTTP 429\) The server asks .*Retry-After: ", caught.value.message)
        assert len(server.seen) == 1
        assert wish[:40] in caught.value.message
        assert len(caught.value.message) < 200


def test_no_retry_goes_beyond_the_time_of_the_request(pauses: list[float]) -> None:
    with Scripted(statuses(*["429 Too Many Requests"] * 9, retry_after="30")) as server:
        with pytest.raises(WireError):
            wire_to(server.url, max_retries=9).ask("threads", "x", within=20)
        assert pauses == []


def test_pauses_grow_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_network, "_SHORTEST_PAUSE", 0.5)
    failed, request = _http.Failed("x", sent=False), _http.Request("GET", "/", 1)
    for attempt, longest in enumerate([0.5, 1, 2, 4, 8, 8, 8]):
        pauses = {_network._pause(failed, request, attempt) for _n in range(20)}
        assert len(pauses) > 1
        assert all(0.75 * longest <= pause <= longest for pause in pauses if pause is not None)


# ---- Redirects ----


def moved(location: str, status: str = "307 Temporary Redirect", left: int = 1) -> Any:
    """Redirects so often, and answers then."""

    def script(peer: Peer) -> None:
        nonlocal left
        while peer.request():
            if left:
                left -= 1
                peer.answer(b"", status, location=location)
            else:
                peer.answer()

    return script


@pytest.mark.parametrize("status", ["301 X", "302 X", "307 X", "308 X", "303 X"])
def test_a_redirect_on_the_same_server_is_followed(status: str) -> None:
    with Scripted(moved("/v2/threads/?a=b", status)) as server:
        assert wire_to(server.url, api_key="k").create("threads", body={"a": 1}, once="k").thing == THING
    (_line, _headers, _body), (line, headers, body) = server.seen
    method, sent = ("GET", b"") if status == "303 X" else ("POST", b'{"a": 1}')
    assert (line, body) == (f"{method} /v2/threads/?a=b HTTP/1.1", sent)
    assert headers["authorization"] == "Bearer k"


def test_a_relative_redirect() -> None:
    with Scripted(moved("y")) as server:
        wire_to(server.url).get("threads", "x")
    assert server.lines[1] == "GET /v1/threads/y HTTP/1.1"


def test_a_redirect_to_another_server_is_not_followed() -> None:
    with Scripted(always()) as other:
        for location in (other.url, "//other.example.org/v1", "https://127.0.0.1/v1", "ftp://a/"):
            with Scripted(moved(location)) as server:
                with pytest.raises(
                    TaskError, match=r"redirects to \w+://[\w.]+:\w+, which is another server"
                ) as caught:
                    wire_to(server.url, api_key="secret").get("threads", "x")
                assert "set runtime_url" in caught.value.message
        assert other.seen == []


def test_redirects_come_to_an_end() -> None:
    with Scripted(moved("/v1/threads/x", left=99)) as server:
        with pytest.raises(TaskError, match="redirects more than 5 times"):
            wire_to(server.url).get("threads", "x")
        assert len(server.seen) == 6
    with Scripted(moved("/v1/threads/x", left=5)) as server:
        assert wire_to(server.url).get("threads", "x") == THING


def test_a_redirect_without_a_place_is_an_error() -> None:
    with Scripted(always(b"", "304 Not Modified")) as server, pytest.raises(WireError, match="HTTP 304"):
        wire_to(server.url).get("threads", "x")
    with Scripted(moved("http://[broken")) as server, pytest.raises(Unanswered, match="an invalid URL"):
        wire_to(server.url).get("threads", "x")
