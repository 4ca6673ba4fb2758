# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lease holders: processes whose end other processes on the same host can detect immediately."""

from __future__ import annotations

import os
import secrets
import socket
import uuid
from functools import cache
from pathlib import Path


@cache
def this_host() -> str:
    """Return the prefix of the names of all lease holders on this machine.

    A process id is only unique within one boot and one process namespace of a machine.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return f"{socket.gethostname()}-{uuid.getnode():x}"


MARK = "|queue-"
"""Is in the names of lease holders whose runs are taken over by others."""


def new_owner(*, of_queue: bool = False) -> str:
    """Return a new name for a lease holder in this process. Each runner has its own name.

    Args:
        of_queue: Whether another process takes over its runs if it dies.

    Returns:
        The host, the process id, its start time and a random part.
    """
    pid = os.getpid()
    nonce = secrets.token_hex(8)
    return f"{this_host()}|{pid}|{_own_start(pid) or '-'}{MARK if of_queue else '|'}{nonce}"


def is_of_queue(owner: str) -> bool:
    """Return whether another process takes over the runs of a lease holder if it dies."""
    return MARK in owner


def is_gone(owner: str) -> bool:
    """Return whether a lease holder's process is known to be dead.

    Args:
        owner: Its name.

    Returns:
        False if it is alive or if this is unknown. In the latter case, the lease expires.
    """
    host, pid, started, _nonce = owner.split("|")
    if host != this_host():
        return False
    here = os.getpid()
    now = _own_start(here) if int(pid) == here else _started(int(pid))
    return now != (None if started == "-" else started)


def is_here(owner: str) -> bool:
    """Return whether a lease holder's process is on the same machine, in the same boot.

    Args:
        owner: Its name.

    Returns:
        False if it is not, or if the platform does not show processes.
    """
    host, _pid, started, _nonce = owner.split("|")
    return host == this_host() and started != "-"


@cache
def _own_start(pid: int) -> str | None:
    """Return the start time of this process, which does not change. Each request for an active run needs it."""
    return _started(pid)


def _started(pid: int) -> str | None:
    try:
        # The name in parentheses can contain spaces. The state is the first field after it, the start time the 20th.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
