# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime as a server: ``python -m threadworks_runtime serve --store PATH_OR_URL``.

Options come from the command line or the environment, secrets from the environment only: everybody on the machine can
read its command lines. TLS is a reverse proxy's.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

import uvicorn

from .app import Runtime, create_app
from .descriptors import allow_descriptors
from .doors import is_host, is_loopback
from .errors import StoreError
from .logs import CONFIG
from .server import OPTIONS, TcpProtocol
from .settings import ModelOptions, Settings, missing_scheme
from .store import open_store

_KEEP_ALIVE = 30  # seconds
_MARGIN = 5  # seconds that requests have after the runs
_DAY = 86400  # seconds
_LAST_PORT = 65535
_FURTHER_DESCRIPTORS = 256  # for the store, the log and the libraries
# The options that a worker process reads again from its environment.
_VARIABLES = {
    "host": "RUNTIME_HOST",
    "port": "RUNTIME_PORT",
    "store": "OPENAI_RUNTIME_STORE",
    "workers": "RUNTIME_WORKERS",
    "connections": "RUNTIME_CONNECTIONS",
    "concurrent_runs": "RUNTIME_CONCURRENT_RUNS",
    "run_expiry": "RUNTIME_RUN_EXPIRY",
    "grace": "RUNTIME_GRACE",
    "max_body": "RUNTIME_MAX_BODY",
    "max_upload": "RUNTIME_MAX_UPLOAD",
    "timeout": "RUNTIME_MODEL_TIMEOUT",
}
_ALLOWED_HOSTS = "RUNTIME_ALLOWED_HOSTS"
_PASSTHROUGH = "RUNTIME_PASSTHROUGH"


