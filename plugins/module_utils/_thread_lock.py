# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# An active run locks its thread: the server accepts no other run or message (Assistants wire, section 9).

from __future__ import annotations

import typing as t

from . import _read_runs
from ._errors import RunNotEnded, TaskError
from ._status import RunStatus
from ._wait import Follower, follower_of

if t.TYPE_CHECKING:
    from ._errors import ThreadLocked
    from ._task import Task
    from ._types import Run


class ThreadLock:
    """Waits until a thread accepts a new run or message.

    Args:
        task: The task.
        follower: The follower of the task's own run, so that both share one timeout.
    """

    def __init__(self, task: Task, follower: Follower | None = None) -> None:
        self._task = task
        self._follower = follower or follower_of(task)

    def active_run(self, thread_id: str, error: ThreadLocked) -> Run:
        """Return the run that caused a request to be refused."""
        return _read_runs.run(self._task.wire, thread_id, error.run_id)

    def wait_for(self, run: Run, which: str = "another") -> None:
        """Wait until the run is no longer active.

        Args:
            run: The active run.
            which: The article in the error message: "another" or "an".

        Raises:
            TaskError: The run waits for tool outputs, or has not ended in time (option wait_timeout).
        """
        locked = f"Thread {run['thread_id']} has {which} active run, {run['id']} ({run['status']})"
        if run["status"] == RunStatus.REQUIRES_ACTION:
            raise TaskError(
                f"{locked}, which waits for the outputs of its tool calls. Submit them with openai_run (run_id and "
                "tool_outputs), or cancel the run with openai_run and state: cancelled.",
                blocking_run=run,
            )
        try:
            self._follower.poll(run)
        except RunNotEnded as error:
            raise TaskError(
                f"{locked}, which has not ended after {self._follower.timeout:g} seconds (option wait_timeout). "
                "Increase wait_timeout, or cancel the run with openai_run and state: cancelled.",
                blocking_run=error.data.get("run", run),
            ) from None
