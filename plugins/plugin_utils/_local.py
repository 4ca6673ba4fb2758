# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The local runtime of a task: its location and its configuration. Most tasks find a running one, so this file does not
# import what only a start needs.

from __future__ import annotations

import os
import typing as t

from ._socket import network_environment, socket_path

if t.TYPE_CHECKING:
    from ._start import Start

# The maximum time until a runtime is ready, in seconds. On an idle machine it takes about one second.
READY_WITHIN = 60.0


class LocalRuntime:
    """Finds and starts the local runtime for a task's connection options; see `Local` in module_utils.

    Args:
        options: The connection options, with `runtime_store` set.
        environment: The environment of the task. It overrides the environment of the process. Only proxy and CA
            variables are used.
    """

    def __init__(self, options: dict[str, t.Any], environment: dict[str, str] | None = None) -> None:
        self._store = _absolute(options["runtime_store"] or "")
        self._network = network_environment({**os.environ, **(environment or {})})
        self._idle_timeout = options["runtime_idle_timeout"]
        self._concurrent_runs = options["runtime_concurrent_runs"]

    def __eq__(self, other: object) -> bool:
        """Return whether both use the same runtime."""
        return isinstance(other, LocalRuntime) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[t.Any, ...]:
        return (self._store, *self._network.items())

    def path(self) -> str:
        """Return the path of the socket, whether or not it exists.

        Raises:
            TaskError: The directory cannot be used.
        """
        return socket_path(self._store, self._network)

    def missing_store(self) -> str | None:
        """Return the path of the store if it is a file that does not exist, which a start would create."""
        return None if "://" in self._store or os.path.exists(self._store) else self._store

    def check(self) -> None:
        """Check whether a runtime can be started: its libraries and its directory. This takes a millisecond.

        Raises:
            TaskError: The runtime cannot be started. The message says what to do.
        """
        from ._libraries import require_libraries

        require_libraries()
        self.path()

    def start(self, within: float = READY_WITHIN) -> None:
        """Start a runtime unless one is running, and wait until it is ready.

        Args:
            within: The time that the task can wait, in seconds.

        Raises:
            TaskError: The runtime cannot be started. The message says what to do.
        """
        self._begin(within).unless_one_listens()

    def replace(self, pid: int | None, within: float = READY_WITHIN) -> None:
        """Replace a hanging runtime, unless another process has done so, and wait until the new one is ready.

        Args:
            pid: The process of the runtime, or None if it is unknown.
            within: The time that the task can wait, in seconds.

        Raises:
            TaskError: The runtime cannot be started. The message says what to do.
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
    """Return the store as an absolute path or URL, with the same spelling for the same file."""
    scheme, separator, rest = store.partition("://")
    if separator and scheme.partition("+")[0] != "sqlite":
        return store
    path = rest.removeprefix("/") if separator else store
    # The runtime refuses invalid paths and URLs with options.
    if not path or path.startswith(":") or "\0" in path or (separator and ("?" in path or not rest.startswith("/"))):
        return store
    return os.path.realpath(os.path.expanduser(path))
