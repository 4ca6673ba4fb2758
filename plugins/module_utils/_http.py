# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# HTTP/1.1 over a connected socket of any kind: requests, answers and kept connections.
# Imports only the standard library, because it runs on managed hosts, and few modules, because each task pays for them.

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
# A body may take this many times as long as the server may be silent. This allows slow networks, but not a slow drip.
_PATIENCE = 10
_KEPT = 4


class Failed(Exception):
    """An HTTP exchange failed.

    Args:
        reason: The reason, without a full stop.
        sent: Whether the server may have received the request.
        answered: Whether any byte of an answer has arrived.
        silent: Whether the reason is that the server was silent for too long.
        hopeless: Whether a retry would fail in the same way.
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
        path: The path, percent-encoded. A transport prepends the path of its URL.
        silence: The maximum time that the server may be silent, in seconds.
        deadline: The end of the exchange with all its retries, on the monotonic clock.
        query: The encoded query, without the question mark.
        headers: The headers other than Host and Content-Length.
        body: The encoded body.
        repeatable: Whether the request can be sent again if it is unknown whether the server has received it.
        streamed: Whether the answer is read in pieces. Otherwise it is complete when it is returned.
        repeated: Whether the server may have received the request before.
        pieces: Returns the body in pieces, if it is too long for the memory. It is sent in chunks, unless the headers
            have its Content-Length.
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
    pieces: t.Callable[[], t.Iterator[bytes]] | None = None


class Connection:
    """A connection to a server for consecutive exchanges.

    Args:
        sock: The connected socket.
        host: The Host header.
        origin: The prefix of each path for a proxy, such as `http://example.org`.
        headers: Further headers, such as the credentials for a proxy.

    Attributes:
        deadline: The end of the latest exchange, on the monotonic clock.
    """

    def __init__(self, sock: Socket, host: str, origin: str = "", headers: dict[str, str] | None = None) -> None:
        self.sock = sock
        self.deadline = float("inf")
        self._host = host
        self._origin = origin
        self._headers = headers or {}

    def exchange(self, request: Request, give_back: t.Callable[[Connection], None]) -> Response:
        """Send a request and return its answer. Of a streamed answer, only the head has been read.

        Args:
            request: The request.
            give_back: Called with the connection when it can be used again.

        Raises:
            Failed: The exchange failed.
        """
        before = self.sock.received
        self.deadline = request.deadline
        try:
            with translating(request.silence, lambda: self.sock.received > before):
                self.sock.limit(request.silence, request.deadline)
                # A server may refuse a long request before it has read all of it. Its answer contains the reason.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.sock.sendall(self._encoded(request))
                    if request.pieces and not self._send_pieces(request):
                        give_back = _close
                # The head must be complete within this time, even if the headers arrive slowly.
                self.sock.limit(request.silence, min(request.deadline, time.monotonic() + request.silence))
                head = read_head(self.sock)
        except BaseException:
            self.sock.close()
            raise
        response = Response(self, head, request, give_back)
        if not request.streamed:
            response.body()
        return response

    def _send_pieces(self, request: Request) -> bool:
        """Send a body in pieces, and return whether the server has received all of it before its answer."""
        is_chunked = "Content-Length" not in request.headers
        for piece in request.pieces() if request.pieces else ():
            if self.sock.has_answer():
                return False
            # An empty chunk would end the body.
            if piece:
                self.sock.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
        if is_chunked:
            self.sock.sendall(b"0\r\n\r\n")
        return True

    def _encoded(self, request: Request) -> bytes:
        target = f"{self._origin}{request.path}{'?' if request.query else ''}{request.query}"
        headers = {"Host": self._host, **self._headers, **request.headers}
        if request.pieces:
            headers |= {} if "Content-Length" in headers else {"Transfer-Encoding": "chunked"}
        elif request.method == "POST":
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(request.body))}
        lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        # Line breaks are refused when options are read. This check makes sure that they are never sent.
        if any(not line.isprintable() for line in lines):
            raise Failed("a header or the path has characters that HTTP does not allow", sent=False, hopeless=True)
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + request.body


class Response:
    """An answer.

    Attributes:
        status: The HTTP status.
        request: The request.
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
        """Return the value of a header, or "" if it is missing."""
        return self._head.headers.get(name.lower(), "")

    @property
    def kind(self) -> str:
        """The media type, in lower case and without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def body(self) -> bytes:
        """Return the whole body, and release the connection after it is read for the first time.

        Raises:
            Failed: The exchange failed.
        """
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
        """Yield the body of a streamed answer as it arrives, until the deadline of the request.

        Raises:
            Failed: The exchange failed.
        """
        return self._pieces(self.request.deadline)

    def _pieces(self, until: float) -> t.Generator[bytes, None, None]:
        complete = False
        try:
            self._connection.sock.limit(self.request.silence, until)
            with translating(self.request.silence, lambda: True):
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


def _close(connection: Connection) -> None:
    connection.sock.close()


@contextlib.contextmanager
def translating(silence: float, answered: t.Callable[[], bool]) -> t.Iterator[None]:
    """Translate errors that occur while an answer is read.

    Args:
        silence: The maximum time that the server may be silent.
        answered: Returns whether any byte of the answer has arrived.
    """
    try:
        yield
    except TimeoutError:
        reason = f"it sent nothing for {silence:g} seconds" if not answered() else "its answer took too long"
        raise Failed(reason, answered=answered(), silent=True) from None
    except ConnectionError as error:
        text = error.strerror or "the connection was closed"
        raise Failed(f"the connection was lost: {text.lower()}", answered=answered()) from None
    except Malformed as error:
        raise Failed(f"it did not send a valid HTTP response ({error})", answered=True, hopeless=True) from None
    except OSError as error:
        raise Failed(error.strerror or str(error), answered=answered()) from None


class Pool:
    """Keeps connections of this process for the next request. They are not used after a fork.

    Args:
        connect: Opens a connection before a time on the monotonic clock; raises `Failed`.
    """

    def __init__(self, connect: t.Callable[[float], Connection]) -> None:
        self._connect = connect
        self._idle: list[Connection] = []
        self._process = os.getpid()

    def exchange(self, request: Request) -> Response:
        """Send a request over a kept connection or a new one.

        A server can close a kept connection at any time. If this happens before any byte of an answer, the request is
        sent once more over a new connection.

        Raises:
            Failed: The exchange failed.
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
            # These connections belong to the parent process. Closing them here does not close them there.
            inherited, self._idle, self._process = self._idle, [], os.getpid()
            for connection in inherited:
                connection.sock.close()
        while self._idle:
            with contextlib.suppress(IndexError):  # another thread has taken it
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
    """Return the error of a task for a failed request.

    Args:
        server: The name of the server in the message.
        failed: The failure.
        request: The request.
    """
    if failed.silent and failed.sent and not failed.answered:
        return Unanswered(f"{server} did not answer within {request.silence:g} seconds (option timeout).")
    if not failed.sent:
        advice = "" if failed.hopeless else " Is it running?"
        return Unanswered(f"{server} cannot be reached: {failed.reason}.{advice}")
    return Unanswered(f"{server} did not answer: {failed.reason}.")
