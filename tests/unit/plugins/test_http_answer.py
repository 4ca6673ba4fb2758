# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an answer is framed, however its bytes are cut into pieces."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._http_answer import Head, read_body, read_head
from ansible_collections.threadworks.openai.plugins.module_utils._http_socket import Malformed, Socket

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"


@contextmanager
def arriving(data: bytes, *, at_once: int = 65536) -> Iterator[Socket]:
    """Yield a socket on which the data arrives in pieces of this many bytes, and then the end."""

    class Slow:
        def __init__(self, sock: socket.socket) -> None:
            self._sock = sock

        def recv(self, most: int) -> bytes:
            return self._sock.recv(min(most, at_once))

        def settimeout(self, seconds: float) -> None:
            self._sock.settimeout(seconds)

    here, there = socket.socketpair()
    with here, there:
        there.sendall(data)
        there.shutdown(socket.SHUT_WR)
        yield Socket(Slow(here))  # type: ignore[arg-type]


def answer(data: bytes, at_once: int = 65536) -> tuple[Head, bytes, bytes]:
    """Return the head, the body and what comes behind the body."""
    with arriving(data, at_once=at_once) as sock:
        head = read_head(sock)
        return head, b"".join(read_body(sock, head)), sock.piece()


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 65536])
@pytest.mark.parametrize(
    ("data", "body", "will_close"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.1 200 OK\nContent-Length:5\n\nhello", b"hello", False),
        (b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", b"", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", False),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", False),
        (b"HTTP/1.1 200 OK\r\n\r\nto the end", b"to the end", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
        (CHUNKED + b"3\r\nabc\r\nA;name=value\r\n0123456789\r\n0\r\n\r\n", b"abc0123456789", False),
        (CHUNKED + b"0\r\nTrailer: x\r\nOther: y\r\n\r\n", b"", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", b"a", False),
    ],
)
def test_a_body_ends_where_the_head_says(data: bytes, body: bytes, will_close: bool, at_once: int) -> None:
    head, found, behind = answer(data, at_once)
    assert (found, head.will_close, behind) == (body, will_close, b"")


def test_with_tls_nothing_behind_a_body_is_taken_for_the_next_answer() -> None:
    class Tls:
        """As with TLS, `poll` does not report the rest of a record that is not read at once."""

        def __init__(self, sock: socket.socket, *records: bytes) -> None:
            self._sock, self._records = sock, list(records)

        def recv(self, most: int) -> bytes:
            record = self._records[0]
            self._records[:1] = [record[most:]] if record[most:] else []
            return record[:most]

        def settimeout(self, seconds: float) -> None:
            pass

        def fileno(self) -> int:
            return self._sock.fileno()

    here, there = socket.socketpair()
    with here, there:
        records = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"okHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        sock = Socket(Tls(here, *records))  # type: ignore[arg-type]
        assert b"".join(read_body(sock, read_head(sock))) == b"ok"
        assert not sock.is_quiet(), "the connection cannot be used again"


def test_what_a_head_says() -> None:
    head, _body, behind = answer(
        b"HTTP/1.1 429 Too  Many\r\nX-A:  1 \r\nx-a: 2\r\nEmpty:\r\ncontent-length: 1\r\n\r\nabc"
    )
    assert (head.status, head.reason, head.length) == (429, "Too  Many", 1)
    assert head.headers == {"x-a": "1", "empty": "", "content-length": "1"}
    assert behind == b"bc"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 ok\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nname : space\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: line\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 11,
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 140000,
    ],
)
def test_a_head_that_is_not_http(data: bytes) -> None:
    with arriving(data) as sock, pytest.raises(Malformed):
        read_head(sock)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\na: b\r\n"])
def test_a_head_that_breaks_off(data: bytes) -> None:
    with arriving(data) as sock, pytest.raises(ConnectionError):
        read_head(sock)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        CHUNKED + b"3\r\nabc\r\n",
        CHUNKED + b"3\r\nabc\r\n0\r\n",
        CHUNKED + b"3\r\nab",
        CHUNKED + b"2\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"-1\r\nabc\r\n",
        CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"0_3\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"\r\nabc\r\n",
        CHUNKED + b"fffffffffffffffff\r\nabc\r\n",
    ],
)
def test_a_body_that_breaks_off(data: bytes) -> None:
    with arriving(data) as sock, pytest.raises(ConnectionError):
        list(read_body(sock, read_head(sock)))
