# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients that ask for runs, and repeat each request until it is answered."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx2

_ENDED = ("completed", "failed", "cancelled", "incomplete", "expired")
_GIVEN_UP = 180.0  # seconds


class Client(threading.Thread):
    """A client with a thread of its own. It asks one question after the other.

    Args:
        urls: The servers.
        assistant_id: The assistant.
        questions: The questions.
        seed: The seed of its random choices.
    """

    def __init__(self, urls: Sequence[str], assistant_id: str, questions: Sequence[str], seed: str) -> None:
        super().__init__(name=seed)
        self._urls, self._assistant_id, self._questions = urls, assistant_id, questions
        self._chance = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.seconds: list[float] = []
        """The time from each question to its answer."""
        self.thread_id = ""

    def run(self) -> None:
        """Ask all questions."""
        with httpx2.Client(timeout=15, headers={"OpenAI-Beta": "assistants=v2"}) as self._http:
            self.thread_id = self._ask("POST", "/threads", {})["id"]
            for question in self._questions:
                began = time.monotonic()
                try:
                    self._answer(question)
                except TimeoutError as error:
                    self.wrong.append(f"{question}: {error}")
                    return
                self.seconds.append(time.monotonic() - began)

    def _answer(self, question: str) -> None:
        message = {"role": "user", "content": question}
        body = {"assistant_id": self._assistant_id, "additional_messages": [message]}
        path, key = f"/threads/{self.thread_id}/runs", uuid.uuid4().hex
        if self._chance.random() < 0.3 and self._stream(path, {**body, "stream": True}, key):
            self.counts["streams that came to their end"] += 1
            return
        run = self._ask("POST", path, body, key)
        while run["status"] not in _ENDED:
            time.sleep(0.05)
            run = self._ask("GET", f"{path}/{run['id']}")
        if run["status"] != "completed":
            self.wrong.append(f"{question}: {run['status']} {run['last_error']}")

    def _stream(self, path: str, body: dict[str, Any], key: str) -> bool:
        """Stream a run, and return whether its end was received. Otherwise the request has to be repeated."""
        names: list[str] = []
        try:
            url = f"{self._chance.choice(self._urls)}{path}"
            with self._http.stream("POST", url, json=body, headers={"Idempotency-Key": key}) as answer:
                names = [line[7:] for line in answer.iter_lines() if line.startswith("event: ")]
        except httpx2.HTTPError:
            self.counts["streams that were cut"] += 1
        order = [name for name in names if name in ("thread.message.created", "thread.message.completed")]
        if "thread.message.completed" in order and order[-1] != "thread.message.completed":
            self.wrong.append(f"events in wrong order: {names}")
        return "thread.run.completed" in names

    def _ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex} if method == "POST" else {}
        deadline = time.monotonic() + _GIVEN_UP
        while time.monotonic() < deadline:
            try:
                url = f"{self._chance.choice(self._urls)}{path}"
                answer = self._http.request(method, url, json=body, headers=headers)
                if answer.status_code < 500:
                    if answer.status_code >= 400:
                        self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
                        raise TimeoutError("refused")
                    return answer.json()
            except httpx2.HTTPError:
                pass
            self.counts["requests that were repeated"] += 1
            time.sleep(0.1)
        raise TimeoutError(f"{method} {path} has no answer")
