# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Cancels runs: state: cancelled of both run modules.

from __future__ import annotations

import typing as t

from . import _read_runs
from ._diff import diff
from ._errors import RunNotCancellable
from ._result import run_result
from ._status import ACTIVE, RunStatus
from ._wait import follower_of, path_of

if t.TYPE_CHECKING:
    from ._task import Task
    from ._types import Json, Message, Run


def cancel(task: Task, runs: list[Run], messages: dict[str, list[Message]] | None = None) -> Json:
    """Cancel the active runs, and return the task's result for the newest run.

    Args:
        task: The task.
        runs: The runs, newest first.
        messages: The messages that each run has written, by its id, if they have been read.

    Raises:
        TaskError: The server refuses a request, or a run takes too long to end (option wait_timeout).
    """
    active = [run for run in runs if run["status"] in ACTIVE]
    cancelled = [run for run in active if _cancel(task, run)]
    after = {run["id"]: run for run in runs} | {run["id"]: _ended(task, run) for run in active}
    difference = diff(
        {run["id"]: {"status": run["status"]} for run in cancelled},
        {run["id"]: {"status": RunStatus.CANCELLED.value} for run in cancelled},
        "run",
    )
    result: Json = {"run": None, "run_id": None, "status": None}
    if after:
        run = next(iter(after.values()))
        was_active = run["id"] in {each["id"] for each in active}
        written = None if was_active else (messages or {}).get(run["id"])
        result = run_result(task.wire, run, written, details=task.params["details"])
    return {"thread_id": task.params["thread_id"], **result, "changed": bool(cancelled), "diff": difference}


def _cancel(task: Task, run: Run) -> bool:
    """Cancel a run; return False if it has just ended, or if another task has cancelled it."""
    try:
        task.wire.post(*path_of(run), "cancel", body={})
    except RunNotCancellable:
        return False
    return True


def _ended(task: Task, run: Run) -> Run:
    """Return a cancelled run. If the task waits, wait until it has ended."""
    run = _read_runs.run(task.wire, run["thread_id"], run["id"])
    return follower_of(task).poll(run) if task.params["wait"] else run
