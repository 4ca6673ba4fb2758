# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell systemd that a service is ready, stopping or alive, if it wants to know."""

from __future__ import annotations

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Send a state, as for a unit with ``Type=notify``. Does nothing if the process was not started by systemd.

    Args:
        state: An assignment, as in ``READY=1``.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # the abstract namespace
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.connect(address)
        sender.sendall(state.encode())


def watchdog_interval() -> float | None:
    """Return the seconds between two signs of life that systemd expects, or None if it expects none."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 3e6 if microseconds.isdigit() else None
