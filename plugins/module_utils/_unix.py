# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The local runtime at a Unix socket. It is used without asking it first. If the connection is refused, a request is
# interrupted or the runtime hangs, another one is started (`_recovery.py`).

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import sys
import time
import typing as t

from ._errors import TaskError
from ._http import Connection, Failed, Pool, Request, Response
from ._http_socket import Socket

if t.TYPE_CHECKING:
    from ._recovery import Local

SERVER = "The local runtime"
_PREFIX = "/v1"
# The interval between attempts while the queue of connections is full, in seconds.
_PAUSE = 0.02
# The time after which a connection counts as queued, in seconds.
_AT_ONCE = 1.0
_NOBODY = (errno.ENOENT, errno.ECONNREFUSED)
# From sys/un.h and sys/ucred.h of macOS.
_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID, _XUCRED = 0, 1, 2, 76


class Hangs(Failed):
    """The runtime does not answer a simple request in time."""

    def __init__(self, pid: int | None, answered: bool) -> None:
        super().__init__("it hangs", answered=answered, silent=True)
        self.pid = pid


class Nobody(Failed):
    """No process listens at the socket."""

    def __init__(self) -> None:
        super().__init__("no process listens at its socket", sent=False)


class Unix:
    """Sends requests to the local runtime.

    Args:
        local: Finds and starts the runtime. None if that is not possible here.
        path: The path of the socket if there is no `local`.
    """

    server = SERVER

    def __init__(self, local: Local | None, path: str = "") -> None:
        self._local = local
        self._path = path
        self._pool = Pool(self._connect)

    def send(self, request: Request) -> Response:
        """Send a request and return the answer. If the runtime has ended or hangs, use another one.

        Raises:
            Unanswered: The server did not answer.
            TaskError: No runtime can be started.
        """
        request = request._replace(path=_PREFIX + request.path)
        try:
            return self._pool.exchange(request)
        except Failed as failed:
            # Imported here, because few requests need it.
            from ._recovery import recover

            return recover(self._local, self._pool.exchange, request, failed)

    def _connect(self, deadline: float) -> Connection:
        path = self._local.path() if self._local else self._path
        sock, pid = connected(path, deadline)

        def watch() -> None:
            from ._recovery import check_alive

            check_alive(path, pid, connection)

        connection = Connection(Socket(sock, watch), "localhost")
        return connection


def connected(path: str, deadline: float) -> tuple[socket.socket, int | None]:
    """Return a connection to the runtime at a socket, and the id of its process.

    Raises:
        Nobody: No process listens.
        Hangs: It does not accept waiting connections.
        TaskError: The process belongs to another user.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _connect_socket(sock, path, deadline)
        pid, uid = peer(sock)
        if uid not in (None, os.geteuid()):
            raise TaskError(
                f"The socket {path} belongs to a process of another user (user id {uid}). No data was sent. Remove "
                "the socket, or ask that user to remove it."
            )
        return sock, pid
    except OSError as error:
        sock.close()
        if error.errno in _NOBODY:
            raise Nobody from None
        raise Failed(f"{path}: {error.strerror or error}", sent=False, hopeless=True) from None
    except BaseException:
        sock.close()
        raise


def _connect_socket(sock: socket.socket, path: str, deadline: float) -> None:
    sock.settimeout(max(min(deadline - time.monotonic(), _AT_ONCE), 0.001))
    try:
        sock.connect(path)
        return
    except (BlockingIOError, TimeoutError):
        # Too many connections are waiting, which Linux reports immediately. Imported here, because this is rare.
        from ._recovery import patience

    deadline = min(deadline, time.monotonic() + patience())
    while time.monotonic() < deadline:
        time.sleep(_PAUSE)
        with contextlib.suppress(BlockingIOError, TimeoutError):
            sock.connect(path)
            return
    raise Hangs(None, False)


def peer(sock: socket.socket) -> tuple[int | None, int | None]:
    """Return the process id and the user id of the peer, each None if the platform does not report it."""
    if sys.platform.startswith("linux"):
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, _gid = struct.unpack("3i", credentials)
        return pid or None, uid
    if sys.platform == "darwin":
        _version, uid = struct.unpack_from("2I", sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED))
        return sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID), uid
    return None, None
