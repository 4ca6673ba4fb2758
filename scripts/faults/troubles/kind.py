# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kind of trouble, and how its function talks to the runtime."""

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

# A second without data is silence here, and a minute is longer than anything takes that makes progress.
SILENCE = 1.5
PATIENCE = 60.0


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of trouble.

    Attributes:
        name: says what the server does.
        ends: the statuses that the run may end with.
        act: what the server does with each connection; None: there is no server, or it is scripted.
        script: the answer of the scripted model server instead, as in `tests/model_server`.
        says: what the message of `last_error` has to match.
        run: further fields of the run.
        retries: how often the runtime may ask again.
        timeout: seconds that the runtime waits for data from the server.
        endless: the server never ends its answer, and never falls silent: the run is cancelled after some seconds.
        heavy: it takes so much of the machine that it runs alone, and only in the long form.
        scheme: of the address: http or https.
        host: of the address.
        tls: whether the server speaks TLS.
        most_requests: how many requests the server may get.
        most_replies: how many messages a completed run may have.
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
    """A list of kinds, which grows by decorated functions."""

    def add(self, ends: str, **attributes: Any) -> Callable[[Callable[[Talk], Awaitable[None]]], None]:
        """Take a function as a kind of this name.

        Args:
            ends: the statuses that the run may end with.
            attributes: those of `Kind`.
        """

        def take(act: Callable[[Talk], Awaitable[None]]) -> None:
            self.append(Kind(act.__name__.strip("_").replace("_", " "), tuple(ends.split()), act, **attributes))

        return take


class Talk:
    """One connection that the runtime has opened.

    Attributes:
        attempt: counts the connections of the kind from 1.
        base_url: the address of this server.
        elsewhere: the address of another server, which must not receive any request.
        body: the request's body, once it is read.
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
        """Read the request and send a whole answer; what is not bytes is sent as JSON."""
        await self.request()
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        length = (
            () if any(header.startswith("Content-Length") for header in headers) else (f"Content-Length: {len(data)}",)
        )
        await self.head(status, *((f"Content-Type: {kind}",) if kind else ()), *length, *headers)
        await self.send(data)

    async def stream(self) -> None:
        """Read the request and begin a stream of events."""
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
        """Stream events, to the end."""
        await self.stream()
        for event in events:
            await self.event(event)
        await self.end()

    async def end(self) -> None:
        """End a stream."""
        await self.piece("data: [DONE]\n\n")
        await self.send("0\r\n\r\n")

    async def answer(self) -> None:
        """Read the request and answer it well."""
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
    """The server of one kind, on a port of its own."""

    def __init__(self, kind: Kind, tls: ssl.SSLContext, elsewhere: str) -> None:
        self.attempts = 0
        self._kind, self._tls, self._elsewhere = kind, tls if kind.tls else None, elsewhere
        self.base_url = ""

    async def open(self) -> None:
        """Listen; where there is no server, take the port of nobody else's."""
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
    """Return the events of a good answer; `fields` replace those of the response."""
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
