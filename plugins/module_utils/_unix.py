# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The local runtime, behind a Unix socket. It is used at once, without a question: a connection that is refused, a
# request that breaks off or a runtime that hangs says early enough that another one has to be started.

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import struct
import sys
import time
import typing as t

from ._errors import TaskError, Unanswered, from_response
from ._http import Connection, Failed, Pool, Request, Response, unanswered
from ._http_socket import Socket

SERVER = "The local runtime"
_PREFIX = "/v1"
_TRIES = 3
# How long a runtime that is alive needs for the simplest answer at the most, in seconds: on a machine that has time
# for it, and on any machine.
_ALIVE, _ALIVE_WHEN_BUSY = 1.0, 10.0
# A full queue of connections: somebody is served every few milliseconds.
_PAUSE = 0.02
_NOBODY = (errno.ENOENT, errno.ECONNREFUSED)
# From sys/un.h and sys/ucred.h of macOS.
_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID, _XUCRED = 0, 1, 2, 76


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


class _Hangs(Failed):
    """The runtime does not answer the simplest question in time."""

    def __init__(self, pid: int | None, answered: bool) -> None:
        super().__init__("it hangs", answered=answered, silent=True)
        self.pid = pid


class _Nobody(Failed):
    """Nobody listens."""

    def __init__(self) -> None:
        super().__init__("nobody listens", sent=False)


class Unix:
    """Sends requests to the local runtime.

    Args:
        local: finds and starts it; None where that is not possible here.
        path: where its socket is, where there is no `local`.
    """

    server = SERVER

    def __init__(self, local: Local | None, path: str = "") -> None:
        self._local = local
        self._path = path
        self._pool = Pool(self._connect)

    def send(self, request: Request) -> Response:
        """Send a request, to another runtime where this one has ended or hangs, and return the answer.

        Raises: Unanswered; TaskError where no runtime can be started.
        """
        request = request._replace(path=_PREFIX + request.path)
        for attempt in range(_TRIES + 1):
            try:
                return self._pool.exchange(request)
            except Failed as failed:
                gone = isinstance(failed, (_Nobody, _Hangs))
                again = not failed.sent or request.repeatable
                if failed.hopeless or not again or (failed.silent and not gone):
                    raise unanswered(SERVER, failed, request) from None
                reason = failed.reason
                request = request._replace(repeated=request.repeated or failed.sent)
                if gone and attempt < _TRIES:
                    self._renew(failed, request.deadline - time.monotonic())
        raise Unanswered(
            f"{SERVER} failed {_TRIES + 1} times in a row: {reason}. Look at its log, which lies beside the store "
            "(option runtime_store)."
        )

    def _renew(self, failed: Failed, within: float) -> None:
        state = "hangs" if isinstance(failed, _Hangs) else "has ended"
        if within <= 0:
            raise Unanswered(f"{SERVER} {state}, and the time of the task is over (option wait_timeout).")
        if self._local is None:
            raise Unanswered(f"{SERVER} {state}, and cannot be started from here. Run the task again: it starts one.")
        if isinstance(failed, _Hangs):
            self._local.replace(failed.pid, within)
        else:
            self._local.start(within)

    def _connect(self, deadline: float) -> Connection:
        path = self._local.path() if self._local else self._path
        sock, pid = _connected(path, min(deadline, time.monotonic() + patience()))
        connection = Connection(Socket(sock, lambda: self._watch(path, pid, connection)), "localhost")
        return connection

    def _watch(self, path: str, pid: int | None, asked: Connection) -> None:
        """Ask a silent runtime whether it is alive. Raises: _Hangs."""
        within = patience()
        try:
            sock, other = _connected(path, min(time.monotonic() + within, asked.deadline))
            if pid is None or other == pid:
                _exchange(sock, Request("GET", "/healthz", within, asked.deadline)).close()
            else:
                # Another one has taken the path over. The one that is asked finishes what it has begun, and ends.
                sock.close()
        except _Nobody:
            return  # It takes no new connections, because it ends; it still answers this one.
        except Failed as failed:
            # At the deadline the request is given up. The runtime may just have had too little time for an answer.
            if failed.silent and time.monotonic() < asked.deadline:
                raise _Hangs(pid, asked.sock.received > 0) from None


def ask(path: str, method: str, target: str, within: float, body: dict[str, t.Any] | None = None) -> t.Any:
    """Ask the runtime behind a socket, and start none.

    Args:
        path: the socket.
        method: GET or POST.
        target: the path of the request, such as `/runtime`.
        within: how long the whole exchange may take, in seconds.
        body: the JSON body of a POST.

    Returns: the JSON object of the answer; None if nothing listens there.

    Raises: Unanswered where it hangs or breaks off; WireError where it refuses; TaskError where it is not the user's.
    """
    deadline = time.monotonic() + within
    encoded = b"" if body is None else json.dumps(body).encode()
    request = Request(method, target, within, deadline, body=encoded)
    try:
        sock, _pid = _connected(path, deadline)
        response = _exchange(sock, request)
        answer = response.body()
    except _Nobody:
        return None
    except Failed as failed:
        raise Unanswered(f"{SERVER} behind {path} did not answer: {failed.reason}.") from None
    try:
        parsed = json.loads(answer)
    except ValueError:
        parsed = None
    if response.status >= 400:
        raise from_response(response.status, parsed)
    if not isinstance(parsed, dict):
        raise Unanswered(f"What listens at {path} is not a runtime of this collection.")
    return parsed


def _exchange(sock: socket.socket, request: Request) -> Response:
    return Connection(Socket(sock), "localhost").exchange(request, lambda connection: connection.sock.close())


def _connected(path: str, deadline: float) -> tuple[socket.socket, int | None]:
    """Return a connection to the runtime behind a socket, and the id of its process.

    Raises: _Nobody; _Hangs where it accepts none of the connections that wait; TaskError where it is not the user's.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        while True:
            try:
                sock.settimeout(max(deadline - time.monotonic(), 0.001))
                sock.connect(path)
                break
            except (BlockingIOError, TimeoutError):
                # Linux says so at once where too many connections wait to be accepted.
                if time.monotonic() > deadline:
                    raise _Hangs(None, False) from None
                time.sleep(_PAUSE)
        pid, uid = peer(sock)
        if uid not in (None, os.geteuid()):
            raise TaskError(
                f"The socket {path} belongs to a process of another user (user id {uid}): nothing was sent to it. "
                "Remove the socket, or ask that user to."
            )
        return sock, pid
    except OSError as error:
        sock.close()
        if error.errno in _NOBODY:
            raise _Nobody from None
        raise Failed(f"{path}: {error.strerror or error}", sent=False, hopeless=True) from None
    except BaseException:
        sock.close()
        raise


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


def peer(sock: socket.socket) -> tuple[int | None, int | None]:
    """Return the process id and the user id of who is at the other end; None where the platform does not tell."""
    if sys.platform.startswith("linux"):
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, _gid = struct.unpack("3i", credentials)
        return pid or None, uid
    if sys.platform == "darwin":
        _version, uid = struct.unpack_from("2I", sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED))
        return sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID), uid
    return None, None
