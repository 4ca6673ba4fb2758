# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients of the Assistants API with little overhead. They keep their connections, and send and read bytes."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlsplit

from arena import Failed

_FIRST_PAUSE = 0.005  # seconds between the first two polls of a run; each further pause is 1.5 times as long
_LONGEST_PAUSE = 0.25
_AT_REST = ("completed", "failed", "incomplete", "expired", "cancelled")


class Client:
    """One connection.

    Args:
        url: The URL of the runtime, up to and including `/v1`.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._host, self._port = str(address.hostname), address.port
        self._base = address.path

    async def __aenter__(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._writer.close()

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and return the object of the answer.

        Raises:
            Failed: The answer is an error.
        """
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {self._base}{path} HTTP/1.1\r\nHost: {self._host}\r\nOpenAI-Beta: assistants=v2\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self._writer.write(head.encode() + content)
        answered = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(answered.partition("content-length: ")[2].partition("\r\n")[0])
        answer: dict[str, Any] = json.loads(await self._reader.readexactly(size))
        if not answered.startswith("http/1.1 200"):
            raise Failed(f"{method} {path} returned {answer}")
        return answer

    async def whole_run(self, assistant_id: str) -> float:
        """Create a thread, a message and a run, poll the run until it is completed, and return the seconds."""
        began = time.perf_counter()
        thread = await self.ask("POST", "/threads", {})
        path = f"/threads/{thread['id']}"
        await self.ask("POST", f"{path}/messages", {"role": "user", "content": "What is the answer?"})
        run = await self.ask("POST", f"{path}/runs", {"assistant_id": assistant_id})
        await self.completed(run)
        return time.perf_counter() - began

    async def completed(self, run: dict[str, Any], pause: float = _FIRST_PAUSE) -> dict[str, Any]:
        """Poll a run until it is completed, and return it.

        Raises:
            Failed: The run ends with another status.
        """
        while run["status"] not in _AT_REST:
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
            run = await self.ask("GET", f"/threads/{run['thread_id']}/runs/{run['id']}")
        if run["status"] != "completed":
            raise Failed(f"A run ended as {run['status']}: {run['last_error']}")
        return run


async def runs_by(url: str, assistant_id: str, clients: int, seconds: float) -> list[float]:
    """Let each client create runs one after the other for some seconds, and return the durations of the runs."""
    deadline = time.monotonic() + seconds

    async def work() -> list[float]:
        taken = []
        async with Client(url) as client:
            while time.monotonic() < deadline:
                taken.append(await client.whole_run(assistant_id))
        return taken

    return [each for some in await asyncio.gather(*(work() for _client in range(clients))) for each in some]
