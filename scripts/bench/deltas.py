# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speed of deltas, and the time from the end of the model server's answer to the end of the run."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import procfs
from arena import Arena, Failed, wait
from figures import Figure, Goal

_DELTAS = 40_000
_MANY = 200_000
_NAMES = (
    "deltas passed through, local runtime",
    "deltas passed through, served runtime",
    "deltas passed through, local runtime: CPU time per delta",
    "deltas passed through, served runtime: CPU time per delta",
    "deltas read directly from the model server",
    "deltas that arrive from a reply of 200,000 deltas",
    "time from the model server's last byte to the end of the stream",
    "time from the model server's last byte to the end of the task",
)
_BEFORE = {_NAMES[0]: 3500.0, _NAMES[7]: 200.0}
_ASSISTANT = """
    - threadworks.openai.openai_assistant: {name: bench, model: none}
"""
_RUN = """
    - threadworks.openai.openai_thread_run:
        assistant_id: "{{ assistant_id }}"
        thread: {messages: [{content: Hello}]}
        force: true
"""


def measure(rounds: int, only: str) -> list[Figure]:
    """Measure the selected figures."""
    if not any(fnmatch.fnmatch(name, only) for name in _NAMES):
        return []
    values: dict[str, list[float]] = {name: [] for name in _NAMES}
    print("deltas", file=sys.stderr)
    with _model(_DELTAS) as model, Arena(OPENAI_BASE_URL=model.url) as arena:
        values[_NAMES[4]] = [model.deltas / _direct(model) for _round in range(rounds)]
        with _local(arena) as local:
            _streams(values, (_NAMES[0], _NAMES[2]), local, model, rounds)
        with _served(arena) as served:
            _streams(values, (_NAMES[1], _NAMES[3]), served, model, rounds)
    with _model(_MANY) as model, Arena(OPENAI_BASE_URL=model.url) as arena, _local(arena) as local:
        values[_NAMES[5]].append(float(local.stream(model).deltas))
    with _model(20) as model, Arena(OPENAI_BASE_URL=model.url) as arena, _local(arena) as local:
        for _round in range(4 * rounds):
            values[_NAMES[6]].append(1000 * (local.stream(model).ended - model.last_byte()))
        values[_NAMES[7]] = _tasks(arena, model, rounds)
    goals = {_NAMES[0]: Goal(20_000, True), _NAMES[1]: Goal(20_000, True), _NAMES[5]: Goal(_MANY, True)}
    goals[_NAMES[7]] = Goal(30)
    units = ("/s", "/s", "µs", "µs", "/s", "", "ms", "ms")
    return [
        Figure(name, unit, values[name], goals.get(name), _BEFORE.get(name))
        for name, unit in zip(_NAMES, units, strict=True)
        if fnmatch.fnmatch(name, only)
    ]


class _Model:
    """The process of `fast_model.py`."""

    def __init__(self, port: int, deltas: int) -> None:
        self.port, self.deltas = port, deltas
        self.url = f"http://127.0.0.1:{port}/v1"

    def last_byte(self) -> float:
        """Return the time when the last byte of the latest answer was sent, on the monotonic clock."""
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.sendall(b"GET /v1/last_byte HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return float(client.recv(4096).rpartition(b"\r\n\r\n")[2])


class _Stream:
    """The number of received deltas, and the times of the first one and of the end (monotonic clock)."""

    deltas = 0
    first = ended = 0.0


class _Runtime:
    """A runtime in a separate process, and a client that reads the bytes of its streams."""

    def __init__(self, address: str | tuple[str, int], pid: int, options: str = "") -> None:
        self._address, self._options, self.pid = address, options, pid
        self.assistant: str = self._post("/v1/assistants", {"model": "m"})["id"]

    def stream(self, model: _Model) -> _Stream:
        """Create a run on a new thread, and read the stream to its end.

        Raises:
            Failed: The stream is interrupted, or the run fails.
        """
        seen, end = _Stream(), b""
        thread = {"messages": [{"role": "user", "content": "Hello"}]}
        body = {"assistant_id": self.assistant, "stream": True, "thread": thread, "max_completion_tokens": 10**6}
        with self._request("/v1/threads/runs", body) as client:
            while b"[DONE]" not in end:
                piece = client.recv(1 << 20)
                if not piece:
                    raise Failed(f"The stream was interrupted: {end[-2000:].decode()}")
                # A name can be split between two pieces. The end of the previous piece is shorter than a name.
                looked = end[-20:] + piece
                if found := looked.count(b"thread.message.delta\nd"):
                    seen.first = seen.first or time.monotonic()
                    seen.deltas += found
                end = (end + piece)[-4000:]
        seen.ended = time.monotonic()
        if b"thread.run.completed" not in end and b"event: thread.run.failed" in end:
            raise Failed(f"The run failed: {end.decode(errors='replace')}")
        return seen

    def _request(self, path: str, body: Any) -> socket.socket:
        client = socket.socket(socket.AF_UNIX if isinstance(self._address, str) else socket.AF_INET)
        client.settimeout(300)
        client.connect(self._address)
        data = json.dumps(body).encode()
        fields = {"Host": "localhost", "OpenAI-Beta": "assistants=v2", "Content-Type": "application/json"}
        fields |= {"Content-Length": str(len(data)), "Connection": "close"}
        fields |= {"Runtime-Options": self._options} if self._options else {}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        client.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + data)
        return client

    def _post(self, path: str, body: Any) -> Any:
        with self._request(path, body) as client, client.makefile("rb") as answer:
            return json.loads(answer.read().rpartition(b"\r\n\r\n")[2])


