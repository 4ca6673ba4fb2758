# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Creates a run or uses an existing one, and returns the task's result.

from __future__ import annotations

import typing as t

from ._diff import changes, diff
from ._identity import desired_metadata, shown_metadata
from ._object_state import update
from ._result import fail_on_status, run_result
from ._run_start import start_when_free
from ._status import RunStatus
from ._wait import follow, path_of

if t.TYPE_CHECKING:
    from ._run_desired import DesiredRun
    from ._task import Task
    from ._types import Json, Message, Metadata, Run
    from ._wait import RunRequest


def create_run(task: Task, desired: DesiredRun, request: RunRequest, found: Run | None, parameters: Json) -> Json:
    """Create a run, and return the task's result.

    Args:
        task: The task.
        desired: The identity of the desired run.
        request: The request that creates the run.
        found: The existing run with this identity, for the diff, or None.
        parameters: The options of the request to the model, for the diff.

    Raises:
        TaskError: The run cannot be created, takes too long, or ends with a status of `fail_on`.
    """
    before: Json | None = None
    if found:
        fields: t.Mapping[str, t.Any] = found
        before = {name: fields[name] for name in parameters if name in fields}
        before.update(status=found["status"], **shown_metadata(found["metadata"]))
    difference = diff(before, {**parameters, **shown_metadata(desired.run_metadata())}, "run")
    started = start_when_free(task, desired, request)
    if not started.is_new:
        difference = _no_difference(started.run)
    return task_result(task, started.run, started.messages, changed=started.is_new, difference=difference)


def keep_run(task: Task, desired: DesiredRun, run: Run, messages: list[Message] | None) -> Json:
    """Use an existing run: update its metadata, follow it if the task waits, and return the task's result.

    Args:
        task: The task.
        desired: The identity of the desired run.
        run: The run.
        messages: The messages that the run has written, if they have been read.

    Raises:
        TaskError: The run takes too long, or ends with a status of `fail_on`.
    """
    run, difference = update_metadata(task, run, desired.metadata, {})
    followed = follow(task, run)
    # A run that was followed has written more messages.
    known = messages if followed is run else None
    return task_result(task, followed, known, changed=bool(difference), difference=difference)


def update_metadata(task: Task, run: Run, wanted: Metadata | None, own: Metadata) -> tuple[Run, Json | None]:
    """Update the metadata of a run if it differs. Nothing else of a run can be changed.

    Args:
        task: The task.
        run: The current run.
        wanted: The user's desired pairs, or None if they are not set.
        own: The collection's pairs that the run must have.

    Returns:
        The updated run, and the diff or None.
    """
    found = t.cast("Json", run)
    different = changes(found, {"metadata": desired_metadata(run["metadata"], wanted, own)})
    updated, difference = update(task, path_of(run), found, different, lambda each: shown_metadata(each["metadata"]))
    return t.cast("Run", updated), difference


def task_result(
    task: Task, run: Run, messages: list[Message] | None, *, changed: bool, difference: Json | None
) -> Json:
    """Return the task's result for a run.

    Args:
        task: The task.
        run: The run.
        messages: The messages that the run has written; None if they have not been read.
        changed: Whether the task has changed anything.
        difference: The diff, or None.

    Raises:
        TaskError: The run has a status of `fail_on`, or its reply is not the requested JSON.
    """
    params = task.params
    described = run_result(task.wire, run, messages, steps=params["steps"], details=params["details"])
    result = {**described, "changed": changed, "diff": difference or _no_difference(run)}
    fail_on_status(result, params["fail_on"])
    if run["status"] == RunStatus.REQUIRES_ACTION and params["wait"] and params.get("tool_outputs") is None:
        # Imported here, because few runs wait for tool outputs.
        from ._tool_calls import warn_unanswered

        warn_unanswered(task, [run])
    return result


def _no_difference(run: Run) -> Json:
    return diff({}, {}, run["id"])
