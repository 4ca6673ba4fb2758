# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process of its own: nobody's child, outside the playbook's session, with no descriptor of the playbook's."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
from typing import Any, TextIO


def detach() -> None:
    """Leave the starter's session, process group and folder. Standard output and error still lead to the starter."""
    if os.fork():
        os._exit(0)
    os.setsid()
    # Not the leader of the session, so that no terminal can ever become this process's.
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.umask(0o077)


class Starter:
    """The process that waits for the outcome of the start, at the other end of standard output and error."""

    def __init__(self) -> None:
        self.refused = 0
        """The exit status."""
        self._waits = True

    def accept(self) -> None:
        """Report that requests are answered, and let go of the starter."""
        self._report({"ready": True, "pid": os.getpid()})

    def refuse(self, reason: str, **data: Any) -> None:
        """Report why the runtime cannot be used; ignored once it has been accepted."""
        self.refused = 1
        if self._waits:
            self._report({"error": reason, **data})

    def _report(self, line: dict[str, Any]) -> None:
        self._waits = False
        # The starter may have been killed meanwhile.
        with contextlib.suppress(OSError):
            os.write(1, (json.dumps(line) + "\n").encode())
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)


def end_if_stuck(seconds: float, log: TextIO | None = None) -> None:
    """End this process unless this function is called again in time. It works without the interpreter.

    Args:
        seconds: How long to wait.
        log: Gets the place where each thread is; ``None``: standard error.
    """
    faulthandler.dump_traceback_later(seconds, exit=True, file=log or sys.stderr)
