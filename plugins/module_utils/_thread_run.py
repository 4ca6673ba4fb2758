# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# A thread and its run in one operation. Identity is everything given (assistant, thread with its messages, parameters),
# or a key; found again by the metadata of the thread (Assistants wire, section 6, and the runtime's addition
# `GET /threads?metadata[k]=v`).

from __future__ import annotations

import typing as t
import uuid

from . import _reading, _run_task, _thread
from ._errors import TaskError
from ._identity import PARAMETERS, fingerprint, has_metadata
from ._options import Spec, given
from ._run_task import Wanted
from ._task import Task
from ._wait import StartedRun

SPEC = Spec("openai_thread_run")


def ensure(task: Task) -> dict[str, t.Any]:
    """Bring a thread and its run to the state that the task asks for, and return the task's result."""
    params = task.params
    SPEC.check(params)
    _reading.resolve(task.wire, params)
    wanted = _wanted(params)
    if not (wanted.key or params["thread_id"] or params["assistant_id"]):
        raise TaskError(
            "assistant_id is missing: say which assistant is to run, or which thread is meant with key or thread_id."
        )
    threads = _find(task, wanted)
    if params["state"] == "absent":
        return {"run_id": None, **_thread.delete(task, threads)}
    runs, written = _runs(task, threads[0], wanted) if threads else ([], {})
    if params["state"] == "cancelled":
        return _run_task.cancel(task, runs[:1], written)
    if not params["assistant_id"]:
        raise TaskError("assistant_id is missing: say which assistant is to run.")
    return _present(task, wanted, threads[0] if threads else None, runs, written)


def _wanted(params: dict[str, t.Any]) -> Wanted:
    """Return what the task asks for; the thread's metadata can change in place, so it is no part of the identity."""
    parameters = given(params, SPEC.wire)
    metadata = parameters.pop("metadata", None)
    thread = {name: value for name, value in parameters.pop("thread", {}).items() if name != "metadata"}
    return Wanted({**parameters, "thread": thread}, params["key"], metadata)


def _find(task: Task, wanted: Wanted) -> list[dict[str, t.Any]]:
    """Return the threads of this identity, newest first."""
    thread_id = task.params["thread_id"]
    if thread_id:
        return [task.wire.get("threads", thread_id)]
    if task.params["force"] and task.params["state"] == "present":
        # A new one in any case: also where the server cannot list threads.
        return []
    # A thread that openai_thread made has a key of its own kind.
    return [each for each in _reading.by_metadata(task.wire, wanted.identity) if PARAMETERS in each["metadata"]]


def _runs(
    task: Task, thread: dict[str, t.Any], wanted: Wanted
) -> tuple[list[dict[str, t.Any]], dict[str, list[dict[str, t.Any]]]]:
    """Return the runs of this identity on their thread, newest first, and the messages of each, as far as they are
    known.
    """
    by_thread_alone = task.params["thread_id"] and not wanted.key and task.params["state"] == "cancelled"
    identity = {} if by_thread_alone else wanted.identity
    # With the messages, the result of a run that stands needs no further request.
    found, written = _reading.runs_with_messages(task.wire, thread["id"])
    return [run for run in found if has_metadata(run, identity)], written


def _present(
    task: Task,
    wanted: Wanted,
    thread: dict[str, t.Any] | None,
    runs: list[dict[str, t.Any]],
    written: dict[str, list[dict[str, t.Any]]],
) -> dict[str, t.Any]:
    run = _run_task.newest(runs)
    previous = runs[0]["id"] if runs else None
    alike = run is not None and run["metadata"].get(PARAMETERS) == wanted.fingerprint
    if thread and task.params["thread_id"] and not alike:
        raise TaskError(
            f"thread_id: thread {thread['id']} has no run with these parameters. Leave thread_id out to make a new "
            "thread, or run on this one with openai_run."
        )
    difference = None
    if thread and alike:
        # Also where the run came to nothing: it is run again where it was, since a second thread with the same messages
        # helps nobody.
        thread, difference = _thread.update(task, thread, _thread_metadata(task), {})
    if not alike or "tool_resources" in wanted.parameters:
        # A run on a thread that exists takes no tool_resources (Assistants wire, section 6).
        thread = None
    seen = written.get(run["id"]) if run else None
    result = _run_task.act(task, wanted, run, lambda: _create(task, wanted, thread, previous), seen)
    if difference and not result["changed"]:
        result["diff"] = difference
    return {**result, "changed": result["changed"] or bool(difference)}


def _thread_metadata(task: Task) -> dict[str, t.Any]:
    return given(task.params["thread"] or {}, ("metadata",))


def _create(task: Task, wanted: Wanted, thread: dict[str, t.Any] | None, previous: str | None) -> StartedRun:
    """Make the run: with its thread, or on the thread where it came to nothing before."""
    once = (
        str(uuid.uuid4()) if task.params["force"] else fingerprint("thread_run", wanted.decisive, wanted.key, previous)
    )
    body = {**wanted.parameters, "metadata": wanted.marks()}
    if thread:
        body = {name: value for name, value in body.items() if name not in ("thread", "tool_resources")}
        path: tuple[str, ...] = ("threads", thread["id"], "runs")
    else:
        marks = {name: value for name, value in wanted.marks().items() if name not in (wanted.metadata or {})}
        body["thread"] = {**body["thread"], "metadata": {**_thread_metadata(task).get("metadata", {}), **marks}}
        path = ("threads", "runs")
        _run_task.warn_without_question(task, "The new thread", wanted.parameters["thread"].get("messages", []))
    return _run_task.make(task, path, body, once)
