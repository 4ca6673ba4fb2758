# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The digest of the file in a ``multipart/form-data`` body that is forwarded while it arrives (RFC 7578)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Callable

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_IS_FILE = re.compile(rb'^content-disposition:[^\r\n]*;\s*name="?file"?\s*(?:;|$)', re.IGNORECASE | re.MULTILINE)
_LONGEST_HEAD = 16 * 1024  # bytes
_HEAD_END = b"\r\n\r\n"


class FilePart:
    """Reads a body in pieces of any size, and keeps nothing but the end of the last piece.

    A body that it does not understand has no digest. The model server then decides what to do with it.

    Args:
        content_type: The content type of the body.
    """

    def __init__(self, content_type: str) -> None:
        found = _BOUNDARY.search(content_type)
        # The first delimiter may be at the start of the body, without a line break.
        self._delimiter = b"\r\n--" + (found[1] or found[2]).encode() if found else b""
        self._buffer = b"\r\n"
        self._hash = hashlib.sha256()
        self._reads: Callable[[], bool] = self._skip
        self._files = 0

    def feed(self, piece: bytes) -> None:
        """Read the next piece of the body."""
        self._buffer += piece
        while self._delimiter and self._reads():
            pass

    @property
    def digest(self) -> str | None:
        """The SHA-256 of the file in hexadecimal digits, or None unless the body has exactly one complete file."""
        complete = self._files == 1 and self._reads not in (self._start, self._content)
        return self._hash.hexdigest() if complete else None

    async def read(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the pieces of a body, and read them."""
        async for piece in pieces:
            self.feed(piece)
            yield piece

    def _skip(self) -> bool:
        """Go to the head of the next part."""
        return self._take(is_file=False)

    def _head(self) -> bool:
        """Read the head of a part, after its delimiter."""
        end = self._buffer.find(_HEAD_END)
        length = end if end >= 0 else len(self._buffer)
        if self._buffer.startswith(b"--") or length > _LONGEST_HEAD:
            self._reads, self._buffer = self._end, b""
            return False
        if end < 0:
            return False
        is_file = _IS_FILE.search(self._buffer[:end].replace(b"\r\n", b"\n")) is not None
        self._files += is_file
        # The line break may already be that of the next delimiter, if the part is empty.
        self._buffer = self._buffer[end + len(_HEAD_END) - 2 :]
        self._reads = self._start if is_file and self._files == 1 else self._skip
        return True

    def _start(self) -> bool:
        """Drop the line break between the head and the content, unless the content is empty."""
        if len(self._buffer) < len(self._delimiter):
            return False
        if not self._buffer.startswith(self._delimiter):
            self._buffer = self._buffer[2:]
        self._reads = self._content
        return True

    def _content(self) -> bool:
        """Read the content of the file."""
        return self._take(is_file=True)

    def _take(self, *, is_file: bool) -> bool:
        """Read up to the next delimiter, or as much as cannot be the start of one."""
        end = self._buffer.find(self._delimiter)
        kept = len(self._delimiter) - 1
        cut = end if end >= 0 else max(len(self._buffer) - kept, 0)
        if is_file:
            self._hash.update(memoryview(self._buffer)[:cut])
        self._buffer = self._buffer[cut + (len(self._delimiter) if end >= 0 else 0) :]
        if end >= 0:
            self._reads = self._head
        return end >= 0

    def _end(self) -> bool:
        """Ignore what follows the last part."""
        self._buffer = b""
        return False
