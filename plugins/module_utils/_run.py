# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Runs on a thread: find, compare, decide, act. A run means "the thread's latest user message has been answered under
# these parameters"; a key makes its identity explicit instead (Assistants wire, sections 6 and 7).

from __future__ import annotations

import itertools
import typing as t
import uuid

from . import _read_runs
from ._errors import TaskError
from ._identity import MESSAGE, fingerprint, key_metadata
from ._names import resolve
from ._options import Spec, given
from ._run_adopt import adopt
from ._run_cancel import cancel
from ._run_desired import DesiredRun, desired_run
from ._run_outcome import create_run, keep_run
from ._run_search import NO_MESSAGE, FoundRun, search
from ._run_start import warn_without_question
from ._task import Task
from ._wait import RunRequest

if t.TYPE_CHECKING:
    from ._types import Json, Run

SPEC = Spec("openai_run")


def ensure(task: Task) -> Json:
    """Bring a run into the desired state, and return the task's result.

    Raises:
        TaskError: An option is wrong or missing, the server refuses a request, the run takes too long, or it ends with
            a status of `fail_on`.
    """
    params = task.params
    SPEC.check(params)
    resolve(task.wire, params)
    if params["state"] == "cancelled":
        return cancel(task, _runs_to_cancel(task))
    if params["run_id"]:
        return adopt(task)
    if params["tool_outputs"] is not None:
        raise TaskError("tool_outputs requires run_id. Set run_id to the run that waits for the outputs.")
    if not params["assistant_id"]:
        raise TaskError("assistant_id is missing. Set it to create a run, or set run_id to use an existing run.")
    parameters = given(params, SPEC.wire)
    metadata = parameters.pop("metadata", None)
    desired = desired_run(params, parameters, metadata)
    own = [each for each in parameters.get("additional_messages", []) if each["role"] == "user"]
    found = search(task.wire, params["thread_id"], desired, own)
    if desired.is_met_by(found.run):
        return keep_run(task, desired, found.run, found.messages)
    request = _request(task, parameters, desired, found)
    return create_run(task, desired, request, found.run, parameters)


def _request(task: Task, parameters: Json, desired: DesiredRun, found: FoundRun) -> RunRequest:
    """Return the request that creates the run."""
    thread_id = task.params["thread_id"]
    adds_again = desired.force or not found.has_added
    body = {name: value for name, value in parameters.items() if adds_again or name != "additional_messages"}
    if found.base == NO_MESSAGE:
        warn_without_question(task, f"Thread {thread_id}", body.get("additional_messages", []))
    body["metadata"] = desired.run_metadata(**{MESSAGE: found.base})
    # Two playbooks with the same state and options create one run. A run after a failed one is a different run.
    identity = desired.own_metadata(**{MESSAGE: found.base})
    once = str(uuid.uuid4()) if desired.force else fingerprint("run", thread_id, identity, adds_again, found.newest_id)
    return RunRequest(("threads", thread_id, "runs"), body, once)


def _runs_to_cancel(task: Task) -> list[Run]:
    thread_id, run_id, key = (task.params[name] for name in ("thread_id", "run_id", "key"))
    if run_id:
        return [_read_runs.run(task.wire, thread_id, run_id)]
    runs = task.wire.matching("threads", thread_id, "runs", pairs=key_metadata(key))
    # Only the newest run can be active, because an active run locks the thread.
    return t.cast("list[Run]", list(itertools.islice(runs, 1)))
