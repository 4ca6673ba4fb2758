# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# What is done when the local runtime does not answer: it is asked whether it is alive, and started or replaced. A file
# of its own, because few requests need it.

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
# How long a runtime that is alive needs for the simplest answer at the most, in seconds: on a machine that has time
# for it, and on any machine.
_ALIVE, _ALIVE_WHEN_BUSY = 1.0, 10.0


class Local(t.Protocol):
    """Finds and starts the local runtime. Only the control node has one."""

    def path(self) -> str:
        """Return where the runtime's socket is, or would be, without asking anybody.

        Raises: TaskError where its folder cannot be used.
        """

    def start(self, within: float) -> None:
        """Start a runtime, because nobody listens; return when one does, whoever has started it.

        Args:
            within: how long the task can wait for that, in seconds.

        Raises: TaskError that says what to do.
        """

    def replace(self, pid: int | None, within: float) -> None:
        """Replace the runtime that listens, because it hangs; return when another one listens.

        Args:
            pid: the process that hangs; None where the platform does not tell. If another one listens by now, there
                is nothing to do.
            within: how long the task can wait for that, in seconds.

        Raises: TaskError that says what to do.
        """


def recover(
    local: Local | None, exchange: t.Callable[[Request], Response], request: Request, failed: Failed
) -> Response:
    """Send a request again that has failed, to a runtime that is started or replaced where that is needed.

    Args:
        local: finds and starts the runtime; None if that is not possible here.
        exchange: sends a request. Raises: Failed.
        request: the request.
        failed: what happened to it.

    Raises: Unanswered; TaskError if no runtime can be started.
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
        f"{SERVER} failed {_TRIES + 1} times in a row: {failed.reason}. Look at its log, which lies beside the store "
        "(option runtime_store)."
    )


def _renew(local: Local | None, failed: Failed, within: float) -> None:
    state = "hangs" if isinstance(failed, Hangs) else "has ended"
    if within <= 0:
        raise Unanswered(f"{SERVER} {state}, and the time of the task is over (option wait_timeout).")
    if local is None:
        raise Unanswered(f"{SERVER} {state}, and cannot be started from here. Run the task again: it starts one.")
    if isinstance(failed, Hangs):
        local.replace(failed.pid, within)
    else:
        local.start(within)


def check_alive(path: str, pid: int | None, asked: Connection) -> None:
    """Ask a silent runtime whether it is alive.

    Args:
        path: its socket.
        pid: its process; None if the platform does not say.
        asked: the connection on which it is silent.

    Raises: Hangs.
    """
    within = patience()
    try:
        sock, other = connected(path, min(time.monotonic() + within, asked.deadline))
        if pid is None or other == pid:
            exchange(Socket(sock), Request("GET", "/healthz", within, asked.deadline)).close()
        else:
            # Another one has taken the path over. The one that is asked finishes what it has begun, and ends.
            sock.close()
    except Nobody:
        return  # It takes no new connections, because it ends; it still answers this one.
    except Failed as failed:
        # At the deadline the request is given up. The runtime may just have had too little time for an answer.
        if failed.silent and time.monotonic() < asked.deadline:
            raise Hangs(pid, asked.sock.received > 0) from None


def exchange(sock: Socket, request: Request) -> Response:
    """Send a request over a socket that is used for nothing else, and return the answer. Raises: Failed."""
    return Connection(sock, "localhost").exchange(request, lambda connection: connection.sock.close())


def patience() -> float:
    """Return how long a runtime may need for the simplest answer, in seconds.

    Where many processes want each processor, it gets only its share of the time. It must not be taken for one that
    hangs: its runs would be lost.
    """
    load = 0.0
    with contextlib.suppress(OSError, ValueError, IndexError):
        load = os.getloadavg()[0]
        with open("/proc/loadavg", encoding="ascii") as file:
            # How many want to run at this moment; the average follows only slowly.
            load = max(load, float(file.read().split()[3].partition("/")[0]))
    return min(_ALIVE * max(load / (os.cpu_count() or 1), 1.0), _ALIVE_WHEN_BUSY)
