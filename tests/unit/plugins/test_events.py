# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server-sent events: the format, and streams that arrive slowly, break off or are none."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _events
from ansible_collections.threadworks.openai.plugins.module_utils._errors import Unanswered
from ansible_collections.threadworks.openai.plugins.module_utils._events import EventStream, Parser, StreamEvent
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import Peer, Scripted, wire_to

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


FORMAT: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "one": ("event: a\ndata: 1\n\n", [("a", "1")]),
    "CRLF": ("event: a\r\ndata: 1\r\n\r\nevent: b\r\ndata: 2\r\n\r\n", [("a", "1"), ("b", "2")]),
    "CR": ("event: a\rdata: 1\r\revent: b\rdata: 2\r\r:\n", [("a", "1"), ("b", "2")]),
    "no name": ("data: 1\n\n", [("", "1")]),
    "no space": ("event:a\ndata:1\n\n", [("a", "1")]),
    "two spaces": ("event: a\ndata:  1\n\n", [("a", " 1")]),
    "many lines": ("event: a\ndata: {\ndata: }\n\n", [("a", "{\n}")]),
    "an empty line of data": ("data\ndata: x\n\n", [("", "\nx")]),
    "comments": (": hello\n\n: again\n\nevent: a\n: here too\ndata: 1\n\n", [("a", "1")]),
    "no data": ("event: a\n\ndata: 1\n\n", [("", "1")]),
    "other fields": ("id: 3\nretry: 5\nfoo: bar\nevent: a\ndata: 1\n\n", [("a", "1")]),
    "colons": ("data: a: b: c\n\n", [("", "a: b: c")]),
    "byte order mark": ("\ufeffevent: a\ndata: 1\n\n", [("a", "1")]),
    "letters of all kinds": ("data: äöü€😀\n\n", [("", "äöü€😀")]),
    "not complete": ("data: 1\n\ndata: 2\n", [("", "1")]),
}


@pytest.mark.parametrize(("text", "expected"), FORMAT.values(), ids=FORMAT.keys())
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
def test_the_format(text: str, expected: list[tuple[str, str]], size: int) -> None:
    """However the bytes are cut into pieces."""
    parser, data = Parser(), text.encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert [event for piece in pieces for event in parser.feed(piece)] == expected


def test_a_long_event_in_many_pieces_takes_no_long_time() -> None:
    parser = Parser()
    began = time.process_time()
    assert list(parser.feed(b"data: ")) == []
    for _piece in range(20_000):
        assert list(parser.feed(b"x" * 1000)) == []
    ((_name, data),) = parser.feed(b"\n\n")
    assert len(data) == 20_000_000
    assert time.process_time() - began < 5


def stream_of(server: Scripted, quiet: float = 10.0) -> EventStream:
    return wire_to(server.url).stream("threads", "x", "runs", body={}, once="k", quiet=quiet)


def events_of(stream: EventStream) -> list[StreamEvent]:
    return [event for event in stream if event.name]


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def framed(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()


A, B, DONE = framed("a", '{"n": 1}'), framed("b", '{"n": 2}'), framed("done", "[DONE]")
EVENTS = [StreamEvent("a", {"n": 1}), StreamEvent("b", {"n": 2})]


def sends(*pieces: bytes) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.request()
        for piece in pieces:
            peer.send(piece)

    return script


@pytest.mark.parametrize(
    "pieces",
    [
        [CHUNKED, chunk(A), chunk(B), chunk(DONE), b"0\r\n\r\n"],
        [CHUNKED, chunk(A + B + DONE), b"0\r\n\r\n"],
        [CHUNKED, *[chunk(bytes([byte])) for byte in A + B + DONE], b"0\r\n\r\n"],
        [HEAD + b"\r\n", A, B, DONE],
        [HEAD + b"connection: close\r\n\r\n" + A + B + DONE],
        [HEAD + f"content-length: {len(A + B + DONE)}\r\n\r\n".encode(), A, B, DONE],
        [CHUNKED, chunk(A + B), chunk(b"data: [DONE]\n\n"), b"0\r\n\r\n"],
        [CHUNKED, chunk(A + B), b"0\r\n\r\n"],
    ],
)
def test_a_stream(pieces: list[bytes]) -> None:
    with Scripted(sends(*pieces)) as server:
        stream = stream_of(server)
        assert stream.is_stream
        assert events_of(stream) == EVENTS
    line, headers, body = server.seen[0]
    assert line == "POST /v1/threads/x/runs HTTP/1.1"
    assert (headers["idempotency-key"], body) == ("k", b'{"stream": true}')


def test_events_arrive_at_once_and_comments_are_signs_of_life() -> None:
    go = threading.Event()

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED)
        for piece in (A, b": alive\n\n", B):
            peer.send(chunk(piece))
            assert go.wait(300)
            go.clear()

    with Scripted(script) as server:
        seen: list[str] = []
        for event in stream_of(server):
            seen.append(event.name)
            go.set()
            if event.name == "b":
                break
    assert seen == ["a", "", "b"]


