# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# A connected socket with time limits, read in lines or pieces.

from __future__ import annotations

import contextlib
import errno
import select
import socket
import time
import typing as t

# The maximum size of a piece and of a line, in bytes.
PIECE = 65536
# The longest timeout that the operating system supports, in seconds.
_LONGEST = 1e6
# The silence before the first call of the watch, and between further calls, in seconds.
_FIRST_WATCH, _NEXT_WATCH = 1.0, 5.0


class Malformed(Exception):
    """The server does not send valid HTTP. The message describes the problem."""


class Socket:
    """A connected socket with time limits.

    Args:
        sock: The socket. It can use TLS.
        watch: Called while the server is silent. It raises an exception to stop waiting.

    Attributes:
        received: The number of bytes that have arrived.
    """

    def __init__(self, sock: socket.socket, watch: t.Callable[[], None] | None = None) -> None:
        self._sock = sock
        self._watch = watch
        self._silence, self._deadline = _LONGEST, float("inf")
        # The received data, and the position up to which it has been read.
        self._buffer, self._read = b"", 0
        self.received = 0

    def limit(self, silence: float, deadline: float) -> None:
        """Set the time limits for the next operations.

        Args:
            silence: The maximum time that the server may be silent, in seconds.
            deadline: The end time, on the monotonic clock.
        """
        self._silence, self._deadline = min(silence, _LONGEST), deadline

    def sendall(self, data: bytes) -> None:
        """Send all of the data.

        Raises:
            TimeoutError: A time limit is exceeded.
            OSError: The connection failed.
        """
        self._sock.settimeout(max(min(self._silence, self._deadline - time.monotonic()), 0.001))
        self._sock.sendall(data)

    def line(self) -> str:
        """Return the next line, without the line end.

        Raises:
            Malformed: The line is too long.
            ConnectionError: The connection is closed before the line ends.
            TimeoutError: A time limit is exceeded.
        """
        while (end := self._buffer.find(b"\n", self._read)) < 0:
            if len(self._buffer) - self._read > PIECE:
                raise Malformed(f"a line of more than {PIECE} bytes")
            arrived = self._receive()
            if not arrived:
                raise ConnectionError("the connection was closed")
            self._buffer, self._read = self._buffer[self._read :] + arrived, 0
        line, self._read = self._buffer[self._read : end], end + 1
        return line.rstrip(b"\r").decode("latin-1")

    def piece(self, most: int = PIECE) -> bytes:
        """Return the next data, at most `most` bytes, or b"" if the server has closed the connection.

        Raises:
            TimeoutError: A time limit is exceeded.
            OSError: The connection failed.
        """
        if self._read == len(self._buffer):
            # Never less than what has arrived: TLS would keep the rest where `is_quiet` does not see it.
            self._buffer, self._read = self._receive(), 0
        piece = self._buffer[self._read : self._read + most]
        self._read += len(piece)
        return piece

    def _receive(self) -> bytes:
        until = min(time.monotonic() + self._silence, self._deadline)
        pause = _FIRST_WATCH
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            # Not zero, which would mean "do not block".
            self._sock.settimeout(max(min(left, pause) if self._watch else left, 0.001))
            try:
                arrived = self._sock.recv(PIECE)
            except TimeoutError as error:
                if error.errno == errno.ETIMEDOUT:
                    raise ConnectionError("the connection timed out") from None
                if self._watch and time.monotonic() < until:
                    self._watch()
                    pause = _NEXT_WATCH
                continue
            self.received += len(arrived)
            return arrived

    def has_answer(self) -> bool:
        """Return whether the server has sent something before the end of the request. With TLS, it cannot be known.

        After the handshake, a TLS server sends session tickets, which are not an answer.
        """
        return not hasattr(self._sock, "pending") and not self.is_quiet()

    def is_quiet(self) -> bool:
        """Return whether an idle connection can be used. The server has not sent anything and has not closed it."""
        poll = select.poll()
        try:
            poll.register(self._sock, select.POLLIN)
        except ValueError:  # the socket is closed
            return False
        return self._read == len(self._buffer) and not poll.poll(0)

    def close(self) -> None:
        """Close the socket in this process."""
        with contextlib.suppress(OSError):
            self._sock.close()
