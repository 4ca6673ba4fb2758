# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The statuses of a run (Assistants wire, section 7). A run contains the plain string that the server sent. Compare it
# with these members. Use `.value` to get the plain string of a member.

from __future__ import annotations

import enum


class RunStatus(str, enum.Enum):
    """The status of a run. A member equals its string in the API."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    REQUIRES_ACTION = "requires_action"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    EXPIRED = "expired"


# Tuples, not sets, because a member equals its string but has a different hash.
# The server works on the run. Its status changes without a request.
RUNNING = (RunStatus.QUEUED, RunStatus.IN_PROGRESS, RunStatus.CANCELLING)
# The run has not ended. No other run and no message can be created on its thread.
ACTIVE = (*RUNNING, RunStatus.REQUIRES_ACTION)
# The run ended without a complete reply.
UNSUCCESSFUL = (RunStatus.FAILED, RunStatus.EXPIRED, RunStatus.CANCELLED, RunStatus.INCOMPLETE)
