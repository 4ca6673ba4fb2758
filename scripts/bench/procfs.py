# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Information about processes from `/proc`, on Linux."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

AVAILABLE = Path("/proc/self/environ").exists()
_MIB = 1024


def pids_with(variable: str, value: str) -> list[int]:
    """Return the running processes that were started with this environment variable, lowest id first."""
    entry = f"{variable}={value}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has just ended, or belongs to another user
            if entry in (folder / "environ").read_bytes().split(b"\0") and not _is_zombie(folder):
                found.append(int(folder.name))
    return sorted(found)


def command_of(pid: int) -> str:
    """Return the command line of a process, or an empty string if it has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def resident(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    return _status(pid, "VmRSS")


def peak(pid: int) -> float:
    """Return the largest resident memory that a process has had, in MiB."""
    return _status(pid, "VmHWM")


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def end(pids: list[int], seconds: float = 20) -> None:
    """End processes: first with SIGTERM, then with SIGKILL."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    if not gone(pids, seconds):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        gone(pids, seconds)


def gone(pids: list[int], seconds: float) -> bool:
    """Wait until all of these processes have ended, for at most some seconds. Return whether they have ended."""
    deadline = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() and not _is_zombie(Path(f"/proc/{pid}")) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _status(pid: int, name: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / _MIB if found else 0.0


def _is_zombie(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True
