# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Runs on a thread: find, compare, decide, act. A run means "the thread's latest user message has been answered under
# these parameters"; a key makes its identity explicit instead (Assistants wire, sections 6 and 7).

from __future__ import annotations

import itertools
import json
import typing as t
import uuid
from dataclasses import dataclass

from ._diff import diff
from ._errors import TaskError
from ._identity import MESSAGE, PARAMETERS, ansible_metadata, fingerprint, key_metadata
from ._message import same
from ._options import Spec, given
from ._reading import resolve
from ._run_task import (
    Wanted,
    act,
    cancel,
    follow,
    follower_of,
    make,
    newest,
    result_of,
    stands,
    start,
    update,
    warn_without_question,
)
from ._status import RunStatus
from ._task import Task
from ._wait import StartedRun

SPEC = Spec("openai_run")


@dataclass(frozen=True)
class Found:
    """What there is on the thread.

    Attributes:
        run: the run of this identity that decides, or None.
        written: the messages that this run has written, oldest first; None if they have not been read.
        base: the id of the user message that a new run starts from ("none" on an empty thread).
        added: whether the run that failed before has already put its additional messages on the thread.
        newest: the id of the newest run of this identity, whatever became of it.
        is_suspect: whether there is no such run, and yet the thread ends with the messages that it would add.
    """

    run: dict[str, t.Any] | None = None
    written: list[dict[str, t.Any]] | None = None
    base: str = "none"
    added: bool = False
    newest: str | None = None
    is_suspect: bool = False


def ensure(task: Task) -> dict[str, t.Any]:
    """Bring a run to the state that the task asks for, and return the task's result."""
    params = task.params
    SPEC.check(params)
    resolve(task.wire, params)
    if params["state"] == "cancelled":
        return cancel(task, _runs_to_cancel(task))
    if params["run_id"]:
        return _adopt(task)
    if params["tool_outputs"] is not None:
        raise TaskError("tool_outputs needs run_id: say which run it answers.")
    if not params["assistant_id"]:
        raise TaskError("assistant_id is missing: say which assistant is to run, or which run is meant with run_id.")
    parameters = given(params, SPEC.wire)
    metadata = parameters.pop("metadata", None)
    wanted = Wanted(parameters, params["key"], metadata)
    found = _find(task, wanted)
    if found.is_suspect:
        # Another task may have made the run between the two requests.
        found = _find(task, wanted)
    return act(task, wanted, found.run, lambda: _create(task, wanted, found), found.written)


def _find(task: Task, wanted: Wanted) -> Found:
    thread_id = task.params["thread_id"]
    runs = list(task.wire.matching("threads", thread_id, "runs", pairs=wanted.identity))
    by_key = newest(runs) if wanted.key else None
    if by_key and stands(by_key, wanted, task.params["force"]):
        return Found(run=by_key)
    return _compare(runs, by_key, task.wire.list("threads", thread_id, "messages"), wanted)


def _compare(
    runs: list[dict[str, t.Any]],
    by_key: dict[str, t.Any] | None,
    messages: t.Iterable[dict[str, t.Any]],
    wanted: Wanted,
) -> Found:
    """Tell what the runs of an identity mean for the thread as it is now.

    Args:
        runs: the runs of the identity, newest first.
        by_key: the run that the key means, where there is a key.
        messages: the thread's messages, newest first; no more of them are asked for than are needed.
        wanted: what the task asks for.
    """
    bases = {run["metadata"].get(MESSAGE) for run in runs if run["metadata"].get(PARAMETERS) == wanted.fingerprint}
    newer: list[dict[str, t.Any]] = []  # user messages since the newest message that such a run started from
    written: list[dict[str, t.Any]] = []
    base, latest = "none", None
    for message in messages:
        if message["role"] != "user":
            written.insert(0, message)
            continue
        latest = latest or message
        if message["id"] in bases or not bases:
            base = message["id"]
            break
        newer.append(message)
    own = [message for message in wanted.parameters.get("additional_messages", []) if message["role"] == "user"]
    # What the run itself added to the thread does not count as new.
    covered = len(newer) == len(own) and all(
        same(message, "user", mine["content"]) for message, mine in zip(newer, reversed(own), strict=False)
    )
    covering = newest(run for run in runs if covered and run["metadata"].get(MESSAGE) == base)
    run = by_key or covering
    return Found(
        run=run,
        written=[message for message in written if run and message["run_id"] == run["id"]],
        base=base if covering or not newer else newer[0]["id"],
        added=bool(covering and own),
        newest=runs[0]["id"] if runs else None,
        is_suspect=not runs and bool(own) and latest is not None and same(latest, "user", own[-1]["content"]),
    )


def _create(task: Task, wanted: Wanted, found: Found) -> StartedRun:
    force = task.params["force"]
    marks = wanted.marks(**{MESSAGE: found.base})
    left_out = ("additional_messages",) if found.added and not force else ()
    body = {name: value for name, value in wanted.parameters.items() if name not in left_out}
    # Two playbooks that see the same and want the same make one run; a run made after another failed is another one.
    thread_id = task.params["thread_id"]
    if found.base == "none":
        warn_without_question(task, f"Thread {thread_id}", body.get("additional_messages", []))
    once = str(uuid.uuid4()) if force else fingerprint("run", thread_id, body, ansible_metadata(marks), found.newest)
    return make(task, ("threads", thread_id, "runs"), {**body, "metadata": marks}, once)


def _adopt(task: Task) -> dict[str, t.Any]:
    """Take a run that exists: whoever made it, it is the task's from now on."""
    params = task.params
    path = ("threads", params["thread_id"], "runs", params["run_id"])
    metadata = given(params, ("metadata",)).get("metadata")
    run, updated = update(task, task.wire.get(*path), metadata, key_metadata(params["key"]))
    answered = params["tool_outputs"] is not None and run["status"] == RunStatus.REQUIRES_ACTION
    messages: list[dict[str, t.Any]] | None = None
    if answered:
        body = {"tool_outputs": [{**each, "output": _as_text(each["output"])} for each in params["tool_outputs"]]}
        run, messages, _is_new = start(task, follower_of(task), (*path, "submit_tool_outputs"), body, run=run)
    else:
        run = follow(task, run)
    changed = answered or bool(updated)
    return result_of(task, run, messages, changed=changed, difference=updated or diff({}, {}, run["id"]))


def _as_text(output: t.Any) -> str:
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def _runs_to_cancel(task: Task) -> list[dict[str, t.Any]]:
    thread_id, run_id, key = (task.params[name] for name in ("thread_id", "run_id", "key"))
    if run_id:
        return [task.wire.get("threads", thread_id, "runs", run_id)]
    runs = task.wire.matching("threads", thread_id, "runs", pairs=key_metadata(key))
    # The newest run is the only one that can be active: the thread is locked while one is.
    return list(itertools.islice(runs, 1))