def test_the_end_is_not_waited_for() -> None:
    """A server may leave the connection open after the last event."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED + chunk(A + B + DONE))
        peer.wait()

    with Scripted(script) as server:
        assert events_of(stream_of(server)) == EVENTS


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([CHUNKED, chunk(A)], r"^The stream was interrupted: the connection was lost"),
        ([CHUNKED, chunk(A), b"ff\r\nhalf"], r"^The stream was interrupted: the connection was lost"),
        ([CHUNKED, chunk(A), b"what?\r\n"], r"^The stream was interrupted: the connection was lost"),
        ([HEAD + b"content-length: 9999\r\n\r\n", A], r"^The stream was interrupted: the connection was lost"),
        ([CHUNKED, chunk(A + framed("b", "{")), b"0\r\n\r\n"], r"the data of an event 'b' is not JSON\.$"),
    ],
)
def test_a_stream_that_breaks_off(pieces: list[bytes], message: str) -> None:
    seen: list[StreamEvent] = []
    with Scripted(sends(*pieces)) as server, pytest.raises(Unanswered, match=message):
        seen += (event for event in stream_of(server) if event.name)
    assert seen in ([], EVENTS[:1])


def forever(piece: bytes, pause: float) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED)
        while True:
            peer.send(chunk(piece))
            time.sleep(pause)

    return script


@pytest.mark.parametrize(("piece", "pause"), [(b": alive\n\n", 0.05), (b"x", 0.05), (A, 0.05)])
def test_a_stream_has_a_deadline(piece: bytes, pause: float) -> None:
    """Also if data arrives all the time. The caller can check the time between the pieces."""
    with Scripted(forever(piece, pause)) as server:
        looks: list[float] = []
        began = time.monotonic()
        with pytest.raises(Unanswered, match="its answer took too long"):
            looks.extend(time.monotonic() for _event in stream_of(server, quiet=1.0))
        assert 1 <= time.monotonic() - began < 60
        assert len(looks) > 3


def test_a_silent_stream_has_a_deadline() -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(CHUNKED + chunk(A))
        peer.wait()

    with Scripted(script) as server, pytest.raises(Unanswered, match="its answer took too long"):
        list(stream_of(server, quiet=0.5))


def test_an_event_without_an_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_events, "LARGEST", 1_000_000)
    with Scripted(forever(b"x" * 10_000, 0)) as server, pytest.raises(Unanswered, match="longer than 1000000 bytes"):
        list(stream_of(server))


def test_a_server_that_does_not_stream() -> None:
    def script(peer: Peer) -> None:
        while peer.request():
            peer.answer({"id": "run_1", "status": "queued"})

    with Scripted(script) as server:
        stream = stream_of(server)
        assert not stream.is_stream
        assert stream.run() == {"id": "run_1", "status": "queued"}
        # The connection is used again.
        assert stream_of(server).run()["id"] == "run_1"
        assert server.connections == 1


@pytest.mark.parametrize("data", ['"text"', "[1]", "3"])
def test_data_that_is_no_object(data: Any) -> None:
    with Scripted(sends(CHUNKED, chunk(framed("error", data) + DONE), b"0\r\n\r\n")) as server:
        ((name, parsed),) = events_of(stream_of(server))
    assert name == "error"
    assert re.sub(r"\W", "", parsed["message"]) in ("text", "1", "3")
