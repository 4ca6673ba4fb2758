# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripted model server: what tests set, and what they read."""

from __future__ import annotations

import itertools
import threading
from typing import Any

from .handler import Handler, Server
from .hosted import Hosted
from .words import last_user_text

Json = dict[str, Any]


class ModelServer:
    """The server, on a thread of its own while the ``with`` block runs.

    Attributes:
        base_url: what a client takes for ``base_url``.
        connections: how many connections there have been.
        open_connections: how many are open now.
        hosted: its files and vector stores; ``None``: it has none.
        closing: set when the ``with`` block ends.
    """

    def __init__(self, *, port: int = 0, api_key: str | None = None, openai: bool = False, hosts: bool = True) -> None:
        """Listen, but do not answer yet.

        Args:
            port: TCP port on the loopback address; 0 takes a free one.
            api_key: the only key that is accepted; ``None`` accepts every request.
            openai: refuse what OpenAI refuses but small servers ignore (a chat style ``response_format``).
            hosts: have files and vector stores.
        """
        self.api_key = api_key
        self.openai = openai
        self.closing = threading.Event()
        self.connections = self.open_connections = 0
        self._lock = threading.Lock()
        self._turn = threading.Condition()
        self._released = 0
        self._numbers = itertools.count(1)
        self._reasoning: dict[str, str] = {}
        self._script: list[Json] = []
        self._requests: list[Json] = []
        self.hosted = Hosted(self.new_id) if hosts else None
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
        self._http.shutdown()
        self._http.server_close()

    def serve(self) -> None:
        """Serve until the ``with`` block ends, or for ever."""
        self._http.serve_forever(poll_interval=0.02)

    @property
    def requests(self) -> list[Json]:
        """The requests so far, oldest first: ``method``, ``path``, ``headers`` (the key hidden), ``body``."""
        with self._lock:
            return list(self._requests)

    @property
    def runs(self) -> list[Json]:
        """The bodies of the requests for a response: what the model was really asked."""
        return [request["body"] for request in self.requests if request["path"] == "/v1/responses"]

    def script(self, answers: list[Json]) -> None:
        """Give these answers next, in turn (see the module's table)."""
        with self._lock:
            self._script = list(answers)

    def reset(self) -> None:
        """Forget the requests and the script."""
        with self._lock, self._turn:
            self._script, self._requests, self._released = [], [], 0

    def record(self, method: str, path: str, headers: dict[str, str], body: object) -> None:
        """Keep a request for `requests`."""
        hidden = {name: "***" if name.lower() == "authorization" else value for name, value in headers.items()}
        with self._lock:
            self._requests.append({"method": method, "path": path, "headers": hidden, "body": body})

    def next_answer(self, body: Json) -> Json:
        """Take the first scripted answer that fits the request, or ``{}``."""
        text = last_user_text(body)
        with self._lock:
            for answer in self._script:
                if answer.get("match", "") in text:
                    if not answer.get("sticky"):
                        self._script.remove(answer)
                    return answer
        return {}

    def release(self, count: int = 10**9) -> None:
        """Let this many of the answers that are held now, or are asked for later, go."""
        with self._turn:
            self._released += count
            self._turn.notify_all()

    def wait_for_turn(self) -> None:
        """Hold an answer until it is released."""
        with self._turn:
            self._turn.wait_for(lambda: self._released or self.closing.is_set())
            self._released = max(self._released - 1, 0)

    def count_connection(self, change: int) -> None:
        """Note that a connection was opened (1) or closed (-1)."""
        with self._lock:
            self.connections += max(change, 0)
            self.open_connections += change

    def new_id(self, prefix: str) -> str:
        """A new id that no earlier answer had."""
        with self._lock:
            return f"{prefix}_{next(self._numbers):06d}"

    def remember(self, output: list[Json]) -> None:
        """Note which calls came with a reasoning item, which must come back with them."""
        reasoning = next((item["id"] for item in output if item["type"] == "reasoning"), None)
        if reasoning:
            self._reasoning |= {item["call_id"]: reasoning for item in output if item["type"] == "function_call"}

    def reasoning_of(self, call_id: str) -> str | None:
        """The id of the reasoning item that came with this call."""
        return self._reasoning.get(call_id)
