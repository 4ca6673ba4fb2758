# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time. Unlike the time on the clock, it hardly depends on what else a machine does."""

from __future__ import annotations

import os
import time

from sqlalchemy import Connection

from ansible_collections.threadworks.openai.tests.procfs import stat_fields

_TICKS = os.sysconf("SC_CLK_TCK")  # per second


def used(connection: Connection) -> float:
    """Return the CPU time in seconds that this thread and the process of its PostgreSQL connection have used."""
    seconds = time.thread_time()
    if connection.dialect.name == "postgresql":
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        fields = stat_fields(pid)
        seconds += (int(fields[11]) + int(fields[12])) / _TICKS
    return seconds
