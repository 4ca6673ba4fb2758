# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limit the size of an answer, including errors, which the SDK reads completely."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

from .errors import ModelError
from .limits import LARGEST_PIECE, LARGEST_STREAM, MIB


class Meter(httpx2.AsyncByteStream):
    """The body of an answer, with limits.

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
            size = len(chunk)
            self._piece += size
            self._all += size
            if self._piece > LARGEST_PIECE:
                raise _too_large(LARGEST_PIECE)
            if self._all > LARGEST_STREAM:
                raise _too_large(LARGEST_STREAM)
            yield chunk

    def next_event(self, received: int = 0) -> None:
        """Start to count the next event, which has its own limit.

        Args:
            received: The bytes of it that have already been received.
        """
        self._piece = received

    async def aclose(self) -> None:
        """Close the body."""
        await self._body.aclose()


async def measure(response: httpx2.Response) -> None:
    """Limit the body of an answer. Called when its head has been received.

    Args:
        response: The answer.

    Raises:
        ModelError: It is compressed, although the request did not accept this. Its size would be known too late.
    """
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in {"", "identity"} or not isinstance(response.stream, httpx2.AsyncByteStream):
        raise ModelError(
            "server_error", "The model server sent a compressed answer, which the request does not accept."
        )
    response.stream = Meter(response.stream)


def _too_large(limit: int) -> ModelError:
    return ModelError("server_error", f"The model server's answer is too large: more than {limit // MIB} MiB.")
