# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue and the priority of a run, from its metadata (an addition of the runtime)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import InvalidQueue

_QUEUE, _PRIORITY = "runtime_queue", "runtime_priority"
# The name of a channel of PostgreSQL, with the prefix of procrastinate, is limited to 63 bytes.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_NUMBER = re.compile(r"-?\d{1,3}")
_MOST = 100


class Placement(NamedTuple):
    """Where a run waits for a worker.

    Args:
        queue: The name of the queue.
        priority: Runs with a higher priority are started first.
    """

    queue: str = "runs"
    priority: int = 0


def placement(metadata: Mapping[str, str]) -> Placement:
    """Return where a run waits.

    Args:
        metadata: The metadata of the run.

    Returns:
        The queue and the priority.

    Raises:
        InvalidQueue: One of them is not valid.
    """
    queue, priority = metadata.get(_QUEUE, Placement().queue), metadata.get(_PRIORITY, "0")
    if not _NAME.fullmatch(queue):
        raise InvalidQueue(_QUEUE, "1 to 32 letters, digits, '_', '.' and '-' are expected.")
    if not _NUMBER.fullmatch(priority) or abs(int(priority)) > _MOST:
        raise InvalidQueue(_PRIORITY, f"a number from -{_MOST} to {_MOST} is expected.")
    return Placement(queue, int(priority))
