# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runtimes in separate processes, as users start them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import openai

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.local_runtimes import is_alive
from ansible_collections.threadworks.openai.tests.procfs import peak_memory

RUNTIME = Path(__file__).resolve().parents[2] / "roles" / "runtime" / "files"
_COMMAND = [sys.executable, "-m", "threadworks_runtime"]


def resident(pid: int) -> int:
    """Return the peak memory of a process, in MiB. It requires /proc."""
    return peak_memory(pid) // 1024


class Served:
    """The runtime as a server, with its own processes and a TCP port."""

    socket = None

    def __init__(self, store: str, model_url: str, *arguments: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._command = [*_COMMAND, "serve", "--port", str(self.port), "--store", store, *arguments]
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(RUNTIME),
            "OPENAI_BASE_URL": model_url,
            **environment,
        }
        self._token = environment.get("RUNTIME_TOKEN", "unused")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # open until this object is deleted
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Served:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        try:
            self.stop()
        finally:
            self.kill()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,
        )
        wait_for(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log
        try:
            # An HTTP client for each question would cost more than the start.
            socket.create_connection(("127.0.0.1", self.port)).close()
            # To load the certificates for TLS, which is not used, would delay the server that is starting.
            return httpx2.get(f"http://127.0.0.1:{self.port}/healthz", verify=False).status_code == 200
        except (ConnectionError, httpx2.TransportError):
            return False

    @property
    def pid(self) -> int:
        """The id of the started process."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """Stop the server with SIGTERM, and return the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(300)

    def kill(self) -> None:
        """Kill all of its processes."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(300)

    @property
    def log(self) -> str:
        """The log of the server."""
        # Reading it in the usual way would change the position at which the processes write.
        return os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0).decode()

    def sdk(self) -> openai.OpenAI:
        """Return a client of the official SDK."""
        return openai.OpenAI(api_key=self._token, base_url=self.url, max_retries=0, _strict_response_validation=True)


class Worker:
    """A worker: a process that executes the runs of a PostgreSQL store.

    Args:
        store: The address of the store.
        model_url: The URL of the model server.
        arguments: Further arguments of the command.
        prefix: A command that starts the worker, for example in a network namespace.
    """

    def __init__(self, store: str, model_url: str, *arguments: str, prefix: tuple[str, ...] = ()) -> None:
        self._command = [*prefix, *_COMMAND, "work", "--store", store, *arguments]
        self._environment = {**os.environ, "PYTHONPATH": str(RUNTIME), "OPENAI_BASE_URL": model_url}
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # open until this object is deleted
        self._started_at = 0
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        try:
            self.stop()
        finally:
            self.kill()

    def start(self) -> None:
        """Start the worker. Runs wait until it is ready."""
        self._started_at = len(self.log)
        self._process = subprocess.Popen(self._command, env=self._environment, stderr=self._log, start_new_session=True)

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def is_ready(self) -> bool:
        """Whether it takes runs."""
        return "the worker has started" in self.log[self._started_at :]

    def stop(self) -> int:
        """Stop the worker with SIGTERM, and return the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(300)

    def kill(self) -> None:
        """Kill the worker."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(300)

    @property
    def log(self) -> str:
        """The log of the worker."""
        return os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0).decode()


class Local:
    """The runtime as started by playbooks: a detached process with a Unix socket.

    Args:
        store: The path of its store.
        options: Further fields of its configuration.
    """

    url = "http://runtime/v1"
    port = 0

    def __init__(self, store: str, **options: Any) -> None:
        # The path of a socket has to be short.
        self._folder = tempfile.TemporaryDirectory()
        self.socket = Path(self._folder.name) / "socket"
        self.pid = 0
        self._configuration = json.dumps({"store": store, "socket": str(self.socket), **options})

    def __enter__(self) -> Local:
        started = subprocess.run(
            [*_COMMAND, "local"],
            input=self._configuration,
            env={**os.environ, "PYTHONPATH": str(RUNTIME)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        report = json.loads(started.stdout or "{}")
        if not report.get("ready"):
            self._folder.cleanup()
            raise AssertionError(started)
        self.pid = report["pid"]
        return self

    def __exit__(self, *_exc: object) -> None:
        self.kill()
        self._folder.cleanup()

    @classmethod
    @contextmanager
    def found(cls, pid: int, socket: str) -> Iterator[Local]:
        """Use a runtime that another process has started. It is killed at the end."""
        runtime = cls("")
        runtime.pid, runtime.socket = pid, Path(socket)
        try:
            yield runtime
        finally:
            runtime.__exit__()
            shutil.rmtree(runtime.socket.parent)

    def kill(self) -> None:
        """Kill the runtime."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            wait_for(self.is_gone)

    def is_gone(self) -> bool:
        """Whether the process has ended."""
        return not is_alive(self.pid)
