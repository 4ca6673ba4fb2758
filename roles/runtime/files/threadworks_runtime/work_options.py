# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of `work`, from the command line and the environment. Secrets are only read from the environment."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from .serve_options import LIMITS, add_option, read_limits, read_model
from .settings import Settings, missing_scheme


def read_options(arguments: Sequence[str] | None, environment: Mapping[str, str]) -> tuple[Settings, float]:
    """Read how to work.

    Args:
        arguments: The command line, or None for the one of this process.
        environment: Has the secrets, and the options that the command line does not have.

    Returns:
        The settings, and the seconds that runs have to end when the worker is stopped.

    Raises:
        SystemExit: An option is wrong; its message is printed.
    """
    parser = argparse.ArgumentParser(
        prog="python -m threadworks_runtime work", description="Execute the queued runs of a PostgreSQL store."
    )

    def option(flag: str, variable: str, default: object, help: str, type: Callable[[str], object] = str) -> None:
        add_option(parser, variable, environment.get(variable) or default, flag, help, type)

    option("--store", "OPENAI_RUNTIME_STORE", None, "SQLAlchemy URL of the PostgreSQL store")
    runs = "maximum number of runs at the same time"
    option("--concurrency", "RUNTIME_CONCURRENT_RUNS", Settings.concurrent_runs, runs, int)
    option("--queues", "RUNTIME_QUEUES", None, "names of the queues, separated by commas; all if not set")
    option("--run-expiry", "RUNTIME_RUN_EXPIRY", Settings.run_expiry, "seconds until a run expires", int)
    lease = "seconds after which the runs of a process that has died are taken over"
    option("--lease", "RUNTIME_LEASE", Settings.lease, lease, float)
    grace = "seconds that active runs have to end when the worker is stopped"
    option("--grace", "RUNTIME_GRACE", 30, grace, float)
    option("--timeout", "RUNTIME_MODEL_TIMEOUT", 600, "seconds that the model server may be silent", float)
    for name, text in LIMITS.items():
        option(f"--{name.replace('_', '-')}", f"RUNTIME_{name.upper()}", None, text, int)
    options = parser.parse_args(arguments)
    problem = _problem(options, environment)
    if problem:
        parser.error(problem)
    settings = Settings(
        store=options.store,
        model=read_model(environment, options.timeout, **read_limits(options)),
        executor="served",
        concurrent_runs=options.concurrency,
        queues=tuple(name for name in (options.queues or "").split(",") if name) or None,
        run_expiry=options.run_expiry,
        lease=options.lease,
    )
    return settings, options.grace


def _problem(options: argparse.Namespace, environment: Mapping[str, str]) -> str | None:
    if not options.store:
        return "--store (OPENAI_RUNTIME_STORE) is missing"
    for name in ("concurrency", "run_expiry", *LIMITS):
        value = getattr(options, name)
        if value is not None and value < 1:
            return f"--{name.replace('_', '-')} must be at least 1"
    for name in ("lease", "timeout"):
        if not getattr(options, name) > 0:
            return f"--{name} must be more than 0"
    if options.grace < 0:
        return "--grace must be at least 0"
    problem = missing_scheme(environment.get("OPENAI_BASE_URL", "http://"))
    return f"OPENAI_BASE_URL {problem}" if problem and environment["OPENAI_BASE_URL"] else None
