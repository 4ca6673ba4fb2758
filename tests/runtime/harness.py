# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests reach a runtime: in process, or served by processes of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import openai

from ansible_collections.threadworks.openai.runtime.app import Runtime

BETA = {"OpenAI-Beta": "assistants=v2"}
TOOL = {"type": "function", "function": {"name": "disk"}}
TERMINAL = ("completed", "failed", "cancelled", "incomplete", "expired")


def raw_client(app: Runtime, **headers: str) -> httpx2.Client:
    """A plain HTTP client on an application in this process; what the SDK would never send can be sent with it."""
    transport = httpx2.WSGITransport(app=app)
    return httpx2.Client(transport=transport, base_url="http://runtime/v1", headers={**BETA, **headers})


def sdk(app: Runtime, **options: Any) -> openai.OpenAI:
    """The official SDK on an application in this process; an answer that is not exactly of its type is an error."""
    http = httpx2.Client(transport=httpx2.WSGITransport(app=app))
    return openai.OpenAI(
        api_key="unused",
        base_url="http://runtime/v1",
        http_client=http,
        max_retries=0,
        _strict_response_validation=True,
        **options,
    )


def wait_for(what: Callable[[], Any], *, seconds: float = 10) -> Any:
    """The first true value of ``what``, asked for again and again."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return value


class Conversation:
    """An assistant and a thread, and what is asked of them."""

    def __init__(self, wire: httpx2.Client) -> None:
        self.wire = wire
        self.assistant = self._made("/assistants", {"model": "scripted", "instructions": "Be brief.", "tools": [TOOL]})
        self.thread = self._made("/threads", {"messages": [{"role": "user", "content": "Hello"}]})
        self.runs = f"/threads/{self.thread}/runs"

    def _made(self, path: str, body: dict[str, Any]) -> str:
        return self.wire.post(path, json=body).json()["id"]

    def start(self, **fields: Any) -> dict[str, Any]:
        answer = self.wire.post(self.runs, json={"assistant_id": self.assistant, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read(self, run: dict[str, Any]) -> dict[str, Any]:
        return self.wire.get(f"{self.runs}/{run['id']}").json()

    def until(self, run: dict[str, Any], *statuses: str) -> dict[str, Any]:
        return wait_for(lambda: found if (found := self.read(run))["status"] in statuses else None)

    def finish(self, **fields: Any) -> dict[str, Any]:
        return self.until(self.start(**fields), *TERMINAL, "requires_action")

    def steps(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        return self.wire.get(f"{self.runs}/{run['id']}/steps?order=asc").json()["data"]

    def messages(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        return self.wire.get(f"/threads/{self.thread}/messages?order=asc&run_id={run['id']}").json()["data"]

    def cancel(self, run: dict[str, Any]) -> httpx2.Response:
        return self.wire.post(f"{self.runs}/{run['id']}/cancel")

    def submit(self, run: dict[str, Any], *outputs: tuple[str, str]) -> httpx2.Response:
        body = {"tool_outputs": [{"tool_call_id": id, "output": output} for id, output in outputs]}
        return self.wire.post(f"{self.runs}/{run['id']}/submit_tool_outputs", json=body)


class Served:
    """The runtime as a server: its own processes, a real socket."""

    def __init__(self, store: str, model_url: str, *arguments: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._command = [
            sys.executable,
            "-m",
            "ansible_collections.threadworks.openai.runtime.serve",
            *("--port", str(self.port), "--store", store, *arguments),
        ]
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "OPENAI_BASE_URL": model_url,
            **environment,
        }
        self._token = environment.get("RUNTIME_TOKEN", "unused")
        self._log = Path(store).with_suffix(f".{self.port}.log")
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Served:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stderr=log)
        wait_for(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200
        except httpx2.TransportError:
            return False

    def stop(self) -> int:
        """Stop it in its clean way; answers the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text()

    def sdk(self) -> openai.OpenAI:
        """The official SDK on it."""
        url = f"http://127.0.0.1:{self.port}/v1"
        return openai.OpenAI(api_key=self._token, base_url=url, max_retries=0, _strict_response_validation=True)
