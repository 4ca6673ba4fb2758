# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Linux knows of a process."""

from __future__ import annotations

from pathlib import Path


def stat_fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, beginning with the state.

    Args:
        pid: The id of the process.

    Raises:
        FileNotFoundError: There is no such process, or no /proc.
        ProcessLookupError: The process has ended in between.
    """
    # The name is in parentheses, and can itself contain spaces and parentheses.
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


def peak_memory(pid: int) -> int:
    """Return the largest resident memory that a process has had, in KiB.

    Args:
        pid: The id of the process.

    Raises:
        OSError: There is no such process, or no /proc.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
