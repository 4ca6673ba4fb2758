# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run pytest in forks of this process, which has imported the libraries but no tested module."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

# What most tests import. The modules of the collection and of the runtime are imported in the fork.
_LIBRARIES = (
    "ansible.module_utils.basic",
    "ansible.plugins.loader",
    "falcon.asgi",
    "httpx2",
    "openai.types.responses",
    "pydantic",
    "sqlalchemy.dialects.sqlite",
    "uvicorn",
)
_ARGUMENTS = ("-q", "-p", "no:xdist", "-p", "no:cacheprovider")


def import_libraries() -> None:
    """Import the libraries once for all forks."""
    for name in _LIBRARIES:
        importlib.import_module(name)


class Only:
    """A plugin of pytest that runs these tests only, in this order.

    Args:
        tests: The ids of the tests.
    """

    def __init__(self, tests: list[str]) -> None:
        self._place = {test: place for place, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (each for each in items if each.nodeid in self._place), key=lambda each: self._place[each.nodeid]
        )


def run_pytest(arguments: list[str], plugins: list[object]) -> int:
    """Run pytest in this process, and return its exit status."""
    return int(pytest.main([*_ARGUMENTS, *arguments], plugins))


def in_fork(work: Callable[[], int], log: Path, seconds: float) -> int:
    """Run a function in a fork. It ends with all its children.

    Args:
        work: Returns the exit status.
        log: The file for its output.
        seconds: The time limit.

    Returns:
        The exit status, which is 1 if it takes too long.
    """
    pid = os.fork()
    if not pid:
        status = 1
        try:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            with log.open("w") as output, open(os.devnull) as nothing:
                os.dup2(nothing.fileno(), 0)
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
            status = work()
            sys.stdout.flush()
        finally:
            os._exit(status)
    try:
        return _wait(pid, time.monotonic() + seconds)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _wait(pid: int, until: float) -> int:
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return int(status != 0)
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return 1