@contextlib.contextmanager
def _model(deltas: int) -> Iterator[_Model]:
    with contextlib.ExitStack() as stack:
        arena = stack.enter_context(Arena())
        file = arena.folder / "fast-port"
        script = str(Path(__file__).with_name("fast_model.py"))
        process = subprocess.Popen([sys.executable, script, str(file), str(deltas)])
        stack.callback(process.wait, 20)
        stack.callback(process.kill)
        wait(file.exists, "The fast model server did not start", 60)
        yield _Model(int(file.read_text()), deltas)


@contextlib.contextmanager
def _local(arena: Arena) -> Iterator[_Runtime]:
    """Start a local runtime with a playbook."""
    arena.seconds(arena.playbook("start", _ASSISTANT))
    (path,) = (arena.folder / "x").rglob("*.sock")
    try:
        yield _Runtime(str(path), arena.processes()[0], json.dumps({"base_url": arena.environment["OPENAI_BASE_URL"]}))
    finally:
        arena.stop_runtime()


@contextlib.contextmanager
def _served(arena: Arena) -> Iterator[_Runtime]:
    with arena.served() as served:
        port = int(served.url.rpartition(":")[2].removesuffix("/v1"))
        yield _Runtime(("127.0.0.1", port), served.pid)


def _streams(
    values: dict[str, list[float]], names: tuple[str, str], runtime: _Runtime, model: _Model, rounds: int
) -> None:
    runtime.stream(model)  # includes work that is only done once
    for _round in range(rounds):
        used = procfs.cpu_seconds(runtime.pid)
        seen = runtime.stream(model)
        if seen.deltas != model.deltas:
            raise Failed(f"{seen.deltas} of {model.deltas} deltas arrived")
        values[names[0]].append(seen.deltas / (seen.ended - seen.first))
        values[names[1]].append(1e6 * (procfs.cpu_seconds(runtime.pid) - used) / seen.deltas)


def _direct(model: _Model) -> float:
    """Return the seconds to read an answer. The model server and this client must not be the bottleneck."""
    with socket.create_connection(("127.0.0.1", model.port)) as client:
        client.sendall(b"POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        end, began = b"", time.monotonic()
        while not end.endswith(b"\r\n0\r\n\r\n"):
            end = end[-10:] + client.recv(1 << 20)
        return time.monotonic() - began


def _tasks(arena: Arena, model: _Model, rounds: int) -> list[float]:
    """Return the milliseconds from the last byte to the callback for the end of a task."""
    file = arena.folder / "ends"
    variables = {
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("callback")),
        "ANSIBLE_CALLBACKS_ENABLED": "ends",
        "ENDS_FILE": str(file),
    }
    assistant = arena.rows("SELECT id FROM assistants")[0][0]
    play, found = arena.playbook("run", _RUN), []
    for _round in range(2 * rounds):
        arena.seconds(play, "-e", f"assistant_id={assistant}", **variables)
        found.append(1000 * (float(file.read_text()) - model.last_byte()))
    return found
