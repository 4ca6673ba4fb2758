# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transport that sends the head and the body of a response together, because each send is a call of the system."""

from __future__ import annotations

import asyncio
from typing import Any

_LARGEST = 64 * 1024  # bytes that can wait


class JoinedTransport:
    """Sends all data that is written in the same turn of the event loop at once.

    Args:
        transport: The transport.
        loop: Its event loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._pieces: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        """Return another attribute of the transport."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send data soon."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= _LARGEST:
            self._flush()

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that are not sent yet."""
        return self._size + self._transport.get_write_buffer_size()

    def write_eof(self) -> None:
        """Send the end of the data."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Send the data and close the connection."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pieces, self._pieces, self._size = self._pieces, [], 0
        if pieces:
            self._transport.write(b"".join(pieces))
