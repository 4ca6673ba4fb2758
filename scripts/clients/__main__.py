# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run clients of the Assistants API, unchanged, against a served runtime with the scripted model server.

Usage: make clients [ARGS="--only langchain --only node"]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from environments import CLIENTS, ROOT, Client, NotInstalled, command, environ

sys.path.insert(0, str(ROOT / "build" / "collections"))
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.processes import Served

_TOKEN = "token-of-the-runtime"
_SECONDS = 300


class Result(NamedTuple):
    """How a client did.

    Attributes:
        version: Its version, or "-".
        passed: What worked.
        problem: The last line of its error, or "".
    """

    version: str
    passed: list[str]
    problem: str


def run(client: Client, verbose: bool = False) -> Result:
    """Run a client's program.

    Args:
        client: The client.
        verbose: Whether to print the whole output of a program that fails.
    """
    try:
        program, version = command(client)
    except (NotInstalled, subprocess.TimeoutExpired) as error:
        return Result("-", [], f"cannot be installed: {error}")
    with ModelServer() as model, tempfile.TemporaryDirectory() as folder:
        model.script([*client.script])
        with Served(str(Path(folder) / "runtime.db"), model.base_url, RUNTIME_TOKEN=_TOKEN) as served:
            try:
                done = subprocess.run(
                    program,
                    env=environ(client, served.url.removesuffix("/v1"), _TOKEN),
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    timeout=_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                output = error.stdout or b""
                said = output.decode() if isinstance(output, bytes) else output
                return Result(version, _passed(said), f"did not end within {_SECONDS} seconds")
    lines = done.stderr.strip().splitlines() or ["no reason given"]
    if done.returncode and verbose:
        print(done.stdout, done.stderr, sep="\n")
    return Result(version, _passed(done.stdout), lines[-1] if done.returncode else "")


def _passed(output: str) -> list[str]:
    return [line.removeprefix("ok ") for line in output.splitlines() if line.startswith("ok ")]


def main() -> int:
    """Run the chosen clients, and print a table."""
    parser = argparse.ArgumentParser(prog="make clients", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", default=[], help="only clients with this in their name (repeatable)")
    parser.add_argument("--verbose", action="store_true", help="show the output of programs that fail")
    args = parser.parse_args()
    chosen = [client for client in CLIENTS if not args.only or any(part in client.name for part in args.only)]
    print(f"{'client':<26}{'version':<12}{'result':<8}what works, and the error")
    failed = 0
    for client in chosen:
        result = run(client, args.verbose)
        failed += bool(result.problem)
        told = "; ".join(filter(None, [", ".join(result.passed), result.problem]))
        print(f"{client.name:<26}{result.version:<12}{'FAIL' if result.problem else 'ok':<8}{told}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
