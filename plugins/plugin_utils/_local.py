# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The local runtime of a task: found, started, replaced, described and stopped.

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
import typing as t

from ..module_utils._errors import TaskError, Unanswered
from ..module_utils._unix import ask, patience, peer
from ._socket import Late, Turn, folders, network_environment, socket_path, starting, usable

# How long a runtime may take to become ready, in seconds: about one on a machine with nothing else to do.
READY_WITHIN = 60.0
_PAUSE = 0.05


class _Told(TaskError):
    """Somebody else's start has failed a moment ago."""


class LocalRuntime:
    """Finds and starts the local runtime for a task's connection options; see `Local` in module_utils.

    Args:
        options: the connection options, with `runtime_store` set.
        environment: the task's own environment, which beats the process's: only proxies and the like matter.
    """

    def __init__(self, options: dict[str, t.Any], environment: dict[str, str] | None = None) -> None:
        self._store = _absolute(options["runtime_store"] or "")
        self._network = network_environment({**os.environ, **(environment or {})})
        self._idle_timeout = options["runtime_idle_timeout"]
        self._concurrent_runs = options["runtime_concurrent_runs"]

    def __eq__(self, other: object) -> bool:
        """Two are the same where one runtime answers both."""
        return isinstance(other, LocalRuntime) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[t.Any, ...]:
        return (self._store, *self._network.items())

    def path(self) -> str:
        """Return where the socket is, or would be. Raises: TaskError where its folder cannot be used."""
        return socket_path(self._store, self._network)

    def check(self) -> None:
        """Look whether a runtime can be started at all: its libraries and its folder. It takes a millisecond.

        Raises: TaskError that says what to do.
        """
        from ._libraries import require_libraries

        require_libraries()
        self.path()

    def start(self, within: float = READY_WITHIN) -> None:
        """Start a runtime unless one listens by now; return when it does.

        Args:
            within: how long the task can wait for that, in seconds.

        Raises: TaskError that says what to do.
        """
        with self._turn(within) as (turn, deadline):
            if not _listens(self.path()):
                self._launch(turn, deadline)

    def replace(self, pid: int | None, within: float = READY_WITHIN) -> None:
        """Replace the runtime that hangs, unless somebody else has done so; return when another one listens.

        Args:
            pid: its process; None where that is not known.
            within: how long the task can wait for that, in seconds.

        Raises: TaskError that says what to do.
        """
        with self._turn(within) as (turn, deadline):
            path = self.path()
            listener = _listener(path)
            if pid is not None and listener == pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            elif (pid is not None and listener is not None) or _answers(path):
                return
            self._launch(turn, deadline)

    def describe(self, path: str | None = None) -> dict[str, t.Any] | None:
        """Return what a runtime says of itself, and start none.

        Args:
            path: its socket; None for the one that answers this task.

        Returns: the description; None where none listens. One that hangs has only `pid` and `socket`.
        """
        path = path or self.path()
        try:
            found = ask(path, "GET", "/runtime", patience())
        except Unanswered:
            pid = _listener(path)
            return None if pid is None else {"pid": pid, "socket": path, "state": "hanging"}
        return found and {**found, "state": "running"}

    def stop(self, path: str, force: bool, within: float) -> None:
        """Stop a runtime; return when its process has ended.

        Args:
            path: its socket.
            force: do not wait for its runs, and kill it where it hangs.
            within: how long to wait for the end, in seconds.

        Raises: TaskError where it does not end in time.
        """
        try:
            asked = ask(path, "POST", "/runtime/stop", patience(), {"force": force})
            pid = asked and asked["pid"]
        except Unanswered:
            pid = _listener(path)
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
        """Return the sockets of all runtimes of this user, of any store and version; nobody may listen there."""
        found = []
        for folder in folders():
            with contextlib.suppress(TaskError, OSError):
                usable(folder, make=False)
                found += [entry.path for entry in os.scandir(folder) if entry.name.endswith(".sock")]
        return sorted(found)

    @contextlib.contextmanager
    def _turn(self, within: float) -> t.Iterator[tuple[Turn, float]]:
        """Hold the lock; a start that fails is told those who wait for it, so that they do not repeat it in turn."""
        deadline = time.monotonic() + min(within, READY_WITHIN)
        is_short = within < READY_WITHIN
        try:
            with starting(self.path(), deadline) as turn:
                try:
                    yield turn, deadline
                except _Told:
                    raise
                except TaskError as error:
                    # That one task has no time left says nothing to the others.
                    if not (is_short and isinstance(error, Late)):
                        turn.tell(error.message)
                    raise
        except Late as late:
            if is_short:
                raise TaskError(f"The time of the task is over (option wait_timeout). {late.message}") from None
            raise

    def _launch(self, turn: Turn, deadline: float) -> None:
        if turn.failed:
            raise _Told(turn.failed)
        configuration = {
            "store": self._store,
            "socket": self.path(),
            "idle_timeout": self._idle_timeout,
            "concurrent_runs": self._concurrent_runs,
            "environment": self._network,
        }
        # Imported here: most tasks find a runtime that listens.
        from ._start import launch

        launch(configuration, deadline)
        turn.tell("")


def _absolute(store: str) -> str:
    """Return a store so that it means the same in every folder."""
    if "://" not in store:
        return os.path.realpath(os.path.expanduser(store)) if store else ""
    scheme, slashes, path = store.partition(":///")
    if scheme.startswith("sqlite") and path and not path.startswith(("/", ":")):
        return f"{scheme}{slashes}{os.path.abspath(path)}"
    return store


def _listens(path: str) -> bool:
    try:
        return ask(path, "GET", "/healthz", patience()) is not None
    except Unanswered:
        # Whether it hangs is for those to decide who wait for an answer.
        return True


def _answers(path: str) -> bool:
    try:
        return ask(path, "GET", "/healthz", patience()) is not None
    except Unanswered:
        return False


def _listener(path: str) -> int | None:
    """Return the process that listens at a socket; None where nobody does, or the platform does not tell."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        try:
            probe.settimeout(patience())
            probe.connect(path)
            return peer(probe)[0]
        except OSError:
            return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        # One that has ended stays until its parent looks, which some containers' first process never does.
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return not os.path.exists("/proc/self/stat")
