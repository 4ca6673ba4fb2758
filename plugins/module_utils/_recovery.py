# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Recovers from a local runtime that does not answer: checks whether it is alive, and starts or replaces it. In a
# separate file, because few requests need it.

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from ._errors import Unanswered
from ._http import Connection, Failed, Request, Response, unanswered
from ._http_socket import Socket
from ._unix import SERVER, Hangs, Nobody, connected

_TRIES = 3
# The maximum time that a running runtime needs for a simple answer, in seconds: on an idle machine, and on any machine.
_ALIVE, _ALIVE_WHEN_BUSY = 1.0, 10.0


class Local(t.Protocol):
    """Finds and starts the local runtime. Only the control node has one."""

    def path(self) -> str:
        """Return the path of the runtime's socket, whether or not it exists.

        Raises:
            TaskError: The directory cannot be used.
        """

    def start(self, within: float) -> None:
        """Start a runtime, because none is running, and wait until this one or one started by another process is ready.

        Args:
            within: The time that the task can wait, in seconds.

        Raises:
            TaskError: The runtime cannot be started. The message says what to do.
        """

    def replace(self, pid: int | None, within: float) -> None:
        """Replace a hanging runtime, and wait until another one is ready.

        Args:
            pid: The hanging process, or None if the platform does not report it. If another process listens in the
                meantime, nothing is done.
            within: The time that the task can wait, in seconds.

        Raises:
            TaskError: The runtime cannot be started. The message says what to do.
        """


def recover(
    local: Local | None, exchange: t.Callable[[Request], Response], request: Request, failed: Failed
) -> Response:
    """Repeat a failed request, and start or replace the runtime if necessary.

    Args:
        local: Finds and starts the runtime. None if that is not possible here.
        exchange: Sends a request. It raises Failed.
        request: The request.
        failed: The failure of the request.

    Raises:
        Unanswered: The server did not answer.
        TaskError: No runtime can be started.
    """
    for attempt in range(_TRIES + 1):
        gone = isinstance(failed, (Nobody, Hangs))
        again = not failed.sent or request.repeatable
        if failed.hopeless or not again or (failed.silent and not gone):
            raise unanswered(SERVER, failed, request) from None
        if attempt == _TRIES:
            break
        request = request._replace(repeated=request.repeated or failed.sent)
        if gone:
            _renew(local, failed, request.deadline - time.monotonic())
        try:
            return exchange(request)
        except Failed as another:
            failed = another
    raise Unanswered(
        f"{SERVER} failed {_TRIES + 1} times in a row: {failed.reason}. Check its log, which is in the directory of "
        "the store (option runtime_store)."
    )


def _renew(local: Local | None, failed: Failed, within: float) -> None:
    state = "hangs" if isinstance(failed, Hangs) else "has ended"
    if within <= 0:
        raise Unanswered(f"{SERVER} {state}, and the task has timed out (option wait_timeout).")
    if local is None:
        raise Unanswered(f"{SERVER} {state}, and this process cannot start it. Run the task again.")
    if isinstance(failed, Hangs):
        local.replace(failed.pid, within)
    else:
        local.start(within)


def check_alive(path: str, pid: int | None, asked: Connection) -> None:
    """Check whether a silent runtime is alive.

    Args:
        path: The path of its socket.
        pid: Its process id, or None if the platform does not report it.
        asked: The silent connection.

    Raises:
        Hangs: The runtime is not alive.
    """
    within = patience()
    try:
        sock, other = connected(path, min(time.monotonic() + within, asked.deadline))
        if pid is None or other == pid:
            exchange(Socket(sock), Request("GET", "/healthz", within, asked.deadline)).close()
        else:
            # Another runtime has taken over the path. The first one finishes its requests and exits.
            sock.close()
    except Nobody:
        return  # It accepts no new connections, because it is stopping, but still answers this one.
    except Failed as failed:
        # At the deadline, the request fails. The runtime may only have had too little time to answer.
        if failed.silent and time.monotonic() < asked.deadline:
            raise Hangs(pid, asked.sock.received > 0) from None


def exchange(sock: Socket, request: Request) -> Response:
    """Send a request over a socket without other requests, and return the answer.

    Raises:
        Failed: The exchange failed.
    """
    return Connection(sock, "localhost").exchange(request, lambda connection: connection.sock.close())


def patience() -> float:
    """Return the maximum time that a runtime may need for a simple answer, in seconds.

    On a busy machine, the runtime gets only a share of the processor time. It must not be mistaken for a hanging
    process, because its runs would be lost.
    """
    load = 0.0
    with contextlib.suppress(OSError, ValueError, IndexError):
        load = os.getloadavg()[0]
        with open("/proc/loadavg", encoding="ascii") as file:
            # The number of runnable processes at this moment. The load average reacts too slowly.
            load = max(load, float(file.read().split()[3].partition("/")[0]))
    return min(_ALIVE * max(load / (os.cpu_count() or 1), 1.0), _ALIVE_WHEN_BUSY)
