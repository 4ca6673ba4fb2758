# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The audit trail: a file with one JSON object per line, for each time that someone asks a model, allows or refuses a
# tool call, runs a tool, or cancels a run.

from __future__ import annotations

import contextlib
import datetime
import fcntl
import getpass
import json
import os
import socket
import typing as t

Json = dict[str, t.Any]

# A pipe that nobody reads must not block the playbook.
_NEW = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def append(path: str, line: Json) -> None:
    """Append a line to a file that only its owner can read. Lines of several processes are never mixed.

    Args:
        path: The file. It is created with the mode 0600.
        line: The content of the line.

    Raises:
        OSError: The file cannot be written.
    """
    data = json.dumps(line, ensure_ascii=False, default=str).encode(errors="replace") + b"\n"
    file = os.open(path, _NEW, 0o600)
    try:
        # A single write is atomic on local file systems. The lock is for the others, and for a partial write.
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        while data:
            data = data[os.write(file, data) :]
    finally:
        os.close(file)


def operator(extra_vars: t.Mapping[str, t.Any]) -> str:
    """Return the name of the user who runs the playbook.

    Args:
        extra_vars: The extra variables. AWX sets the name of its user there.
    """
    for name in ("awx_user_name", "tower_user_name"):
        if extra_vars.get(name):
            return str(extra_vars[name])
    with contextlib.suppress(Exception):
        user = getpass.getuser()
        before = os.environ.get("SUDO_USER")
        return f"{before} (as {user})" if before and before != user else user
    return f"uid {os.getuid()}"


class Audit:
    """Writes the audit trail of a playbook.

    Args:
        path: The file, or "" for no audit trail.
        content: Whether to write texts of users, models and tools.
        playbook: The name of the playbook.
    """

    def __init__(self, path: str, content: bool, playbook: str) -> None:
        self._path = path
        self._content = content
        self._playbook = playbook
        self._node = socket.gethostname()
        self.user = ""

    def write(self, event: str, where: Json, fields: Json, content: Json) -> None:
        """Append an event.

        Args:
            event: What happened.
            where: The play, the task and the host.
            fields: Further fields.
            content: Further fields with texts of users, models and tools.

        Raises:
            OSError: The file cannot be written.
        """
        if not self._path:
            return
        line = {
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds"),
            "event": event,
            "user": self.user,
            "node": self._node,
            "process": os.getpid(),
            "playbook": self._playbook,
            **where,
            **fields,
            **(content if self._content else {}),
        }
        append(self._path, {name: value for name, value in line.items() if value not in (None, "")})
