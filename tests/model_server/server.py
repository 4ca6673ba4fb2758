# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripted model server: the interface for tests."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from typing import Any

from .handler import Handler, Server
from .hosted import Hosted
from .rate import Rate
from .words import last_user_text

Json = dict[str, Any]


class ModelServer:
    """The server, which runs in a separate thread during the ``with`` block.

    Attributes:
        base_url: The ``base_url`` for clients.
        connections: The number of connections so far.
        open_connections: The number of open connections.
        shutdown_dates: The ``shutdown_date`` of models, by their paths.
        rate: The rate limit of requests for a response, or ``None``.
        hosted: The files and vector stores, or ``None`` if they are not supported.
        lock: Held while requests are recorded and scripted answers are taken.
        closing: Set at the end of the ``with`` block.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        api_key: str | None = None,
        openai: bool = False,
        hosts: bool = True,
        accounts: tuple[str, ...] = (),
    ) -> None:
        """Listen, but do not answer yet.

        Args:
            port: The TCP port on the loopback address, or 0 for a free port.
            api_key: The only accepted key, or ``None`` to accept all requests.
            openai: Whether to refuse what OpenAI refuses but small servers do not: ``response_format``, and to return
                the content of files for assistants.
            hosts: Whether to support files and vector stores.
            accounts: Keys that have their own files and vector stores. The other keys share `hosted`.
        """
        self.api_key = api_key
        self.openai = openai
        self.closing = threading.Event()
        self.connections = self.open_connections = 0
        self.shutdown_dates: dict[str, str] = {}
        self.lock = threading.RLock()
        self._turn = threading.Condition()
        self._released = 0
        self._numbers = itertools.count(1)
        self._reasoning: dict[str, str] = {}
        self.rate: Rate | None = None
        self._script: list[Json] = []
        self._requests: list[Json] = []
        self._usages: list[Json] = []
        self.hosted = Hosted(self.new_id, keeps_content=openai) if hosts else None
        self._accounts = {key: Hosted(self.new_id, keeps_content=openai) for key in accounts}
        self._http = Server(("127.0.0.1", port), Handler)
        self._http.model = self
        self.port: int = self._http.server_address[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.closing.set()
        self.release(0)
        # This wakes the thread that waits for connections, which otherwise notices the end at its next poll.
        with contextlib.suppress(OSError):
            self._http.socket.shutdown(socket.SHUT_RDWR)
        self._http.shutdown()
        self._http.server_close()

    def serve(self) -> None:
        """Serve until the end of the ``with`` block, or forever."""
        self._http.serve_forever(poll_interval=0.02)

    @property
    def requests(self) -> list[Json]:
        """The requests so far, oldest first: ``method``, ``path``, ``headers`` (without the key), ``body``."""
        with self.lock:
            return list(self._requests)

    @property
    def runs(self) -> list[Json]:
        """The bodies of the requests for a response."""
        return [request["body"] for request in self.requests if request["path"] == "/v1/responses"]

    @property
    def usages(self) -> list[Json]:
        """The usage of each response so far: its own count of tokens."""
        with self.lock:
            return list(self._usages)

    def count_usage(self, usage: Json | None) -> None:
        """Record the usage of a response for `usages`."""
        with self.lock:
            self._usages += [usage] if usage else []

    def script(self, answers: list[Json]) -> None:
        """Set the next answers (see the table in the docstring of the package)."""
        with self.lock:
            self._script = list(answers)

    def reset(self) -> None:
        """Delete the recorded requests, the script and the rate limit."""
        self.rate = None
        with self.lock, self._turn:
            self._script, self._requests, self._released = [], [], 0

    def record(self, method: str, path: str, headers: dict[str, str], body: object) -> None:
        """Record a request for `requests`."""
        hidden = {name: "***" if name.lower() == "authorization" else value for name, value in headers.items()}
        with self.lock:
            self._requests.append({"method": method, "path": path, "headers": hidden, "body": body})

    def next_answer(self, body: Json) -> Json:
        """Return and remove the first scripted answer that matches the request, or return ``{}``."""
        text = last_user_text(body)
        with self.lock:
            for answer in self._script:
                if answer.get("match", "") in text:
                    if not answer.get("sticky"):
                        self._script.remove(answer)
                    return answer
        return {}

    def release(self, count: int = 10**9) -> None:
        """Release this number of held answers, now or as soon as they are held."""
        with self._turn:
            self._released += count
            self._turn.notify_all()

    def wait_for_turn(self) -> None:
        """Hold an answer until it is released."""
        with self._turn:
            self._turn.wait_for(lambda: self._released or self.closing.is_set())
            self._released = max(self._released - 1, 0)

    def count_connection(self, change: int) -> None:
        """Count a connection that was opened (1) or closed (-1)."""
        with self.lock:
            self.connections += max(change, 0)
            self.open_connections += change

    def new_id(self, prefix: str) -> str:
        """Return a new id."""
        with self.lock:
            return f"{prefix}_{next(self._numbers):06d}"

    def remember(self, output: list[Json]) -> None:
        """Record the calls with a reasoning item, which must be sent back with them."""
        reasoning = next((item["id"] for item in output if item["type"] == "reasoning"), None)
        if reasoning:
            self._reasoning |= {item["call_id"]: reasoning for item in output if item["type"] == "function_call"}

    def hosted_of(self, key: str) -> Hosted | None:
        """Return the files and vector stores that a key can access."""
        return self._accounts.get(key, self.hosted)

    def reasoning_of(self, call_id: str) -> str | None:
        """Return the id of the reasoning item of this call, or None."""
        return self._reasoning.get(call_id)
