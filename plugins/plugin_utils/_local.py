# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The local runtime of a task: where it is, and what it is started with. Most tasks find one that listens, so that this
# file imports nothing that only a start needs.

from __future__ import annotations

import os
import typing as t

from ._socket import network_environment, socket_path

if t.TYPE_CHECKING:
    from ._start import Start

# How long a runtime may take to become ready, in seconds: about one on a machine with nothing else to do.
READY_WITHIN = 60.0


class LocalRuntime:
    """Finds and starts the local runtime for a task's connection options; see `Local` in module_utils.

    Args:
        options: The connection options, with `runtime_store` set.
        environment: The task's own environment, which beats the process's: only proxies and the like matter.
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
        """Return where the socket is, or would be.

        Raises:
            TaskError: Its folder cannot be used.
        """
        return socket_path(self._store, self._network)

    def check(self) -> None:
        """Look whether a runtime can be started at all: its libraries and its folder. It takes a millisecond.

        Raises:
            TaskError: The message says what to do.
        """
        from ._libraries import require_libraries

        require_libraries()
        self.path()

    def start(self, within: float = READY_WITHIN) -> None:
        """Start a runtime unless one listens by now; return when it does.

        Args:
            within: How long the task can wait for that, in seconds.

        Raises:
            TaskError: The message says what to do.
        """
        self._begin(within).unless_one_listens()

    def replace(self, pid: int | None, within: float = READY_WITHIN) -> None:
        """Replace the runtime that hangs, unless somebody else has done so; return when another one listens.

        Args:
            pid: Its process; None where that is not known.
            within: How long the task can wait for that, in seconds.

        Raises:
            TaskError: The message says what to do.
        """
        self._begin(within).instead_of(pid)

    def _begin(self, within: float) -> Start:
        from ._start import Start

        configuration = {
            "store": self._store,
            "socket": self.path(),
            "idle_timeout": self._idle_timeout,
            "concurrent_runs": self._concurrent_runs,
            "environment": self._network,
        }
        return Start(configuration, min(within, READY_WITHIN), within < READY_WITHIN)


def _absolute(store: str) -> str:
    """Return a store so that it means the same in every folder, and a file by the same name however it is written."""
    scheme, separator, rest = store.partition("://")
    if separator and scheme.partition("+")[0] != "sqlite":
        return store
    path = rest.removeprefix("/") if separator else store
    # What cannot be a file, and a URL that has options, is refused by the runtime.
    if not path or path.startswith(":") or "\0" in path or (separator and ("?" in path or not rest.startswith("/"))):
        return store
    return os.path.realpath(os.path.expanduser(path))
