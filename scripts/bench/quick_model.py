# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model server with little overhead, so that only the runtime is measured.

It streams one short answer to each request. A model named `wait-0.5` answers after 0.5 seconds, other models
immediately.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

_WAIT = re.compile(rb'"model": ?"wait-([0-9.]+)"')
_TEXT = "The answer is here."


def _answer() -> bytes:
    part = {"type": "output_text", "text": _TEXT, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    response = {"id": "resp_1", "object": "response", "created_at": 1, "model": "bench", "output": [item]}
    usage = {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        *(
            {"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": f"{word} "}
            for word in _TEXT.split()
        ),
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**response, "status": "completed", "usage": usage}},
    ]
    body = b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


_ANSWER = _answer()


class _Connection(asyncio.Protocol):
    """A connection. Requests arrive one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport of a new connection."""
        self._transport = transport
        self._got = b""

    def data_received(self, data: bytes) -> None:
        """Answer all complete requests."""
        self._got += data
        while True:
            head, end, rest = self._got.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            size = int(length[1]) if length else 0
            if not end or len(rest) < size:
                return
            self._got = rest[size:]
            wait = _WAIT.search(rest[:size])
            if wait:
                asyncio.get_running_loop().call_later(float(wait[1]), self._send)
            else:
                self._send()

    def _send(self) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        if not self._transport.is_closing():
            self._transport.write(_ANSWER)


async def _serve(port_file: Path) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0, backlog=2048)
    new = port_file.with_suffix(".new")
    new.write_text(str(server.sockets[0].getsockname()[1]))
    new.rename(port_file)  # so that readers never get an incomplete number
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
