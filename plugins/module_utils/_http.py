# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# HTTP/1.1 over a connected socket of any kind: requests, answers and kept connections.
# Standard library alone, because it is imported on managed hosts, and few imports, because each task pays for them.

from __future__ import annotations

import contextlib
import os
import time
import typing as t
from types import MappingProxyType

from ._errors import Unanswered
from ._http_answer import Head, read_body, read_head
from ._http_socket import Malformed, Socket

# The longest answer that is kept in memory, in bytes; also the longest event of a stream.
LARGEST = 128 * 1024 * 1024
# A body may take this many times as long as the server may be silent: slow networks are served, a drip is not.
_PATIENCE = 10
_KEPT = 4


class Failed(Exception):
    """An exchange came to nothing.

    Args:
        reason: why, without a full stop.
        sent: whether the server may have seen the request.
        answered: whether any byte of an answer has arrived.
        silent: whether the reason is that the server was silent for too long.
        hopeless: whether the next try would fail in the same way.
    """

    def __init__(
        self,
        reason: str,
        *,
        sent: bool = True,
        answered: bool = False,
        silent: bool = False,
        hopeless: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.answered = answered
        self.silent = silent
        self.hopeless = hopeless


class Request(t.NamedTuple):
    """A request of the wire.

    Attributes:
        method: GET, POST or DELETE.
        path: the path, percent-encoded. A transport puts the path of its URL before it.
        silence: how long the server may be silent, in seconds.
        deadline: when the exchange with all its retries must be over, on the monotonic clock.
        query: the encoded query, without the question mark.
        headers: what is sent besides Host and Content-Length.
        body: the encoded body.
        repeatable: whether it may be sent again when nobody knows whether the server has seen it.
        streamed: whether the answer is read piece by piece; otherwise it is complete when it is returned.
        repeated: whether the server may have seen it before.
    """

    method: str
    path: str
    silence: float
    deadline: float = float("inf")
    query: str = ""
    headers: t.Mapping[str, str] = MappingProxyType({})
    body: bytes = b""
    repeatable: bool = True
    streamed: bool = False
    repeated: bool = False


class Connection:
    """A connection to a server, for one exchange after the other.

    Args:
        sock: the connected socket.
        host: the Host header.
        origin: what a proxy wants before each path, such as `http://example.org`.
        headers: further headers for whoever is at the other end: a proxy's credentials.

    Attributes:
        deadline: when the latest exchange must be over, on the monotonic clock.
    """

    def __init__(self, sock: Socket, host: str, origin: str = "", headers: dict[str, str] | None = None) -> None:
        self.sock = sock
        self.deadline = float("inf")
        self._host = host
        self._origin = origin
        self._headers = headers or {}

    def exchange(self, request: Request, give_back: t.Callable[[Connection], None]) -> Response:
        """Send a request and return its answer; of one that is streamed, only the head has been read.

        Args:
            request: the request.
            give_back: takes the connection when it can be used again.

        Raises: Failed.
        """
        before = self.sock.received
        self.deadline = request.deadline
        try:
            with telling(request.silence, lambda: self.sock.received > before):
                self.sock.limit(request.silence, request.deadline)
                # A server may refuse a long request before it has read it all: its answer says why.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.sock.sendall(self._encoded(request))
                # Its head has to be complete in this time: no drip of headers holds us for longer.
                self.sock.limit(request.silence, min(request.deadline, time.monotonic() + request.silence))
                head = read_head(self.sock)
        except BaseException:
            self.sock.close()
            raise
        response = Response(self, head, request, give_back)
        if not request.streamed:
            response.body()
        return response

    def _encoded(self, request: Request) -> bytes:
        target = f"{self._origin}{request.path}{'?' if request.query else ''}{request.query}"
        headers = {"Host": self._host, **self._headers, **request.headers}
        if request.method == "POST":
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(request.body))}
        lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        # What could break a line is refused where it comes from; here it must not be sent in any case.
        if any(not line.isprintable() for line in lines):
            raise Failed("a header or the path has characters that HTTP does not allow", sent=False, hopeless=True)
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + request.body


