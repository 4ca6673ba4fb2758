# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the served runtime: from the command line or the environment, secrets from the environment only.

Everybody on the machine can read its command lines.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from .doors import is_host, is_loopback
from .schemas.terms import read_terms
from .settings import ModelOptions, Settings, missing_scheme

_DAY = 86400  # seconds
_LAST_PORT = 65535
# The options that a worker process reads again from its environment.
_VARIABLES = {
    "host": "RUNTIME_HOST",
    "port": "RUNTIME_PORT",
    "store": "OPENAI_RUNTIME_STORE",
    "workers": "RUNTIME_WORKERS",
    "connections": "RUNTIME_CONNECTIONS",
    "concurrent_runs": "RUNTIME_CONCURRENT_RUNS",
    "run_expiry": "RUNTIME_RUN_EXPIRY",
    "lease": "RUNTIME_LEASE",
    "retention": "RUNTIME_RETENTION",
    "grace": "RUNTIME_GRACE",
    "max_body": "RUNTIME_MAX_BODY",
    "max_upload": "RUNTIME_MAX_UPLOAD",
    "timeout": "RUNTIME_MODEL_TIMEOUT",
    "requests_per_minute": "RUNTIME_REQUESTS_PER_MINUTE",
    "tokens_per_minute": "RUNTIME_TOKENS_PER_MINUTE",
    "concurrent_requests": "RUNTIME_CONCURRENT_REQUESTS",
}
#: The limits for requests to the model server.
LIMITS = {
    "requests_per_minute": "maximum number of requests to the model server in 60 seconds",
    "tokens_per_minute": "maximum number of tokens in 60 seconds",
    "concurrent_requests": "maximum number of requests to the model server at the same time",
}
_ALLOWED_HOSTS = "RUNTIME_ALLOWED_HOSTS"
_PASSTHROUGH = "RUNTIME_PASSTHROUGH"
_TRANSFER = "RUNTIME_TRANSFER"
_PRICES, _BUDGET = "RUNTIME_PRICES", "RUNTIME_BUDGET"
_EXECUTE = "RUNTIME_EXECUTE"


@dataclass(frozen=True)
class Service:
    """The configuration of a served runtime.

    Args:
        settings: The runtime's settings.
        host: The address to listen on.
        port: The port to listen on.
        workers: The number of processes that share the store.
        connections: The maximum number of connections per process.
        grace: The seconds that runs have to end when the server is stopped. Then they are handed over.
    """

    settings: Settings
    host: str
    port: int
    workers: int
    connections: int
    grace: float


def read_options(arguments: Sequence[str] | None, environment: MutableMapping[str, str]) -> Service:
    """Read how to serve from a command line, and leave it in the environment: worker processes read it there.

    Args:
        arguments: The command line, or None for the one of this process.
        environment: Has the secrets, and the options that the command line does not have.

    Returns:
        The configuration.

    Raises:
        SystemExit: An option is wrong; its message is printed.
    """
    options = _parse(arguments, environment)
    given = {variable: getattr(options, name) for name, variable in _VARIABLES.items()}
    environment.update({variable: "" if value is None else str(value) for variable, value in given.items()})
    environment[_ALLOWED_HOSTS] = ",".join(options.allowed_host)
    environment[_PASSTHROUGH] = str(int(options.passthrough))
    environment[_TRANSFER] = str(int(options.transfer))
    environment[_PRICES], environment[_BUDGET] = options.prices, options.budget
    environment[_EXECUTE] = str(int(options.execute))
    return read_service(environment)


def read_service(environment: Mapping[str, str]) -> Service:
    """Read the configuration of the server.

    Args:
        environment: Has the options, as `read_options` has put them there, and the secrets.

    Returns:
        The configuration.
    """
    options = _parse([], environment)
    settings = Settings(
        store=options.store,
        # Each worker process gets the same share, because they do not know of each other's requests.
        model=read_model(environment, options.timeout, **read_limits(options, options.workers)),
        executor="served",
        concurrent_runs=options.concurrent_runs,
        executes=options.execute,
        run_expiry=options.run_expiry,
        lease=options.lease,
        retention=options.retention or None,
        token=environment.get("RUNTIME_TOKEN") or None,
        hosts=_hosts(options, environment),
        max_body=options.max_body,
        max_upload=options.max_upload,
        passthrough=options.passthrough,
        transfer=options.transfer,
        terms=read_terms(options.prices, options.budget),
    )
    host = options.host.strip("[]")
    return Service(settings, host, options.port, options.workers, options.connections, options.grace)


