# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Reads HTTP/1.1 answers: the head, and the body up to its end (RFC 9112). The standard library's `http.client`
# imports `ssl` and `email`, which takes longer than a lookup's request. It also accepts an incomplete head.

from __future__ import annotations

import errno
import typing as t

from ._http_socket import PIECE, Malformed, Socket

_VERSIONS = ("HTTP/1.1", "HTTP/1.0")
_MOST_HEADERS = 100
_MOST_INTERIM = 10
_NO_BODY = (204, 304)
_FRAMING = ("content-length", "transfer-encoding")
_DIGITS = frozenset("0123456789abcdefABCDEF")


class Head(t.NamedTuple):
    """The head of an answer.

    Attributes:
        status: The HTTP status.
        reason: The reason phrase.
        headers: The headers by their names in lower case. If a header is repeated, the first one. Repeated headers that
            describe the length of the body must be equal.
        length: The length of the body in bytes, or None if it is not known in advance.
        is_chunked: Whether the body is sent in chunks.
        will_close: Whether the connection cannot be used for another request.
    """

    status: int
    reason: str
    headers: dict[str, str]
    length: int | None
    is_chunked: bool
    will_close: bool


def read_head(sock: Socket) -> Head:
    """Return the head of the next answer.

    Raises:
        Malformed: The head is malformed.
        ConnectionError: The connection is closed within the head.
        TimeoutError: A time limit is exceeded.
    """
    for _interim in range(_MOST_INTERIM):
        version, status, reason = _status_of(sock.line())
        headers = _headers(sock)
        if status >= 200:
            break
    else:
        raise Malformed(f"more than {_MOST_INTERIM} interim answers")
    coding = headers.get("transfer-encoding", "identity").lower()
    if coding not in ("chunked", "identity"):
        raise Malformed("an unknown Transfer-Encoding")
    is_chunked = coding == "chunked"
    length = None if is_chunked else _length_of(headers)
    if status in _NO_BODY:
        length, is_chunked = 0, False
    connection = headers.get("connection", "").lower()
    will_close = "close" in connection or (version == "HTTP/1.0" and "keep-alive" not in connection)
    return Head(status, reason, headers, length, is_chunked, will_close or (length is None and not is_chunked))


def read_body(sock: Socket, head: Head) -> t.Iterator[bytes]:
    """Yield the body after a head, as it arrives.

    Raises:
        ConnectionError: The connection is closed before the end of the body, or a chunk is malformed.
        TimeoutError: A time limit is exceeded.
    """
    if head.is_chunked:
        while size := _chunk_size(sock.line()):
            yield from _exactly(sock, size)
            if sock.line():
                raise ConnectionError(errno.EBADMSG, "a chunk is longer than its size")
        while sock.line():
            pass  # trailers are ignored
    elif head.length is None:
        while piece := sock.piece():
            yield piece
    else:
        yield from _exactly(sock, head.length)


def _status_of(line: str) -> tuple[str, int, str]:
    version, _space, rest = line.partition(" ")
    status, _space, reason = rest.lstrip().partition(" ")
    if version not in _VERSIONS or len(status) != 3 or not status.isdecimal():
        raise Malformed("no status line of HTTP/1.1")
    return version, int(status), reason.strip()


def _headers(sock: Socket) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _header in range(_MOST_HEADERS):
        line = sock.line()
        if not line:
            return headers
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Malformed("a header without a name")
        name, value = name.lower(), value.strip()
        if headers.setdefault(name, value) != value and name in _FRAMING:
            raise Malformed(f"different headers {name}")
    raise Malformed(f"more than {_MOST_HEADERS} headers")


def _length_of(headers: dict[str, str]) -> int | None:
    text = headers.get("content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Malformed("a Content-Length that is not a number")
    return int(text)


def _chunk_size(line: str) -> int:
    text = line.partition(";")[0].strip()
    if not text or len(text) > 16 or not _DIGITS.issuperset(text):
        raise ConnectionError(errno.EBADMSG, "a chunk has no size")
    return int(text, 16)


def _exactly(sock: Socket, size: int) -> t.Iterator[bytes]:
    while size:
        piece = sock.piece(min(size, PIECE))
        if not piece:
            raise ConnectionError("the connection was closed")
        size -= len(piece)
        yield piece
