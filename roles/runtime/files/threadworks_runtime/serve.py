# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime as a server: ``python -m threadworks_runtime serve --store PATH_OR_URL``.

TLS is a reverse proxy's.
"""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn

from .app import Runtime, create_app
from .descriptors import allow_descriptors
from .ending import end_after
from .errors import StoreError
from .interpreter import tune_interpreter
from .logs import CONFIG
from .model.sdk import import_sdk
from .queue import open_queue
from .serve_options import Service, read_options, read_service
from .server import OPTIONS, TcpProtocol
from .store import open_store
from .systemd import notify

_KEEP_ALIVE = 30  # seconds
# Seconds after which a worker process that does not answer is replaced. On a busy machine, a new one answers only after
# several seconds, and would never finish its start. One that is killed while it is asked is replaced only then, too.
_SILENCE = 20
_MARGIN = 5  # seconds for requests after the runs have ended
_FURTHER_DESCRIPTORS = 256  # for the store, the log and the libraries


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM. A second SIGINT ends the wait for active runs.

    Args:
        arguments: The command line, or None for the one of this process.

    Raises:
        SystemExit: Always. With a message if the server cannot be started.
    """
    service = read_options(arguments, os.environ)
    _allow_connections(service)
    try:
        _check_address(service.host, service.port)
        # Created and upgraded here, so that it is ready for the workers, and problems are only reported once.
        store = open_store(service.settings)
        open_queue(store, service.settings)
        store.close()
    except OSError as error:
        sys.exit(f"Cannot listen on {service.host}, port {service.port}: {error.strerror}. Choose another --port.")
    except StoreError as error:
        sys.exit(str(error))
    # uvicorn passes the signal that stopped it to the previous handler. This is a clean exit.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
    root = f"http://{f'[{service.host}]' if ':' in service.host else service.host}:{service.port}"
    sys.stdout.write(f"The API is at {root}/v1. To see the runs, open {root}/ in a browser.\n")
    sys.stdout.flush()
    uvicorn.run(
        f"{__name__}:work",
        factory=True,
        workers=service.workers,
        host=service.host,
        port=service.port,
        http=TcpProtocol,
        limit_concurrency=service.connections + 1,
        timeout_graceful_shutdown=int(service.grace) + _MARGIN,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_worker_healthcheck=_SILENCE,
        log_config=CONFIG,
        **OPTIONS,
    )


def work() -> Runtime:
    """Create the application of this process from its environment. uvicorn calls it after it handles signals.

    Returns:
        The application.
    """
    tune_interpreter()
    service = read_service(os.environ)
    import_sdk()
    runtime = create_app(service.settings)
    runtime.context.grace = service.grace
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop_runs(grace: float) -> None:
        end_after(grace)
        stopping.append(loop.create_task(runtime.context.executor.stop(grace)))

    def stop(number: int) -> None:
        if not stopping:
            stop_runs(service.grace)
        # Not SIGTERM: systemd sends it to all processes, and a parent process to its worker processes, too.
        elif number == signal.SIGINT:
            stop_runs(0)

    # uvicorn waits for open streams, and these wait for the runs. So both must be stopped at the same time.
    for number in (signal.SIGINT, signal.SIGTERM):
        _call_too(number, functools.partial(loop.call_soon_threadsafe, stop, number))
    _end_with_parent(loop)
    # A service manager then knows that the port was free and the options are valid. Each worker process reports it.
    notify("READY=1")
    return runtime


def _end_with_parent(loop: asyncio.AbstractEventLoop) -> None:
    """Stop this worker process if its parent process is killed. Nothing else would stop it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def stop(sentinel: int) -> None:
        loop.remove_reader(sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(parent.sentinel, stop, parent.sentinel)


def _call_too(number: int, act: Callable[[], object]) -> None:
    handler = signal.getsignal(number)

    def handle(number: int, frame: FrameType | None) -> None:
        act()
        if callable(handler):
            handler(number, frame)

    signal.signal(number, handle)


def _allow_connections(service: Service) -> None:
    """Raise the limit of file descriptors for the connections of a process.

    Raises:
        SystemExit: The limit is too low.
    """
    runs = service.settings.concurrent_runs
    needed = service.connections + runs + _FURTHER_DESCRIPTORS
    allowed = allow_descriptors(needed)
    if allowed < needed:
        sys.exit(
            f"{service.connections} connections and {runs} runs need {needed} open files, but the limit of this "
            f"process is {allowed}. Increase its hard limit ('ulimit -Hn', LimitNOFILE in a systemd unit), or "
            "reduce --connections or --concurrent-runs."
        )


def _check_address(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socket.create_server((host, port), family=family).close()
