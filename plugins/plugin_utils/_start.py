# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# One start of a local runtime, and the waiting of those who want the same one.

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
from ._turn import Late, Turn, starting


class _Told(TaskError):
    """Somebody else's start has failed a moment ago."""


class Start:
    """A start of a local runtime.

    Args:
        configuration: What the runtime reads from standard input.
        within: How long the task waits for it, in seconds.
        is_short: Whether that is less than a start may take: the end of it says nothing about the runtime.
    """

    def __init__(self, configuration: dict[str, t.Any], within: float, is_short: bool) -> None:
        self._configuration = configuration
        self._path: str = configuration["socket"]
        self._deadline = time.monotonic() + within
        self._is_short = is_short

    def unless_one_listens(self) -> None:
        """Start a runtime where none listens; return when one does.

        Raises:
            TaskError: The message says what to do.
        """
        with self._turn() as turn:
            # Whether it hangs is for those to decide who wait for an answer.
            if not _listens(self._path, also_hanging=True):
                self._launch(turn)

    def instead_of(self, pid: int | None) -> None:
        """Replace the runtime that hangs, unless somebody else has done so.

        Args:
            pid: Its process; None where that is not known.

        Raises:
            TaskError: The message says what to do.
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
        """Hold the lock; a start that fails is told those who wait for it, so that they do not repeat it in turn."""
        try:
            with starting(self._path, self._deadline) as turn:
                try:
                    yield turn
                except _Told:
                    raise
                except TaskError as error:
                    # That one task has no time left says nothing to the others.
                    if not (self._is_short and isinstance(error, Late)):
                        turn.tell(error.message)
                    raise
        except Late as late:
            if self._is_short:
                raise TaskError(f"The time of the task is over (option wait_timeout). {late.message}") from None
            raise

    def _launch(self, turn: Turn) -> None:
        if turn.failed:
            raise _Told(turn.failed)
        launch(self._configuration, self._deadline)
        turn.tell("")


def listener(path: str) -> int | None:
    """Return the process that listens at a socket; None if no process does, or if the platform does not say."""
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
