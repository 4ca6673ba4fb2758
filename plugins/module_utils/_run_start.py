# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Starts runs: sends the request that creates or continues a run, and follows the run while the task waits.

from __future__ import annotations

import typing as t

from ._errors import TaskError, ThreadLocked
from ._identity import has_metadata
from ._thread_lock import ThreadLock
from ._wait import Follower, RunRequest, StartedRun, follow, follower_of

if t.TYPE_CHECKING:
    from ._run_desired import DesiredRun
    from ._task import Task
    from ._types import Run


def start(task: Task, follower: Follower, request: RunRequest) -> StartedRun:
    """Send a request that creates or continues a run; if the task waits, follow the run to its end.

    Args:
        task: The task.
        follower: Follows the run.
        request: The request.

    Raises:
        ThreadLocked: Another run is active on the thread.
        TaskError: No model server is configured, the server refuses the request, or the run takes too long.
    """
    if task.wire.unconfigured:
        raise TaskError(task.wire.unconfigured)
    if task.params["wait"]:
        return follower.stream(request)
    if request.run:
        return StartedRun(t.cast("Run", task.wire.post(*request.path, body=request.body)), None, False)
    created = task.wire.create(*request.path, body=request.body, once=request.idempotency_key)
    return StartedRun(t.cast("Run", created.thing), None, created.is_new)


def start_when_free(task: Task, desired: DesiredRun, request: RunRequest) -> StartedRun:
    """Create a run. If another run is active on the thread, wait for it first.

    Args:
        task: The task.
        desired: The identity of the desired run.
        request: The request.

    Raises:
        TaskError: As for `start`, or the other run waits for tool outputs or does not end in time.
    """
    follower = follower_of(task)
    lock = ThreadLock(task, follower)
    while True:
        try:
            return start(task, follower, request)
        except ThreadLocked as error:
            run = lock.active_run(request.path[1], error)
        if has_metadata(run, desired.own_metadata()) and not desired.force:
            # Another task has created the same run at the same time. It uses all messages of the thread, and perhaps
            # its own.
            return StartedRun(follow(task, run, follower), None, False)
        lock.wait_for(run)


def warn_without_question(task: Task, thread: str, messages: t.Iterable[t.Mapping[str, t.Any]]) -> None:
    """Warn if a thread has no user message. It may have been forgotten, and the model replies anyway.

    Args:
        task: The task.
        thread: The name of the thread in the warning.
        messages: The messages that the request adds.
    """
    if all(message["role"] != "user" for message in messages):
        task.warn(
            f"{thread} has no message with the role user. The model only gets the instructions of the assistant or the "
            "run."
        )
