# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kinds of faulty model servers: a small function or a scripted answer for each."""

from __future__ import annotations

from . import bodies, connections, heavy, items, statuses, streams
from .kind import Kind

KINDS: tuple[Kind, ...] = (
    *connections.KINDS,
    *statuses.KINDS,
    *bodies.KINDS,
    *streams.KINDS,
    *items.KINDS,
    *heavy.KINDS,
)
