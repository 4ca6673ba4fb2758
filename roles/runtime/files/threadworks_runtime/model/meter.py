# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a model server may send. Imports the HTTP library, and is imported when that is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

from .errors import ModelError

_MIB = 1024 * 1024
#: Bytes that an answer may have which is no stream, and that an event of a stream may have.
LARGEST_PIECE = 8 * _MIB
#: Bytes that the events of an answer may have together: they repeat much, and each word has its own.
LARGEST_STREAM = 64 * _MIB


class Meter(httpx2.AsyncByteStream):
    """The body of an answer, up to the limits.

    Args:
        body: The body.
    """

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body
        self._piece = self._all = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body.

        Raises:
            ModelError: It is too large.
        """
        async for chunk in self._body:
            self._piece += len(chunk)
            self._all += len(chunk)
            for size, limit in ((self._piece, LARGEST_PIECE), (self._all, LARGEST_STREAM)):
                if size > limit:
                    message = f"The model server's answer is too large: more than {limit // _MIB} MiB."
                    raise ModelError("server_error", message)
            yield chunk

    def next_event(self) -> None:
        """Begin to count for the next event: it has a limit of its own."""
        self._piece = 0

    async def aclose(self) -> None:
        """Close the body."""
        await self._body.aclose()


async def measure(response: httpx2.Response) -> None:
    """Limit the body of an answer; called when its head has come.

    Args:
        response: The answer.

    Raises:
        ModelError: It is compressed, although that was not accepted: its size would be known too late.
    """
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise ModelError(
            "server_error", "The model server sent a compressed answer, which the request does not accept."
        )
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = Meter(response.stream)
