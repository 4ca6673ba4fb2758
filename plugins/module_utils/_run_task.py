# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# What both run modules do with the run that they have found, or not found: decide, make it, follow it, update it,
# cancel it, and return the task's result (Assistants wire, sections 6 and 7).

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ._diff import diff
from ._errors import RunNotCancellable, RunNotEnded, TaskError, ThreadLocked
from ._identity import (
    MESSAGE,
    PARAMETERS,
    ansible_metadata,
    desired_metadata,
    fingerprint,
    has_metadata,
    key_metadata,
    shown_metadata,
)
from ._options import NOT_IDENTITY
from ._result import fail_on_status, run_result
from ._status import ACTIVE, RunStatus
from ._task import Task
from ._wait import Follower, StartedRun

# A run with one of these statuses makes another run unnecessary.
_SUFFICIENT = (RunStatus.COMPLETED, *ACTIVE)


@dataclass(frozen=True)
class Wanted:
    """What a task asks for: a run's parameters as the wire takes them, and what makes it the same run.

    Attributes:
        parameters: the body of the request, without metadata.
        key: the explicit identity, or None.
        metadata: the user's metadata; None where the task says nothing of it.
    """

    parameters: dict[str, t.Any]
    key: str | None
    metadata: dict[str, str] | None

    @property
    def decisive(self) -> dict[str, t.Any]:
        """The parameters that make another run where they are other ones."""
        return {name: value for name, value in self.parameters.items() if name not in NOT_IDENTITY}

    @property
    def fingerprint(self) -> str:
        """The decisive parameters in one word."""
        return fingerprint(self.decisive)

    @property
    def identity(self) -> dict[str, str]:
        """The metadata pairs by which the run is found again."""
        return key_metadata(self.key) or {PARAMETERS: self.fingerprint}

    def marks(self, **more: str) -> dict[str, str]:
        """Return the metadata of a new run: the user's pairs and the collection's."""
        return {**(self.metadata or {}), **self.identity, PARAMETERS: self.fingerprint, **more}


def newest(runs: t.Iterable[dict[str, t.Any]]) -> dict[str, t.Any] | None:
    """Return the run that decides, of runs that are newest first: a completed or a going one before one that has come
    to nothing.
    """
    seen = list(runs)
    return next((run for run in seen if run["status"] in _SUFFICIENT), seen[0] if seen else None)


def act(
    task: Task,
    wanted: Wanted,
    run: dict[str, t.Any] | None,
    create: t.Callable[[], StartedRun],
    written: list[dict[str, t.Any]] | None = None,
) -> dict[str, t.Any]:
    """Decide what the run that was found means for the task, act, and return the task's result.

    Args:
        task, wanted: what is asked for.
        run: the run of this identity, or None.
        create: makes the run and follows it, as far as the task waits.
        written: the messages that the run has written, where they have been seen.
    """
    if run is None or not stands(run, wanted, task.params["force"]):
        before = _shown(run, wanted) if run else None
        difference = diff(before, {**wanted.parameters, **shown_metadata(wanted.marks())}, "run")
        made = create()
        if not made.is_new:
            difference = diff({}, {}, made.run["id"])
        return result_of(task, made.run, made.messages, changed=made.is_new, difference=difference)
    run, updated = update(task, run, wanted.metadata, {})
    followed = follow(task, run)
    # A run that was followed has written more since.
    seen = written if followed is run else None
    return result_of(task, followed, seen, changed=bool(updated), difference=updated or diff({}, {}, run["id"]))


def stands(run: dict[str, t.Any], wanted: Wanted, force: bool) -> bool:
    """Tell whether a run makes another one needless: it has the parameters, and is completed or going."""
    alike = run["metadata"].get(PARAMETERS) == wanted.fingerprint
    return not force and alike and run["status"] in _SUFFICIENT


def make(task: Task, path: tuple[str, ...], body: dict[str, t.Any], once: str) -> StartedRun:
    """Make a run and follow it, as far as the task waits; while somebody else's run is going on the thread, wait first.

    Args:
        task: what is asked for.
        path, body, once: the request.
    """
    follower = follower_of(task)
    while True:
        try:
            return start(task, follower, path, body, once)
        except ThreadLocked as error:
            run = task.wire.get("threads", path[1], "runs", error.run_id)
        marks = {name: value for name, value in ansible_metadata(body["metadata"]).items() if name != MESSAGE}
        if has_metadata(run, marks) and not task.params["force"]:
            # Somebody wanted the same at the same moment: the run has all messages of the thread, and perhaps its own.
            return StartedRun(follow(task, run, follower), None, False)
        wait_for(run, follower)


def wait_for(run: dict[str, t.Any], follower: Follower, which: str = "another") -> None:
    """Wait until somebody else's run is no longer active on the thread."""
    blocked = f"Thread {run['thread_id']} has {which} active run, {run['id']} ({run['status']})"
    if run["status"] == RunStatus.REQUIRES_ACTION:
        raise TaskError(
            f"{blocked}, which waits for the answers to its tool calls: answer them with openai_run (run_id and "
            "tool_outputs), or cancel it with openai_run and state: cancelled.",
            blocking_run=run,
        )
    try:
        follower.poll(run)
    except RunNotEnded as error:
        raise TaskError(
            f"{blocked}, and it was not over after {follower.timeout:g} seconds (option wait_timeout). Wait longer, or "
            "cancel it with openai_run and state: cancelled.",
            blocking_run=error.data.get("run", run),
        ) from None


