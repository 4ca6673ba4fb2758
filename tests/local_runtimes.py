# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directory for the sockets of one test. All local runtimes end with the test."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path

from ansible_collections.threadworks.openai.plugins.module_utils._runtime_control import ask
from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.procfs import stat_fields


class LocalRuntimes:
    """The local runtimes of processes with XDG_RUNTIME_DIR set to `folder`. A context manager that ends them."""

    def __init__(self) -> None:
        # The path of a socket is limited to about 100 characters; pytest's own folders are too long.
        self.folder = Path(tempfile.mkdtemp(prefix="tw-", dir="/tmp"))
        self.sockets = self.folder / "threadworks.openai"

    def __enter__(self) -> LocalRuntimes:
        return self

    def __exit__(self, *_exc: object) -> None:
        # A task that is still running could start another runtime after the first check. The check takes some
        # milliseconds, and most tests start no runtime.
        while self.sockets.exists() and (pids := self.pids()):
            if "COVERAGE_PROCESS_START" in os.environ:
                # A killed process would not write what it has measured.
                with contextlib.suppress(AssertionError):
                    _signal(pids, signal.SIGTERM, 10)
            _signal(pids, signal.SIGKILL, 60)
        shutil.rmtree(self.folder)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make a process use this directory."""
        return {"XDG_RUNTIME_DIR": str(self.folder)}

    def pids(self) -> list[int]:
        """Return the process ids of all runtimes, including those that are starting, hanging or replaced."""
        if not Path("/proc/self/environ").exists():
            found = (ask(str(path), "GET", "/runtime", 5.0) for path in self.sockets.glob("*.sock"))
            return [each["pid"] for each in found if each]
        return [int(process.name) for process in Path("/proc").glob("[0-9]*") if self._is_runtime(process)]

    def _is_runtime(self, process: Path) -> bool:
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            return False
        own = f"XDG_RUNTIME_DIR={self.folder}".encode() in environment
        return own and b"threadworks_runtime" in words and is_alive(int(process.name))


def _signal(pids: list[int], number: int, seconds: float) -> None:
    """Send a signal to processes, and wait until they have ended."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    wait_for(lambda: not any(map(is_alive, pids)), seconds)


def is_alive(pid: int) -> bool:
    """Return whether a process is running. Zombies are not."""
    try:
        os.kill(pid, 0)
        return stat_fields(pid)[0] not in "ZX"
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    except ProcessLookupError:
        return False
