# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Describes and stops local runtimes, for the modules that manage them.

from __future__ import annotations

import contextlib
import os
import signal
import time
import typing as t

from ..module_utils._errors import TaskError, Unanswered
from ..module_utils._recovery import patience
from ..module_utils._runtime_control import ask
from ._local import LocalRuntime
from ._socket import folders, usable
from ._start import listener

_PAUSE = 0.05


class ControlledRuntime(LocalRuntime):
    """The local runtime of a task, and all others of the user. See `Control` in module_utils."""

    def describe(self, path: str | None = None) -> dict[str, t.Any] | None:
        """Return the description of a runtime without starting one.

        Args:
            path: The socket of the runtime, or None for the runtime that this task uses.

        Returns:
            The description, or None if no runtime listens. For a hanging runtime, only `pid`, `socket` and `state`.
        """
        path = path or self.path()
        try:
            found = ask(path, "GET", "/runtime", patience())
        except Unanswered:
            pid = listener(path)
            return None if pid is None else {"pid": pid, "socket": path, "state": "hanging"}
        return found and {**found, "state": "running"}

    def stop(self, path: str, force: bool, within: float) -> None:
        """Stop a runtime, and wait until its process has ended.

        Args:
            path: The path of its socket.
            force: Do not wait for its runs, and kill it if it hangs.
            within: The maximum time to wait for the end, in seconds.

        Raises:
            TaskError: It does not end in time.
        """
        try:
            asked = ask(path, "POST", "/runtime/stop", patience(), {"force": force})
            pid = asked and asked["pid"]
        except Unanswered:
            pid = listener(path)
            if pid is not None and not force:
                raise TaskError(
                    f"The local runtime (process {pid}) does not answer. Use force: true to kill it."
                ) from None
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        if pid is None:
            return
        deadline = time.monotonic() + within
        while _is_alive(pid):
            if time.monotonic() > deadline:
                raise TaskError(
                    f"The local runtime (process {pid}) takes no new requests, but its runs have not ended within "
                    f"{within:g} seconds (option wait_timeout). It ends after them. To end it at once: kill {pid}"
                )
            time.sleep(_PAUSE)

    @staticmethod
    def sockets() -> list[str]:
        """Return the sockets of all runtimes of this user, for any store and version. Some may have no listener."""
        found = []
        for folder in folders():
            with contextlib.suppress(TaskError, OSError):
                usable(folder, make=False)
                found += [entry.path for entry in os.scandir(folder) if entry.name.endswith(".sock")]
        return sorted(found)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        # A zombie remains until its parent waits for it, which the first process of some containers never does.
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return not os.path.exists("/proc/self/stat")
