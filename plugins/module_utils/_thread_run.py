# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# A thread and its run in one operation. The identity is everything given (assistant, thread with its messages,
# parameters), or a key; found again by the metadata of the thread (Assistants wire, section 6, and the runtime's
# addition `GET /threads?metadata[k]=v`).

from __future__ import annotations

import typing as t
import uuid

from . import _read_runs, _read_threads
from ._errors import TaskError
from ._identity import PARAMETERS, fingerprint, has_metadata
from ._names import resolve
from ._object_state import update
from ._options import Spec, given
from ._read_vector_stores import check_vector_stores
from ._run_cancel import cancel
from ._run_desired import DesiredRun, decisive, desired_run
from ._run_outcome import create_run, keep_run
from ._run_start import warn_without_question
from ._task import Task
from ._thread import ThreadState, shown_thread, thread_changes
from ._wait import RunRequest

if t.TYPE_CHECKING:
    from ._types import Json, Message, Run

SPEC = Spec("openai_thread_run")


def ensure(task: Task) -> Json:
    """Bring a thread and its run into the desired state, and return the task's result.

    Raises:
        TaskError: An option is wrong or missing, the server refuses a request, the run takes too long, or it ends with
            a status of `fail_on`.
    """
    params = task.params
    SPEC.check(params)
    resolve(task.wire, params)
    parameters, desired = _desired(params)
    if not (desired.key or params["thread_id"] or params["assistant_id"]):
        raise TaskError(
            "assistant_id is missing. Set it to create a run, or set key or thread_id to use an existing thread."
        )
    threads = _find(task, desired)
    if params["state"] == "absent":
        return {"run_id": None, **ThreadState(task).delete(threads)}
    runs, messages = _runs(task, threads[0], desired) if threads else ([], {})
    if params["state"] == "cancelled":
        return cancel(task, runs[:1], messages)
    if not params["assistant_id"]:
        raise TaskError("assistant_id is missing. Set it to create a run.")
    return _present(task, parameters, desired, threads[0] if threads else None, runs, messages)


def _desired(params: Json) -> tuple[Json, DesiredRun]:
    """Return the parameters of the run, and the identity of the desired run.

    The metadata of the thread is part of neither, because it can be updated.
    """
    parameters = given(params, SPEC.wire)
    metadata = parameters.pop("metadata", None)
    thread = {name: value for name, value in parameters.pop("thread", {}).items() if name != "metadata"}
    parameters["thread"] = thread
    return parameters, desired_run(params, parameters, metadata)


def _find(task: Task, desired: DesiredRun) -> list[Json]:
    """Return the threads of this identity, newest first."""
    thread_id = task.params["thread_id"]
    if thread_id:
        return [task.wire.get("threads", thread_id)]
    if desired.force and task.params["state"] == "present":
        # Always a new one, even if the server cannot list threads.
        return []
    # Threads of openai_thread have a different type of key.
    return [each for each in _read_threads.by_metadata(task.wire, desired.identity) if PARAMETERS in each["metadata"]]


def _runs(task: Task, thread: Json, desired: DesiredRun) -> tuple[list[Run], dict[str, list[Message]]]:
    """Return the runs of this identity on their thread, newest first, and the messages of each, if they are known."""
    by_thread_alone = task.params["thread_id"] and not desired.key and task.params["state"] == "cancelled"
    identity = {} if by_thread_alone else desired.identity
    # With the messages, the result of a reused run needs no further request.
    found, messages = _read_runs.runs_with_messages(task.wire, thread["id"])
    return [run for run in found if has_metadata(run, identity)], messages


def _present(
    task: Task,
    parameters: Json,
    desired: DesiredRun,
    thread: Json | None,
    runs: list[Run],
    messages: dict[str, list[Message]],
) -> Json:
    run = decisive(runs)
    is_same = run is not None and desired.has_parameters(run)
    if thread and task.params["thread_id"] and not is_same:
        raise TaskError(
            f"thread_id: thread {thread['id']} has no run with these parameters. Omit thread_id to create a new "
            "thread, or use openai_run to create a run on this thread."
        )
    difference = None
    if thread and is_same:
        # Even if the run failed, it is repeated on its thread, because a second thread with the same messages would be
        # useless.
        changes = thread_changes(thread, _thread_metadata(task), {})
        thread, difference = update(task, ("threads", thread["id"]), thread, changes, shown_thread)
    if desired.is_met_by(run):
        result = keep_run(task, desired, run, messages.get(run["id"]))
    else:
        # A run on an existing thread cannot have tool_resources (Assistants wire, section 6).
        takes_thread = thread and is_same and "tool_resources" not in parameters
        previous = runs[0]["id"] if runs else None
        request = _request(task, parameters, desired, thread if takes_thread else None, previous)
        result = create_run(task, desired, request, run, parameters)
    if difference and not result["changed"]:
        result["diff"] = difference
    return {**result, "changed": result["changed"] or bool(difference)}


def _thread_metadata(task: Task) -> Json:
    return given(task.params["thread"] or {}, ("metadata",))


def _request(
    task: Task, parameters: Json, desired: DesiredRun, thread: Json | None, previous: str | None
) -> RunRequest:
    """Return the request that creates the run with its thread, or on the thread of the failed run."""
    own = desired.own_metadata()
    once = str(uuid.uuid4()) if desired.force else fingerprint("thread_run", own, previous)
    body = {**parameters, "metadata": desired.run_metadata()}
    if thread:
        body = {name: value for name, value in body.items() if name not in ("thread", "tool_resources")}
        return RunRequest(("threads", thread["id"], "runs"), body, once)
    check_vector_stores(task.wire, parameters.get("tool_resources"))
    check_vector_stores(task.wire, parameters["thread"].get("tool_resources"), parent="thread.")
    body["thread"] = {**body["thread"], "metadata": {**_thread_metadata(task).get("metadata", {}), **own}}
    warn_without_question(task, "The new thread", parameters["thread"].get("messages", []))
    return RunRequest(("threads", "runs"), body, once)
