# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# A connected socket with limits of time, read line by line or piece by piece.

from __future__ import annotations

import contextlib
import errno
import select
import socket
import time
import typing as t

# The most that is received at once, in bytes; also the longest line.
PIECE = 65536
# What the operating system takes as a timeout, in seconds.
_LONGEST = 1e6
# How long the server may be silent until the watch is asked for the first time, and from then on, in seconds.
_FIRST_WATCH, _NEXT_WATCH = 1.0, 5.0


class Malformed(Exception):
    """What the server sends is not HTTP; the message says what is wrong."""


class Socket:
    """A connected socket with a clock.

    Args:
        sock: the socket; TLS is fine.
        watch: called while the server is silent; raises an exception to give up before the time is over.

    Attributes:
        received: how many bytes have arrived.
    """

    def __init__(self, sock: socket.socket, watch: t.Callable[[], None] | None = None) -> None:
        self._sock = sock
        self._watch = watch
        self._silence, self._deadline = _LONGEST, float("inf")
        # What has arrived, and how far it has been read.
        self._buffer, self._read = b"", 0
        self.received = 0

    def limit(self, silence: float, deadline: float) -> None:
        """Limit what follows.

        Args:
            silence: how long the server may be silent, in seconds.
            deadline: the end, on the monotonic clock.
        """
        self._silence, self._deadline = min(silence, _LONGEST), deadline

    def sendall(self, data: bytes) -> None:
        """Send all of the data. Raises: TimeoutError, OSError."""
        self._sock.settimeout(max(min(self._silence, self._deadline - time.monotonic()), 0.001))
        self._sock.sendall(data)

    def line(self) -> str:
        """Return the next line, without its end.

        Raises: Malformed if it is too long; ConnectionError if the connection ends before it does; TimeoutError.
        """
        while (end := self._buffer.find(b"\n", self._read)) < 0:
            if len(self._buffer) - self._read > PIECE:
                raise Malformed(f"a line of more than {PIECE} bytes")
            arrived = self._receive(PIECE)
            if not arrived:
                raise ConnectionError("the connection was closed")
            self._buffer, self._read = self._buffer[self._read :] + arrived, 0
        line, self._read = self._buffer[self._read : end], end + 1
        return line.rstrip(b"\r").decode("latin-1")

    def piece(self, most: int = PIECE) -> bytes:
        """Return what arrives next, at most `most` bytes; nothing once the server has closed the connection.

        Raises: TimeoutError, OSError.
        """
        if self._read == len(self._buffer):
            return self._receive(min(most, PIECE))
        piece = self._buffer[self._read : self._read + most]
        self._read += len(piece)
        return piece

    def _receive(self, most: int) -> bytes:
        until = min(time.monotonic() + self._silence, self._deadline)
        pause = _FIRST_WATCH
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            # Not zero: that means "do not block".
            self._sock.settimeout(max(min(left, pause) if self._watch else left, 0.001))
            try:
                arrived = self._sock.recv(most)
            except TimeoutError as error:
                if error.errno == errno.ETIMEDOUT:
                    raise ConnectionError("the connection timed out") from None
                if self._watch and time.monotonic() < until:
                    self._watch()
                    pause = _NEXT_WATCH
                continue
            self.received += len(arrived)
            return arrived

    def is_quiet(self) -> bool:
        """Return whether an idle connection can be used: the server has neither sent anything nor closed it."""
        poll = select.poll()
        try:
            poll.register(self._sock, select.POLLIN)
        except ValueError:  # it is closed
            return False
        return self._read == len(self._buffer) and not poll.poll(0)

    def close(self) -> None:
        """Close the socket in this process."""
        with contextlib.suppress(OSError):
            self._sock.close()