def read_limits(options: argparse.Namespace, processes: int = 1) -> dict[str, int]:
    """Return the limits for requests to the model server.

    Args:
        options: The options.
        processes: The number of processes that share the limits.
    """
    return {name: getattr(options, name) // processes for name in LIMITS if getattr(options, name)}


def read_model(environment: Mapping[str, str], timeout: float, **limits: int) -> ModelOptions:
    """Read the model server.

    Args:
        environment: Has its address and the secrets.
        timeout: The seconds that it may be silent.
        limits: The limits for requests.

    Returns:
        The model server.
    """
    return ModelOptions(
        base_url=environment.get("OPENAI_BASE_URL") or None,
        api_key=environment.get("OPENAI_API_KEY") or None,
        organization=environment.get("OPENAI_ORGANIZATION") or environment.get("OPENAI_ORG_ID") or None,
        project=environment.get("OPENAI_PROJECT_ID") or None,
        timeout=timeout,
        **limits,
    )


def add_option(
    parser: argparse.ArgumentParser, variable: str, default: object, flag: str, help: str, type: Callable[[str], object]
) -> None:
    """Add an option whose default is the value of an environment variable.

    Args:
        parser: The parser.
        variable: The environment variable.
        default: Its value, or another default.
        flag: The option.
        help: Its description.
        type: Converts its value.
    """
    # The URL of a store can contain a password.
    shown = "" if default is None or flag == "--store" else "; default: %(default)s"
    parser.add_argument(flag, type=type, default=default, help=f"{help} ({variable}{shown})")


def _hosts(options: argparse.Namespace, environment: Mapping[str, str]) -> frozenset[str] | None:
    """Return the allowed host names. With a token, all are allowed by default, because web pages do not know it."""
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
        prog="python -m threadworks_runtime serve", description="Serve the Assistants API v2 from a store."
    )

    def option(name: str, default: object, help: str, type: Callable[[str], object] = str) -> None:
        variable = _VARIABLES[name]
        flag = f"--{name.replace('_', '-')}"
        add_option(parser, variable, environment.get(variable) or default, flag, help, type)

    option("host", "127.0.0.1", "address to listen on")
    option("port", 8088, "port to listen on", int)
    option("store", None, "path of an SQLite file, or SQLAlchemy URL")
    option("workers", 1, "worker processes", int)
    option("connections", 2048, "maximum number of connections per process", int)
    option(
        "concurrent_runs",
        Settings.concurrent_runs,
        ("maximum number of runs that a process executes at the same time"),
        int,
    )
    option("run_expiry", Settings.run_expiry, "seconds until a run expires", int)
    option("lease", Settings.lease, "seconds after which the runs of a process that has died are taken over", float)
    option("retention", 0, "days after which ended runs and their steps are removed; 0 keeps them", float)
    option("grace", 30, "seconds that active runs have to end when the server is stopped", float)
    option("max_body", Settings.max_body, "maximum size of a request body in bytes", int)
    option("max_upload", Settings.max_upload, "maximum size of a file upload in bytes", int)
    option("timeout", 600, "seconds that the model server may be silent", float)
    for name, text in LIMITS.items():
        option(name, None, text, int)
    parser.add_argument(
        "--execute",
        action=argparse.BooleanOptionalAction,
        default=environment.get(_EXECUTE, "1") not in ("", "0"),
        help=f"execute all runs; otherwise, with a PostgreSQL store, only the runs that clients stream, and leave the "
        f"others to workers ({_EXECUTE}, 1 or 0)",
    )
    parser.add_argument(
        "--passthrough",
        action=argparse.BooleanOptionalAction,
        default=environment.get(_PASSTHROUGH, "1") not in ("", "0"),
        help=f"let clients use the model server's files, vector stores, uploads and models ({_PASSTHROUGH}, 1 or 0)",
    )
    parser.add_argument(
        "--transfer",
        action=argparse.BooleanOptionalAction,
        default=environment.get(_TRANSFER, "1") not in ("", "0"),
        help=f"let clients import and export assistants and threads ({_TRANSFER}, 1 or 0)",
    )
    parser.add_argument(
        "--prices",
        default=environment.get(_PRICES) or "",
        metavar="JSON",
        help='prices per million tokens by model, as in {"MODEL": {"input": 0.1, "cached": 0.01, "output": 0.5}} '
        f"({_PRICES})",
    )
    parser.add_argument(
        "--budget",
        default=environment.get(_BUDGET) or "",
        metavar="JSON",
        help='the budget of all runs, as in {"name": "team", "tokens": 1000000, "cost": 5, "per": "day"}; per is run, '
        f"hour, day or month ({_BUDGET})",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        metavar="NAME",
        help=f"host name that clients can use, such as the name of a proxy; can be repeated ({_ALLOWED_HOSTS}, "
        "separated by commas; default: names of loopback addresses, or all names if a token is set)",
    )
    return parser


def _problems(options: argparse.Namespace, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the problems of the options."""
    if not options.store:
        yield "--store (OPENAI_RUNTIME_STORE) is missing"
    wrong = [name for name in options.allowed_host if not is_host(name)]
    yield from (f"--allowed-host must be a host name or address without scheme and port, not {name}" for name in wrong)
    counts = ("workers", "connections", "concurrent_runs", "run_expiry", "max_body", "max_upload")
    yield from (f"--{name.replace('_', '-')} must be at least 1" for name in counts if getattr(options, name) < 1)
    limits = {name: getattr(options, name) for name in LIMITS}
    yield from (
        f"--{name.replace('_', '-')} must be at least 1 for each of the {options.workers} workers"
        for name, limit in limits.items()
        if limit is not None and limit < max(options.workers, 1)
    )
    if not 0 <= options.port <= _LAST_PORT:
        yield f"--port must be between 0 and {_LAST_PORT}"
    if not 0 <= options.grace <= _DAY:
        yield f"--grace must be between 0 and {_DAY}"
    try:
        read_terms(options.prices, options.budget)
    except ValueError as error:
        yield str(error)
    yield from (f"--{name} must be more than 0" for name in ("timeout", "lease") if not getattr(options, name) > 0)
    if not options.retention >= 0:
        yield "--retention must be at least 0"
    base_url = environment.get("OPENAI_BASE_URL")
    if base_url and (problem := missing_scheme(base_url)):
        yield f"OPENAI_BASE_URL {problem}"
    if not environment.get("RUNTIME_TOKEN") and not is_loopback(options.host):
        yield (
            f"listening on {options.host} without a token would give everyone access. Set RUNTIME_TOKEN, and use a "
            "TLS proxy"
        )
