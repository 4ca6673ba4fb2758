# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""File descriptors. Each connection needs one, and the default limit of a process is often too low."""

from __future__ import annotations

import contextlib
import resource


def allow_descriptors(wanted: int) -> int:
    """Raise the limit of open file descriptors for this process and its children, as far as allowed.

    Args:
        wanted: The number of descriptors that are needed.

    Returns:
        The new limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS has an additional limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
