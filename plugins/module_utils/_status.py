# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The statuses of a run (Assistants wire, section 7). A run keeps the plain string that the server sent: compare it with
# these members, and use them as plain strings only through `.value`.

from __future__ import annotations

import enum


class RunStatus(str, enum.Enum):
    """The status of a run; a member equals the string of the wire."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    REQUIRES_ACTION = "requires_action"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    EXPIRED = "expired"


# Tuples, not sets: a member equals its string, but has another hash.
# The server works on the run. Its status changes without a request.
RUNNING = (RunStatus.QUEUED, RunStatus.IN_PROGRESS, RunStatus.CANCELLING)
# The run is not over: no other run can be created on its thread, and no message.
ACTIVE = (*RUNNING, RunStatus.REQUIRES_ACTION)
# The run ended without a complete reply.
UNSUCCESSFUL = (RunStatus.FAILED, RunStatus.EXPIRED, RunStatus.CANCELLED, RunStatus.INCOMPLETE)