@dataclass(frozen=True)
class Service:
    """How the runtime is served.

    Args:
        settings: The runtime's settings.
        host: The address to listen on.
        port: The port to listen on.
        workers: Processes, all on one store.
        connections: Connections that each process takes.
        grace: Seconds that runs have left when the server is stopped; then they are handed over.
    """

    settings: Settings
    host: str
    port: int
    workers: int
    connections: int
    grace: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM.

    Args:
        arguments: The command line; ``None``: this process's.

    Raises:
        SystemExit: Always; with a message, if it cannot be served.
    """
    options = _parse(arguments, os.environ)
    # Worker processes read them there, and this process does as they do.
    os.environ.update({variable: str(getattr(options, name)) for name, variable in _VARIABLES.items()})
    os.environ[_ALLOWED_HOSTS] = ",".join(options.allowed_host)
    os.environ[_PASSTHROUGH] = str(int(options.passthrough))
    service = read_service(os.environ)
    _allow_connections(service)
    try:
        _check_address(service.host, service.port)
        # Made and brought up to date here, so that the workers find it ready, and trouble is reported once and plainly.
        open_store(service.settings).close()
    except OSError as error:
        sys.exit(f"Cannot listen on {service.host}, port {service.port}: {error.strerror}. Choose another --port.")
    except StoreError as error:
        sys.exit(str(error))
    # uvicorn hands the signal that stopped it to the handler before its own: this is a clean end.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))
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
        log_config=CONFIG,
        **OPTIONS,
    )


def work() -> Runtime:
    """Make the application of this process, as its environment says. uvicorn calls it once it handles the signals.

    Returns:
        The application.
    """
    service = read_service(os.environ)
    runtime = create_app(service.settings)
    runtime.context.grace = service.grace
    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Task[None]] = []

    def stop_runs() -> None:
        if not stopping:
            stopping.append(loop.create_task(runtime.context.executor.stop(service.grace)))

    # uvicorn waits for open streams, and these wait for the runs: both begin to end at the same moment.
    for number in (signal.SIGINT, signal.SIGTERM):
        _call_too(number, lambda: loop.call_soon_threadsafe(stop_runs))
    _end_with_parent(loop)
    return runtime


def _end_with_parent(loop: asyncio.AbstractEventLoop) -> None:
    """Stop this process when the one that has started it as its worker is killed: nobody else would ever stop it."""
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


def read_service(environment: Mapping[str, str]) -> Service:
    """Read how to serve.

    Args:
        environment: Has the options, as `main` has put them there, and the secrets.

    Returns:
        How to serve.
    """
    options = _parse([], environment)
    model = ModelOptions(
        base_url=environment.get("OPENAI_BASE_URL") or None,
        api_key=environment.get("OPENAI_API_KEY") or None,
        organization=environment.get("OPENAI_ORGANIZATION") or environment.get("OPENAI_ORG_ID") or None,
        project=environment.get("OPENAI_PROJECT_ID") or None,
        timeout=options.timeout,
    )
    settings = Settings(
        store=options.store,
        model=model,
        executor="served",
        concurrent_runs=options.concurrent_runs,
        run_expiry=options.run_expiry,
        token=environment.get("RUNTIME_TOKEN") or None,
        hosts=_hosts(options, environment),
        max_body=options.max_body,
        max_upload=options.max_upload,
        passthrough=options.passthrough,
    )
    host = options.host.strip("[]")
    return Service(settings, host, options.port, options.workers, options.connections, options.grace)


def _hosts(options: argparse.Namespace, environment: Mapping[str, str]) -> frozenset[str] | None:
    """The host names that are served. A token keeps web pages out as well: with one, all are, unless some are named."""
    if environment.get("RUNTIME_TOKEN") and not options.allowed_host:
        return None
    return frozenset(name.lower().strip("[]") for name in (options.host, *options.allowed_host))


def _parse(arguments: Sequence[str] | None, environment: Mapping[str, str]) -> argparse.Namespace:
    parser = _parser(environment)
    options = parser.parse_args(arguments)
    if options.allowed_host is None:
        options.allowed_host = [name for name in environment.get(_ALLOWED_HOSTS, "").split(",") if name]
    problem = next(_problems(options, environment), None)
    if problem:
        parser.error(problem)
    return options


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m threadworks_runtime serve", description="Serve the Assistants v2 wire from a store."
    )

    def option(name: str, default: object, help: str, type: Callable[[str], object] = str) -> None:
        variable = _VARIABLES[name]
        default = environment.get(variable) or default
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type, default=default, help=f"{help} ({variable}; default: %(default)s)")

    option("host", "127.0.0.1", "address to listen on")
    option("port", 8088, "port to listen on", int)
    option("store", None, "path of an SQLite file, or SQLAlchemy URL")
    option("workers", 1, "worker processes", int)
    option("connections", 2048, "connections that a process takes at the same time", int)
    option("concurrent_runs", Settings.concurrent_runs, "runs that a process executes at the same time", int)
    option("run_expiry", Settings.run_expiry, "seconds until a run expires", int)
    option("grace", 30, "seconds that runs may still take when the server is stopped", float)
    option("max_body", Settings.max_body, "bytes that a request's body may have", int)
    option("max_upload", Settings.max_upload, "bytes that a request may have that uploads a file", int)
    option("timeout", 600, "seconds that the model server may stay silent", float)
    parser.add_argument(
        "--passthrough",
        action=argparse.BooleanOptionalAction,
        default=environment.get(_PASSTHROUGH, "1") not in ("", "0"),
        help=f"let clients use the model server's files, vector stores, uploads and models ({_PASSTHROUGH}, 1 or 0)",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        metavar="NAME",
        help="host name that clients may use, such as that of a proxy in front; may be repeated "
        f"({_ALLOWED_HOSTS}, separated by commas; default: those of loopback addresses, with a token all)",
    )
    return parser


def _problems(options: argparse.Namespace, environment: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the options."""
    if not options.store:
        yield "--store (OPENAI_RUNTIME_STORE) is missing"
    wrong = [name for name in options.allowed_host if not is_host(name)]
    yield from (f"--allowed-host takes a host name or address without scheme and port, not {name!r}" for name in wrong)
    counts = ("workers", "connections", "concurrent_runs", "run_expiry", "max_body", "max_upload")
    yield from (f"--{name.replace('_', '-')} must be at least 1" for name in counts if getattr(options, name) < 1)
    if not 0 <= options.port <= _LAST_PORT:
        yield f"--port must be between 0 and {_LAST_PORT}"
    if not 0 <= options.grace <= _DAY:
        yield f"--grace must be between 0 and {_DAY}"
    if not options.timeout > 0:
        yield "--timeout must be more than 0"
    base_url = environment.get("OPENAI_BASE_URL")
    if base_url and (problem := missing_scheme(base_url)):
        yield f"OPENAI_BASE_URL {problem}"
    if not environment.get("RUNTIME_TOKEN") and not is_loopback(options.host):
        yield f"listening on {options.host} would let everybody in: set RUNTIME_TOKEN, and put a TLS proxy in front"


def _allow_connections(service: Service) -> None:
    """Get the file descriptors that the connections of a process need.

    Raises:
        SystemExit: There are not enough.
    """
    runs = service.settings.concurrent_runs
    needed = service.connections + runs + _FURTHER_DESCRIPTORS
    allowed = allow_descriptors(needed)
    if allowed < needed:
        sys.exit(
            f"{service.connections} connections and {runs} runs need {needed} open files, and this process may have "
            f"{allowed}. Raise its hard limit ('ulimit -Hn', LimitNOFILE in a systemd unit), or lower --connections "
            "or --concurrent-runs."
        )


def _check_address(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socket.create_server((host, port), family=family).close()
