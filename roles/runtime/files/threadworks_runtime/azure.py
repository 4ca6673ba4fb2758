# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of Azure's clients that differ from OpenAI's."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

# `AzureOpenAI` uses /openai, Azure's newer API /openai/v1, and azure-ai-agents /api/projects/NAME.
_PREFIX = re.compile(r"/(?:openai(?:/v1)?|api/projects/[^/]+)(?=/)")
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?')
_UNNAMED = re.compile(rb'(content-disposition: form-data; name="file")(?=\r\n)', re.IGNORECASE)
_MOST = 64 * 1024  # bytes: the fields before a file are short


def own_path(path: str) -> str:
    """Return the path of a request in this runtime.

    Args:
        path: The path of the request.

    Returns:
        The same path below ``/v1``, if it starts with a prefix of Azure.
    """
    found = _PREFIX.match(path)
    return f"/v1{path[found.end() :]}" if found else path


async def with_file_name(body: AsyncIterator[bytes], content_type: str) -> tuple[AsyncIterator[bytes], int]:
    """Put the name of an uploaded file where model servers expect it. azure-ai-agents sends it in a field of its own.

    Args:
        body: The body of the request.
        content_type: Its content type.

    Returns:
        The body, and by how many bytes it is longer.
    """
    boundary = _BOUNDARY.search(content_type)
    head = bytearray()
    if boundary is None:
        return body, 0
    async for piece in body:
        head += piece
        if len(head) >= _MOST or _UNNAMED.search(head):
            break
    changed = _named(bytes(head), re.escape(boundary[1].encode("latin-1")))
    return _joined(changed, body), len(changed) - len(head)


def _named(head: bytes, boundary: bytes) -> bytes:
    field = rb'--%s\r\ncontent-disposition: form-data; name="filename"\r\n\r\n(.*?)\r\n(?=--%s)' % (boundary, boundary)
    name = re.search(field, head, re.IGNORECASE | re.DOTALL)
    if name is None or b"\n" in name[1] or not _UNNAMED.search(head):
        return head
    shown = name[1].replace(b'"', b"%22")
    return _UNNAMED.sub(lambda found: b'%s; filename="%s"' % (found[1], shown), head.replace(name[0], b"", 1), count=1)


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for piece in rest:
        yield piece
