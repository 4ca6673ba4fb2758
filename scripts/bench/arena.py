# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of timed playbooks: a directory with its own home, store and runtime, and a model server."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import procfs

ROOT = Path(__file__).resolve().parents[2]
_RUNTIME = ROOT / "roles" / "runtime" / "files"
# Variables that must not be passed on. Python caches its bytecode, as by default.
_KEPT_OUT = ("ANSIBLE_", "OPENAI_", "RUNTIME_", "PYTHONDONTWRITEBYTECODE")


class Failed(Exception):
    """A playbook failed, or something did not happen in time. Nothing can be measured."""


@dataclasses.dataclass(frozen=True)
class Served:
    """A runtime that is served over TCP.

    Attributes:
        url: The URL, up to and including `/v1`.
        pid: The process id.
    """

    url: str
    pid: int
    _log: Path

    def requests(self) -> int:
        """Return the number of requests that it has received so far."""
        return self._log.read_text().count('"path": "/v1/')


class Arena:
    """A directory for playbooks. Nothing outside it is read or written, and all processes are ended.

    Attributes:
        folder: The directory. Its path is short, because the path of a socket has at most 107 characters.
        model: The base URL of the scripted model server, which is a separate process.
    """

    def __init__(self, **environment: str) -> None:
        self._stack = contextlib.ExitStack()
        self._given = environment
        self._quick_model = ""

    def __enter__(self) -> Arena:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="twb-", dir="/tmp")))
        self._sockets = self.folder / "x"
        self._sockets.mkdir(mode=0o700)
        self._stack.callback(self._end_processes)
        self._outside = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_OUT)}
        self.model = f"http://127.0.0.1:{self._start_model()}/v1"
        self.environment = {
            **self._outside,
            "XDG_RUNTIME_DIR": str(self._sockets),
            "ANSIBLE_HOME": f"{self.folder}/ansible",
            "ANSIBLE_REMOTE_TMP": f"{self.folder}/ansible/tmp",
            "ANSIBLE_COLLECTIONS_PATH": collections(),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
            "OPENAI_BASE_URL": self.model,
            "OPENAI_RUNTIME_STORE": str(self.store),
            # The measurements end the runtime themselves.
            "OPENAI_RUNTIME_IDLE_TIMEOUT": "900",
            **self._given,
        }
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @property
    def store(self) -> Path:
        """The store of the playbooks."""
        return self.folder / "runtime.db"

    @property
    def served_store(self) -> Path:
        """The store of the served runtime."""
        return self.folder / "served.db"

    def playbook(self, name: str, tasks: str, hosts: str = "localhost") -> Path:
        """Write a playbook with these tasks (YAML, indented by four spaces)."""
        file = self.folder / f"{name}.yml"
        head = f"- hosts: {hosts}\n  gather_facts: false\n  tasks:"
        file.write_text(f"{head}\n{tasks}" if tasks.strip() else f"{head} []\n")
        return file

    def seconds(self, playbook: Path, *arguments: str, **environment: str) -> float:
        """Run a playbook and return its duration in seconds.

        Raises:
            Failed: The playbook failed. The message contains its output.
        """
        command = [sys.executable, "-m", "ansible", "playbook", str(playbook), *arguments]
        variables = {**self.environment, **environment}
        began = time.perf_counter()
        ended = subprocess.run(
            command,
            env=variables,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        taken = time.perf_counter() - began
        if ended.returncode:
            raise Failed(f"{playbook.name} failed:\n{ended.stdout[-4000:]}{ended.stderr[-4000:]}")
        return taken

    def processes(self) -> list[int]:
        """Return the process ids of the playbooks and runtimes of this directory, without the model server."""
        return procfs.pids_with("XDG_RUNTIME_DIR", str(self._sockets))

    def stop_runtime(self) -> None:
        """Stop the local runtime with a request, and wait until its process has ended."""
        pids = self.processes()
        for path in self._sockets.rglob("*.sock"):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(str(path))
                body = b'{"force": true}'
                head = f"POST /runtime/stop HTTP/1.1\r\nHost: runtime\r\nContent-Length: {len(body)}\r\n"
                client.sendall(head.encode() + b"Content-Type: application/json\r\nConnection: close\r\n\r\n" + body)
                client.recv(65536)
        if not procfs.gone(pids, 20):
            print(f"A runtime did not stop within 20 seconds, and was killed: {pids}", file=sys.stderr)
            procfs.end(pids)

    def script(self, answers: list[dict[str, Any]]) -> None:
        """Set the answers of the model server, and delete its record of requests."""
        self._ask_model("DELETE", "/_requests")
        self.answers(answers)

    def answers(self, answers: list[dict[str, Any]]) -> None:
        """Set the answers of the model server."""
        self._ask_model("PUT", "/_script", answers)

    def limit(self, rate: dict[str, Any] | None) -> None:
        """Set the rate limit of the model server: the arguments of `Rate` in `tests/model_server`, or None."""
        self._ask_model("PUT", "/_rate", rate)

    def asked(self) -> list[dict[str, Any]]:
        """Return the bodies of the requests for a response to the model server, oldest first."""
        return [each["body"] for each in self._ask_model("GET", "/_requests") if each["path"] == "/v1/responses"]

    def rows(self, query: str, store: Path | None = None) -> list[Any]:
        """Return the rows of a query in the store of the playbooks, or in another store."""
        with contextlib.closing(sqlite3.connect(store or self.store, timeout=30)) as connection:
            return connection.execute(query).fetchall()

    @contextlib.contextmanager
    def served(
        self,
        *,
        store: Path | None = None,
        quick_model: bool = False,
        concurrent_runs: int | None = None,
        workers: int = 1,
    ) -> Iterator[Served]:
        """Serve a runtime over TCP.

        Args:
            store: The store. None for `served_store`.
            quick_model: Whether to use the model server of `quick_model.py` instead of the scripted one.
            concurrent_runs: The maximum number of concurrent runs. None for the default.
            workers: The number of processes.
        """
        port, log = _free_port(), self.folder / f"served-{workers}.log"
        command = [sys.executable, "-m", "threadworks_runtime", "serve", "--port", str(port)]
        command += ["--workers", str(workers)]
        # Not one of `processes()`, because it is ended here.
        environment = {name: value for name, value in self.environment.items() if name != "XDG_RUNTIME_DIR"}
        environment["PYTHONPATH"] = str(_RUNTIME)
        if quick_model:
            environment["OPENAI_BASE_URL"] = self.quick_model()
        if concurrent_runs:
            command += ["--concurrent-runs", str(concurrent_runs)]
        command += ["--store", str(store or self.served_store)]
        with log.open("wb") as stream:
            process = subprocess.Popen(command, env=environment, stderr=stream, stdout=stream)
        try:
            wait(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), f"The runtime did not answer: see {log}", 30)
            yield Served(f"http://127.0.0.1:{port}/v1", process.pid, log)
        finally:
            procfs.end([process.pid])
            process.wait(20)

    def quick_model(self) -> str:
        """Start the model server of `quick_model.py` if it is not running, and return its base URL."""
        if not self._quick_model:
            file = self.folder / "quick_port"
            port = self._start([str(Path(__file__).with_name("quick_model.py")), str(file)], file)
            self._quick_model = f"http://127.0.0.1:{port}/v1"
        return self._quick_model

    def _start_model(self) -> str:
        file = self.folder / "port"
        return self._start(["-m", "model_server", "--port-file", str(file)], file, ROOT / "tests")

    def _start(self, arguments: list[str], file: Path, folder: Path | None = None) -> str:
        """Start a model server, wait until it has written its port to a file, and return the port."""
        process = subprocess.Popen([sys.executable, *arguments], cwd=folder, env=self._outside)
        self._stack.callback(process.wait, 20)
        self._stack.callback(process.kill)
        wait(file.exists, "The model server did not start", 30)
        return file.read_text()

    def _ask_model(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.model.removesuffix("/v1") + path, data, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _end_processes(self) -> None:
        procfs.end(self.processes())


def collections() -> str:
    """Return the parent of `ansible_collections/`: ANSIBLE_COLLECTIONS_PATH, or a link tree to this checkout."""
    path = ROOT / "build" / "collections"
    link = path / "ansible_collections" / "threadworks" / "openai"
    if link.resolve() != ROOT:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT)
    return os.environ.get("ANSIBLE_COLLECTIONS_PATH") or str(path)


def wait(until: Callable[[], Any], what: str, seconds: float) -> None:
    """Wait until a condition is true.

    Raises:
        Failed: The condition is still false after this number of seconds.
    """
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise Failed(what)
        time.sleep(0.05)


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1) as answer:
        return bool(answer.status == 200)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
