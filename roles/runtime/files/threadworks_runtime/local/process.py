# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemonize the process: outside the playbook's session, without its file descriptors."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
from typing import Any, TextIO


def detach() -> None:
    """Leave the session, process group and directory of the starter. Standard output and error are kept."""
    if os.fork():
        os._exit(0)
    os.setsid()
    # Not the session leader, so that it can never get a controlling terminal.
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.umask(0o077)


class Starter:
    """The process that waits for the result of the start on standard output and error."""

    def __init__(self) -> None:
        self.refused = 0
        """The exit status."""
        self._waits = True

    def accept(self) -> None:
        """Report success, and detach from the starter."""
        self._report({"ready": True, "pid": os.getpid()})

    def refuse(self, reason: str, **data: Any) -> None:
        """Report why the runtime cannot be used. Ignored after success has been reported."""
        self.refused = 1
        if self._waits:
            self._report({"error": reason, **data})

    def _report(self, line: dict[str, Any]) -> None:
        self._waits = False
        # The starter may have been killed.
        with contextlib.suppress(OSError):
            os.write(1, (json.dumps(line) + "\n").encode())
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)


def end_if_stuck(seconds: float, log: TextIO | None = None) -> None:
    """End this process unless this function is called again in time. Works even if the interpreter hangs.

    Args:
        seconds: How long to wait.
        log: The file for the stack of each thread, or None for standard error.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=log or sys.stderr)
