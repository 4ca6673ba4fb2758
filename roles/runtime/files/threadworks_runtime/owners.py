# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds a lease: a process that others on the same host can find dead at once."""

from __future__ import annotations

import os
import secrets
import socket
import uuid
from functools import cache
from pathlib import Path


@cache
def this_host() -> str:
    """What all names of lease holders begin with that are on this machine.

    A process id says something only within one boot of one machine, and one process namespace of it.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return f"{socket.gethostname()}-{uuid.getnode():x}"


def new_owner() -> str:
    """A lease holder's name for this process, another one at each call: a lease is one runner's, not one process's.

    Returns:
        Host, process, its start and a random part.
    """
    pid = os.getpid()
    return f"{this_host()}|{pid}|{_started(pid) or '-'}|{secrets.token_hex(8)}"


def is_gone(owner: str) -> bool:
    """Whether a lease holder's process is known to be dead.

    Args:
        owner: Its name.

    Returns:
        ``False`` also where this cannot be known: then the lease's end tells.
    """
    host, pid, started, _nonce = owner.split("|")
    return host == this_host() and _started(int(pid)) != (None if started == "-" else started)


def is_here(owner: str) -> bool:
    """Whether a lease holder's process can be seen from here: it is on the same machine, in the same boot.

    Args:
        owner: Its name.

    Returns:
        ``False`` also where the platform does not show processes.
    """
    host, _pid, started, _nonce = owner.split("|")
    return host == this_host() and started != "-"


def _started(pid: int) -> str | None:
    try:
        # The name in parentheses may have spaces; state is the first field behind it, the start time the twentieth.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