def follower_of(task: Task) -> Follower:
    """Return what follows the task's run."""
    show = task.show if task.params.get("progress", True) else None
    return Follower(task.wire, task.params["wait_timeout"], task.warn, show)


def warn_without_question(task: Task, which: str, messages: list[dict[str, t.Any]]) -> None:
    """Warn where nothing is asked: most often the message was forgotten.

    Args:
        task: the task, which makes a run.
        which: the thread, which has no user message.
        messages: the messages that are added to it.
    """
    if all(message["role"] != "user" for message in messages):
        task.warn(
            f"{which} has no message of role user. The model gets only the instructions of the assistant or the run."
        )


def start(
    task: Task,
    follower: Follower,
    path: tuple[str, ...],
    body: dict[str, t.Any],
    once: str | None = None,
    run: dict[str, t.Any] | None = None,
) -> StartedRun:
    """Send a request that makes a run or goes on with one; where the task waits, follow it to its end in the same
    request.
    """
    if task.wire.unconfigured:
        raise TaskError(task.wire.unconfigured)
    if task.params["wait"] and not task.check_mode:
        return follower.stream(path, body, once, run)
    if run:
        made, is_new = task.wire.post(*path, body=body), False
    else:
        made, is_new = task.wire.create(*path, body=body, once=once)
    # Check mode has no stream; a run that it has predicted has ended when it is next read.
    return StartedRun(follower.poll(made) if task.params["wait"] else made, None, is_new)


def follow(task: Task, run: dict[str, t.Any], follower: Follower | None = None) -> dict[str, t.Any]:
    """Follow a run that exists to its end, if the task waits."""
    if task.check_mode or not task.params["wait"]:
        return run
    return (follower or follower_of(task)).poll(run)


def update(
    task: Task, run: dict[str, t.Any], wanted: dict[str, str] | None, own: dict[str, str]
) -> tuple[dict[str, t.Any], dict[str, t.Any] | None]:
    """Update a run's metadata in place where the task gives other pairs: all that can be changed of a run.

    Args:
        task, run: what is asked for, and the run as it is.
        wanted: the user's desired pairs; None where the task does not give them.
        own: the collection's pairs that the run must have.

    Returns: the run as it is now, and the difference; None where there was none.
    """
    metadata = desired_metadata(run["metadata"], wanted, own)
    if metadata == (run["metadata"] or {}):
        return run, None
    difference = diff(shown_metadata(run["metadata"]), shown_metadata(metadata), run["id"])
    return task.wire.post("threads", run["thread_id"], "runs", run["id"], body={"metadata": metadata}), difference


def cancel(
    task: Task, runs: list[dict[str, t.Any]], written: dict[str, list[dict[str, t.Any]]] | None = None
) -> dict[str, t.Any]:
    """Cancel the active runs, and return the task's result, which is about the newest of the runs.

    Args:
        task: what is asked for.
        runs: the runs, newest first.
        written: the messages of each run, by its id, as far as they are known.
    """
    active = [run for run in runs if run["status"] in ACTIVE]
    cancelled = [run for run in active if _cancel(task, run)]
    after = {run["id"]: run for run in runs} | {run["id"]: _ended(task, run) for run in active}
    difference = diff(
        {run["id"]: {"status": run["status"]} for run in cancelled},
        {run["id"]: {"status": RunStatus.CANCELLED.value} for run in cancelled},
        "run",
    )
    result: dict[str, t.Any] = {"run": None, "run_id": None, "status": None}
    if after:
        run = next(iter(after.values()))
        is_as_it_was = run["id"] not in {each["id"] for each in active}
        result = run_result(task.wire, run, (written or {}).get(run["id"]) if is_as_it_was else None)
    return {"thread_id": task.params["thread_id"], **result, "changed": bool(cancelled), "diff": difference}


def _cancel(task: Task, run: dict[str, t.Any]) -> bool:
    """Cancel a run; False where it has ended by itself in this moment, or somebody else has cancelled it."""
    try:
        task.wire.post("threads", run["thread_id"], "runs", run["id"], "cancel", body={})
    except RunNotCancellable:
        return False
    return True


def _ended(task: Task, run: dict[str, t.Any]) -> dict[str, t.Any]:
    run = task.wire.get("threads", run["thread_id"], "runs", run["id"])
    return follower_of(task).poll(run) if task.params["wait"] else run


def _shown(run: dict[str, t.Any], wanted: Wanted) -> dict[str, t.Any]:
    """Return what a run is known to have of the parameters that a task gives."""
    shown = {name: run[name] for name in wanted.parameters if name in run}
    return {**shown, "status": run["status"], **shown_metadata(run["metadata"])}


def result_of(
    task: Task,
    run: dict[str, t.Any],
    messages: list[dict[str, t.Any]] | None,
    changed: bool,
    difference: dict[str, t.Any],
) -> dict[str, t.Any]:
    """Return the task's result for a run. Raises: TaskError where the run has a status of `fail_on`."""
    result = {**run_result(task.wire, run, messages, task.params["steps"]), "changed": changed, "diff": difference}
    fail_on_status(result, task.params["fail_on"])
    return result