class Response:
    """An answer.

    Attributes:
        status: the HTTP status.
        request: what was asked.
    """

    def __init__(
        self,
        connection: Connection,
        head: Head,
        request: Request,
        give_back: t.Callable[[Connection], None],
    ) -> None:
        self.status = head.status
        self._connection = connection
        self._head = head
        self.request = request
        self._give_back = give_back
        self._open = True
        self._body: bytes | None = None

    def header(self, name: str) -> str:
        """Return a header's value; "" where there is none."""
        return self._head.headers.get(name.lower(), "")

    @property
    def kind(self) -> str:
        """The media type, in small letters and without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def body(self) -> bytes:
        """Return the whole body, and give the connection back when it is first read. Raises: Failed."""
        if self._body is not None:
            return self._body
        request, pieces, size = self.request, [], 0
        until = min(request.deadline, time.monotonic() + _PATIENCE * request.silence)
        with contextlib.closing(self._pieces(until)) as source:
            for piece in source:
                size += len(piece)
                if size > LARGEST:
                    raise Failed(f"its answer is longer than {LARGEST} bytes", answered=True, hopeless=True)
                pieces.append(piece)
        self._body = b"".join(pieces)
        return self._body

    def pieces(self) -> t.Iterator[bytes]:
        """Yield the body of a streamed answer as it arrives, until the request's deadline. Raises: Failed."""
        return self._pieces(self.request.deadline)

    def _pieces(self, until: float) -> t.Generator[bytes, None, None]:
        complete = False
        try:
            self._connection.sock.limit(self.request.silence, until)
            with telling(self.request.silence, lambda: True):
                yield from read_body(self._connection.sock, self._head)
            complete = True
        finally:
            if complete and not self._head.will_close:
                self._open = False
                self._give_back(self._connection)
            self.close()

    def close(self) -> None:
        """Close the connection, unless the whole body has been read and another request may use it."""
        if self._open:
            self._connection.sock.close()


@contextlib.contextmanager
def telling(silence: float, answered: t.Callable[[], bool]) -> t.Iterator[None]:
    """Translate what goes wrong while an answer is read.

    Args:
        silence: how long the server may be silent.
        answered: tells whether any byte of the answer has arrived.
    """
    try:
        yield
    except TimeoutError:
        reason = f"it sent nothing for {silence:g} seconds" if not answered() else "its answer took too long"
        raise Failed(reason, answered=answered(), silent=True) from None
    except ConnectionError as error:
        text = error.strerror or "the connection was closed"
        raise Failed(f"the connection broke off: {text.lower()}", answered=answered()) from None
    except Malformed as error:
        raise Failed(f"it does not answer as an HTTP server does ({error})", answered=True, hopeless=True) from None
    except OSError as error:
        raise Failed(error.strerror or str(error), answered=answered()) from None


class Pool:
    """Keeps connections of this process for the next request; none of them survives a fork.

    Args:
        connect: makes a connection, until a time on the monotonic clock. Raises: Failed.
    """

    def __init__(self, connect: t.Callable[[float], Connection]) -> None:
        self._connect = connect
        self._idle: list[Connection] = []
        self._process = os.getpid()

    def exchange(self, request: Request) -> Response:
        """Send a request over a kept connection or a new one.

        A server may close a kept connection at any moment. Where it breaks off before any byte of an answer, the
        request is sent once more over a new one.

        Raises: Failed.
        """
        kept = self._take()
        if kept:
            try:
                return kept.exchange(request, self._give_back)
            except Failed as failed:
                if failed.answered or failed.silent or failed.hopeless or not request.repeatable:
                    raise
                request = request._replace(repeated=request.repeated or failed.sent)
        return self._connect(request.deadline).exchange(request, self._give_back)

    def _take(self) -> Connection | None:
        if self._process != os.getpid():
            # They belong to the parent. Closing them here closes nothing there.
            inherited, self._idle, self._process = self._idle, [], os.getpid()
            for connection in inherited:
                connection.sock.close()
        while self._idle:
            with contextlib.suppress(IndexError):  # another thread may be faster
                connection = self._idle.pop()
                if connection.sock.is_quiet():
                    return connection
                connection.sock.close()
        return None

    def _give_back(self, connection: Connection) -> None:
        if len(self._idle) < _KEPT and self._process == os.getpid():
            self._idle.append(connection)
        else:
            connection.sock.close()


def unanswered(server: str, failed: Failed, request: Request) -> Unanswered:
    """Return the error of a task whose request came to nothing.

    Args:
        server: how to name the server.
        failed: what happened.
        request: the request.
    """
    if failed.silent and failed.sent and not failed.answered:
        return Unanswered(f"{server} did not answer within {request.silence:g} seconds (option timeout).")
    if not failed.sent:
        advice = "" if failed.hopeless else " Is it running?"
        return Unanswered(f"{server} cannot be reached: {failed.reason}.{advice}")
    return Unanswered(f"{server} did not answer: {failed.reason}.")
