# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime as a server: ``python -m ansible_collections.threadworks.openai.runtime.serve --store PATH_OR_URL``.

Options come from the command line or the environment, secrets from the environment only: everybody on the machine can
read its command lines. TLS is a reverse proxy's.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gunicorn.app.base import BaseApplication

from .app import create_app
from .errors import StoreError
from .logs import CONFIG, logged
from .settings import Settings
from .store import open_store

_MARGIN = 5  # seconds between the runners' last moment and the workers'


@dataclass(frozen=True)
class Server:
    """How the runtime is served.

    :param settings: the runtime's settings.
    :param host: the address to listen on.
    :param port: the port to listen on.
    :param workers: processes, all on one store.
    :param threads: requests that each process answers at once; a stream is one of them for as long as it lasts.
    :param grace: seconds that runs have left when the server is stopped; then they are handed over.
    """

    settings: Settings
    host: str
    port: int
    workers: int
    threads: int
    grace: float


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> None:
    """Serve until SIGTERM.

    :param arguments: the command line; ``None``: this process's.
    :param environment: where the secrets are; ``None``: this process's.
    :raise SystemExit: always; with a message, if it cannot be served.
    """
    server = read_options(arguments, os.environ if environment is None else environment)
    try:
        # Made and brought up to date here, so that the workers find it ready, and trouble is said once and plainly.
        open_store(server.settings).close()
    except StoreError as error:
        sys.exit(str(error))
    _Gunicorn(server).run()


def read_options(arguments: Sequence[str] | None, environment: Mapping[str, str]) -> Server:
    """Read command line and environment.

    :param arguments: the command line; ``None``: this process's.
    :param environment: the environment.
    :return: how to serve.
    :raise SystemExit: they are wrong, or would serve everybody.
    """
    parser = argparse.ArgumentParser(prog="runtime.serve", description="Serve the Assistants v2 wire from a store.")

    def option(name: str, variable: str, default: Any, help: str, type: Any = str) -> None:
        default = environment.get(variable) or default
        parser.add_argument(f"--{name}", type=type, default=default, help=f"{help} ({variable})")

    option("host", "RUNTIME_HOST", "127.0.0.1", "address to listen on")
    option("port", "RUNTIME_PORT", 8088, "port to listen on", int)
    option("store", "OPENAI_RUNTIME_STORE", None, "path of an SQLite file, or SQLAlchemy URL")
    option("workers", "RUNTIME_WORKERS", 2, "worker processes", int)
    option("threads", "RUNTIME_THREADS", 64, "requests that a process answers at once", int)
    option("run-workers", "RUNTIME_RUN_WORKERS", 16, "runs that a process executes at once", int)
    option("run-expiry", "RUNTIME_RUN_EXPIRY", 600, "seconds until a run expires", int)
    option("grace", "RUNTIME_GRACE", 30, "seconds that runs may still take when the server is stopped", float)
    option("max-body", "RUNTIME_MAX_BODY", Settings.max_body, "bytes that a request's body may have", int)
    option("timeout", "RUNTIME_MODEL_TIMEOUT", 600, "seconds that the model server may stay silent", float)
    options = parser.parse_args(arguments)
    token = environment.get("RUNTIME_TOKEN") or None
    if not options.store:
        parser.error("--store (OPENAI_RUNTIME_STORE) is missing")
    for name in ("workers", "threads", "run_workers", "run_expiry", "max_body"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if token is None and not _is_loopback(options.host):
        parser.error(
            f"listening on {options.host} would let everybody in: set RUNTIME_TOKEN, and put a TLS proxy in front"
        )
    settings = Settings(
        store=options.store,
        base_url=environment.get("OPENAI_BASE_URL") or None,
        api_key=environment.get("OPENAI_API_KEY") or None,
        organization=environment.get("OPENAI_ORGANIZATION") or environment.get("OPENAI_ORG_ID") or None,
        project=environment.get("OPENAI_PROJECT_ID") or None,
        timeout=options.timeout,
        run_expiry=options.run_expiry,
        executor="threads",
        run_workers=options.run_workers,
        token=token,
        max_body=options.max_body,
    )
    return Server(settings, options.host, options.port, options.workers, options.threads, options.grace)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class _Gunicorn(BaseApplication):
    """gunicorn, configured by us alone: no file and no variable of its own has a say."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stopping: threading.Thread | None = None
        super().__init__()

    def load_config(self) -> None:
        host = f"[{self._server.host.strip('[]')}]" if ":" in self._server.host else self._server.host
        for name, value in {
            "bind": f"{host}:{self._server.port}",
            "workers": self._server.workers,
            "worker_class": "gthread",
            "threads": self._server.threads,
            "keepalive": 30,
            "graceful_timeout": int(self._server.grace) + _MARGIN,
            "proc_name": "openai-runtime",
            "control_socket_disable": True,
            "logconfig_dict": CONFIG,
            "post_worker_init": self._catch_stop,
            "worker_exit": self._wait_for_runs,
        }.items():
            # An older gunicorn has no control socket, and no setting to disable it.
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Called in each worker: threads and connections are its own."""
        self._runtime = create_app(self._server.settings)
        return logged(self._runtime)

    def _catch_stop(self, worker: Any) -> None:
        def stop(signum: int, frame: Any) -> None:
            self._stop_runs()
            worker.handle_exit(signum, frame)

        signal.signal(signal.SIGTERM, stop)

    def _stop_runs(self) -> threading.Thread:
        # Beside the worker's own end, which waits for the streams of these very runs.
        if self._stopping is None:
            executor = self._runtime.context.executor
            self._stopping = threading.Thread(target=executor.stop, args=(self._server.grace,), daemon=True)
            self._stopping.start()
        return self._stopping

    def _wait_for_runs(self, _arbiter: Any, worker: Any) -> None:
        if worker.pid == os.getpid():  # gunicorn's parent process calls this too
            self._stop_runs().join(self._server.grace + _MARGIN)


if __name__ == "__main__":
    main()
