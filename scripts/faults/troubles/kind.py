# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kind of faulty model server, and the connection of its function to the runtime."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

Json = dict[str, Any]

# A second without data counts as silence. A request that makes progress takes less than a minute.
SILENCE = 1.5
PATIENCE = 60.0


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of faulty model server.

    Attributes:
        name: A description of the fault.
        ends: The statuses with which the run can end.
        act: Handles each connection. None if there is no server, or if it is scripted.
        script: The answer of the scripted model server instead, as in `tests/model_server`.
        says: A regular expression for the message of `last_error`.
        run: Further fields of the run.
        retries: The maximum number of retries of the runtime.
        timeout: The seconds that the runtime waits for data from the server.
        endless: Whether the server sends data without end. The run is then cancelled after some seconds.
        heavy: Whether it uses so many resources that it runs alone, and only in the long form.
        scheme: The scheme of the URL: http or https.
        host: The host of the URL.
        tls: Whether the server uses TLS.
        most_requests: The maximum number of requests to the server.
        most_replies: The maximum number of messages of a completed run.
    """

    name: str
    ends: tuple[str, ...]
    act: Callable[[Talk], Awaitable[None]] | None = None
    script: Json | None = None
    says: str = ""
    run: Json = dataclasses.field(default_factory=dict)
    retries: int = 1
    timeout: float = PATIENCE
    endless: bool = False
    heavy: bool = False
    scheme: str = "http"
    host: str = "127.0.0.1"
    tls: bool = False
    most_requests: int = 16
    most_replies: int = 1


class Kinds(list[Kind]):
    """A list of kinds. Decorated functions are added to it."""

    def add(self, ends: str, **attributes: Any) -> Callable[[Callable[[Talk], Awaitable[None]]], None]:
        """Add a function as a kind with this name.

        Args:
            ends: The statuses with which the run can end.
            attributes: The attributes of `Kind`.
        """

        def take(act: Callable[[Talk], Awaitable[None]]) -> None:
            self.append(Kind(act.__name__.strip("_").replace("_", " "), tuple(ends.split()), act, **attributes))

        return take


class Talk:
    """A connection that the runtime has opened.

    Attributes:
        attempt: The number of the connection of this kind, starting with 1.
        base_url: The URL of this server.
        elsewhere: The URL of another server, which must not receive any request.
        body: The body of the request, after it has been read.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, attempt: int, base_url: str, elsewhere: str
    ) -> None:
        self.attempt, self.base_url, self.elsewhere = attempt, base_url, elsewhere
        self.body: Json = {}
        self._reader, self._writer = reader, writer

    async def request(self) -> str:
        """Read a request and return its path."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in head.split("\r\n"))
        }
        if length := int(headers.get("content-length") or 0):
            self.body = json.loads(await self._reader.readexactly(length))
        return head.split()[1]

    async def send(self, data: bytes | str) -> None:
        """Send data unchanged."""
        self._writer.write(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
        await self._writer.drain()

    async def head(self, status: str = "200 OK", *headers: str) -> None:
        """Send the head of an answer."""
        await self.send("\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]))

    async def reply(self, status: str, body: Any = b"", kind: str = "application/json", *headers: str) -> None:
        """Read the request and send a complete answer. A body that is not bytes is sent as JSON."""
        await self.request()
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        length = (
            () if any(header.startswith("Content-Length") for header in headers) else (f"Content-Length: {len(data)}",)
        )
        await self.head(status, *((f"Content-Type: {kind}",) if kind else ()), *length, *headers)
        await self.send(data)

    async def stream(self) -> None:
        """Read the request and start a stream of events."""
        await self.request()
        await self.head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked")

    async def piece(self, data: bytes | str) -> None:
        """Send part of a stream unchanged."""
        raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
        await self.send(b"%x\r\n%b\r\n" % (len(raw), raw))

    async def event(self, event: object) -> None:
        """Send an event."""
        await self.piece(sse(event))

    async def events(self, events: Iterable[object]) -> None:
        """Send a complete stream of events."""
        await self.stream()
        for event in events:
            await self.event(event)
        await self.end()

    async def end(self) -> None:
        """End a stream."""
        await self.piece("data: [DONE]\n\n")
        await self.send("0\r\n\r\n")

    async def answer(self) -> None:
        """Read the request and send a correct answer."""
        await self.events(answer(self.body))

    async def silence(self) -> None:
        """Send nothing until the runtime disconnects."""
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(65536):
                pass

    def reset(self) -> None:
        """Reset the connection."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


class Server:
    """The server of one kind, on a separate port."""

    def __init__(self, kind: Kind, tls: ssl.SSLContext, elsewhere: str) -> None:
        self.attempts = 0
        self._kind, self._tls, self._elsewhere = kind, tls if kind.tls else None, elsewhere
        self.base_url = ""

    async def open(self) -> None:
        """Listen. Without a server, only reserve a port."""
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        if self._kind.act is not None:
            self._server = await asyncio.start_server(self._serve, sock=self._socket, ssl=self._tls)
        self.base_url = f"{self._kind.scheme}://{self._kind.host}:{self._socket.getsockname()[1]}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.attempts += 1
        assert self._kind.act is not None
        try:
            await self._kind.act(Talk(reader, writer, self.attempts, self.base_url, self._elsewhere))
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the runtime has disconnected
        finally:
            writer.close()


def sse(event: object) -> str:
    """Return an event as it is streamed."""
    return f"data: {json.dumps(event)}\n\n"


def answer(body: Json, text: str = "A reply.", **fields: Any) -> list[Json]:
    """Return the events of a correct answer. `fields` replace those of the response."""
    part = {"type": "output_text", "text": text, "annotations": []}
    return answer_of(body, [{"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}], **fields)


def answer_of(body: Json, output: list[Any], **fields: Any) -> list[Json]:
    """Return the events of an answer with this output, without deltas."""
    response: Json = {
        "id": "resp_1",
        "object": "response",
        "model": body.get("model"),
        "output": [],
        "status": "in_progress",
    }
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    done = {**response, "status": "completed", "output": output, "usage": usage, **fields}
    events: list[Json] = [{"type": "response.created", "response": response}]
    for index, item in enumerate(output):
        events.append({"type": "response.output_item.added", "output_index": index, "item": item})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    return [*events, {"type": "response.completed", "response": done}]


def called(arguments: Any = "{}", **fields: Any) -> Json:
    """Return an item that calls the tool `disk`."""
    return {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "disk",
        "arguments": arguments,
        **fields,
    }
