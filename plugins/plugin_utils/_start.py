# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Starts a local runtime, while other processes wait for the same one.

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
import typing as t

from ..module_utils._errors import TaskError, Unanswered
from ..module_utils._recovery import patience
from ..module_utils._runtime_control import ask
from ..module_utils._unix import peer
from ._launch import launch
from ._turn import StartTimeout, Turn, starting


class _AlreadyFailed(TaskError):
    """The start of another process has just failed."""


class Start:
    """A start of a local runtime.

    Args:
        configuration: What the runtime reads from standard input.
        within: The time that the task waits, in seconds.
        is_short: Whether this is less than a start can take. A timeout then does not mean that the start failed.
    """

    def __init__(self, configuration: dict[str, t.Any], within: float, is_short: bool) -> None:
        self._configuration = configuration
        self._path: str = configuration["socket"]
        self._deadline = time.monotonic() + within
        self._is_short = is_short

    def unless_one_listens(self) -> None:
        """Start a runtime unless one is running, and wait until it is ready.

        Raises:
            TaskError: The runtime cannot be started. The message says what to do.
        """
        with self._turn() as turn:
            # Callers that wait for an answer decide whether it hangs.
            if not _listens(self._path, also_hanging=True):
                self._launch(turn)

    def instead_of(self, pid: int | None) -> None:
        """Replace a hanging runtime, unless another process has done so.

        Args:
            pid: The process of the runtime, or None if it is unknown.

        Raises:
            TaskError: The runtime cannot be started. The message says what to do.
        """
        with self._turn() as turn:
            found = listener(self._path)
            if pid is not None and found == pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            elif (pid is not None and found is not None) or _listens(self._path, also_hanging=False):
                return
            self._launch(turn)

    @contextlib.contextmanager
    def _turn(self) -> t.Iterator[Turn]:
        """Hold the lock. Report a failed start to waiting processes, so that they do not all repeat it."""
        try:
            with starting(self._path, self._deadline) as turn:
                try:
                    yield turn
                except _AlreadyFailed:
                    raise
                except TaskError as error:
                    # The timeout of one task does not affect the others.
                    if not (self._is_short and isinstance(error, StartTimeout)):
                        turn.record(error.message)
                    raise
        except StartTimeout as late:
            if self._is_short:
                raise TaskError(f"The task has timed out (option wait_timeout). {late.message}") from None
            raise

    def _launch(self, turn: Turn) -> None:
        if turn.failed:
            raise _AlreadyFailed(turn.failed)
        launch(self._configuration, self._deadline)
        turn.record("")


def listener(path: str) -> int | None:
    """Return the process that listens at a socket, or None if there is none or the platform does not report it."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        try:
            probe.settimeout(patience())
            probe.connect(path)
            return peer(probe)[0]
        except OSError:
            return None


def _listens(path: str, *, also_hanging: bool) -> bool:
    try:
        return ask(path, "GET", "/healthz", patience()) is not None
    except Unanswered:
        return also_hanging
