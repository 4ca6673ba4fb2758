# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import inspect
import typing as t

from ansible.executor.task_queue_manager import TaskQueueManager


def playbook_stats() -> t.Any:
    """Return the stats of the playbook that called this callback, or None.

    Ansible passes them to callbacks at the end, and first to the one that displays custom stats or stores them as
    artifacts. What another callback sets at that time is too late.
    """
    frame = inspect.currentframe()
    while frame:
        caller = frame.f_locals.get("self")
        if isinstance(caller, TaskQueueManager):
            return getattr(caller, "_stats", None)
        frame = frame.f_back
    return None
