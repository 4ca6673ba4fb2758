# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server that streams as fast as possible. All answers are prepared before the first request.

To run it: ``python scripts/bench/fast_model.py PORT_FILE DELTAS``. ``GET /v1/last_byte`` returns the time when the
last byte of the latest answer was sent, in seconds of the machine's monotonic clock.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TEXT = " word"
_LONG = 1000  # deltas
_ID = "msg_68f1c2d3a4b5968778695a4b3c2d1e0f68f1c2d3a4b59687"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def main(port_file: str, deltas: int) -> None:
    """Serve until killed.

    Args:
        port_file: The port is written to this file when the server listens.
        deltas: The number of pieces of an answer.
    """
    *first, last = (_chunk(event) for event in _events(deltas))
    # A short answer takes some time, so that its end is measured separately from its start.
    pieces, pause = (b"".join(first), last + b"0\r\n\r\n"), 0.3 if deltas < _LONG else 0.0
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    temporary = Path(f"{port_file}.new")
    temporary.write_text(str(listener.getsockname()[1]))
    temporary.rename(port_file)
    sent = [0.0]
    while True:
        client, _address = listener.accept()
        threading.Thread(target=_serve, args=(client, pieces, pause, sent), daemon=True).start()


def _serve(client: socket.socket, pieces: tuple[bytes, bytes], pause: float, sent: list[float]) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with client, client.makefile("rb") as reader:
        while line := reader.readline():
            length = 0
            while (header := reader.readline().lower()) not in (b"\r\n", b""):
                if header.startswith(b"content-length:"):
                    length = int(header.partition(b":")[2])
            reader.read(length)
            if b"/last_byte" in line:
                text = json.dumps(sent[0]).encode()
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
            else:
                client.sendall(_HEAD + pieces[0])
                time.sleep(pause)
                client.sendall(pieces[1])
                sent[0] = time.monotonic()


def _events(deltas: int) -> Iterator[dict[str, Any]]:
    """Yield the events of an answer as OpenAI sends them."""
    response = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "error": None}
    response |= {"incomplete_details": None, "tools": [], "output": [], "usage": None, "status": "in_progress"}
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    item: dict[str, Any] = {"id": _ID, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    where = {"item_id": _ID, "output_index": 0, "content_index": 0}
    yield {"type": "response.created", "response": response}
    yield {"type": "response.in_progress", "response": response}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item}
    yield {"type": "response.content_part.added", **where, "part": part}
    for number in range(deltas):
        delta = {"delta": _TEXT, "logprobs": [], "obfuscation": "aB3dEf6hIj"[: 3 + number % 8]}
        yield {"type": "response.output_text.delta", **where, **delta, "sequence_number": number + 4}
    text = _TEXT * deltas
    yield {"type": "response.output_text.done", **where, "text": text, "logprobs": []}
    part = {**part, "text": text}
    yield {"type": "response.content_part.done", **where, "part": part}
    item = {**item, "status": "completed", "content": [part]}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    response |= {"status": "completed", "output": [item], "usage": usage}
    yield {"type": "response.completed", "response": response}


def _chunk(event: dict[str, Any]) -> bytes:
    """Return an event in a separate chunk, as most servers send it."""
    data = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
