# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# What both run modules do with the run that they have found, or not found: decide, make it, follow it, update it,
# cancel it, and return the task's result (Assistants wire, sections 6 and 7).

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ._diff import diff
from ._errors import StillActive, TaskError, WireError
from ._identity import KNOWN_AFTER_APPLY, PARAMETERS, digest, has, keyed, known, of_ansible, renewed
from ._result import check_status, of_run
from ._task import Task
from ._wait import ACTIVE, Follower

GOING = (*ACTIVE, "requires_action")
_STANDING = ("completed", *GOING)
# A run, and the messages that it has written, oldest first; None where they have to be asked for.
Made: t.TypeAlias = "tuple[dict[str, t.Any], list[dict[str, t.Any]] | None]"
_LOCKED = re.compile(r"already has an active run (\w+)")


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
    def fingerprint(self) -> str:
        """The parameters in one word."""
        return digest(self.parameters)

    @property
    def identity(self) -> dict[str, str]:
        """The metadata pairs by which the run is found again."""
        return keyed(self.key) or {PARAMETERS: self.fingerprint}

    def marks(self, **more: str) -> dict[str, str]:
        """Return the metadata of a new run: the user's pairs and the collection's."""
        return {**(self.metadata or {}), **self.identity, PARAMETERS: self.fingerprint, **more}


def newest(runs: t.Iterable[dict[str, t.Any]]) -> dict[str, t.Any] | None:
    """Return the run that decides, of runs that are newest first: a completed or a going one before one that has come
    to nothing.
    """
    seen = list(runs)
    return next((run for run in seen if run["status"] in _STANDING), seen[0] if seen else None)


def act(
    task: Task,
    wanted: Wanted,
    run: dict[str, t.Any] | None,
    create: t.Callable[[], Made],
    written: list[dict[str, t.Any]] | None = None,
) -> dict[str, t.Any]:
    """Decide what the run that was found means for the task, act, and return the task's result.

    Args:
        task, wanted: what is asked for.
        run: the run of this identity, or None.
        create: makes the run and follows it, as far as the task waits; returns it with the messages it has written.
        written: the messages that the run has written, where they have been seen.
    """
    if run is None or not stands(run, wanted, task.params["force"]):
        before = _shown(run, wanted) if run else None
        difference = diff(before, {**wanted.parameters, **known(wanted.marks())}, "run")
        if task.check_mode:
            if task.params["assistant_id"] != KNOWN_AFTER_APPLY:
                # The server looks it up too, when the run is made: a run that cannot be made is not foretold.
                task.wire.get("assistants", task.params["assistant_id"])
            return predicted(task, wanted, difference)
        return result_of(task, *create(), changed=True, difference=difference)
    run, updated = update(task, run, wanted.metadata, {})
    followed = follow(task, run)
    # A run that was followed has written more since.
    seen = written if followed is run else None
    return result_of(task, followed, seen, changed=bool(updated), difference=updated or diff({}, {}, run["id"]))


def stands(run: dict[str, t.Any], wanted: Wanted, force: bool) -> bool:
    """Tell whether a run makes another one needless: it has the parameters, and is completed or going."""
    alike = run["metadata"].get(PARAMETERS) == wanted.fingerprint
    return not force and alike and run["status"] in _STANDING


def make(task: Task, path: tuple[str, ...], body: dict[str, t.Any], once: str) -> Made:
    """Make a run and follow it, as far as the task waits; while somebody else's run is going on the thread, wait first.

    Args:
        task: what is asked for.
        path, body, once: the request.

    Returns: the run, and the messages that it has written as far as they are known.
    """
    follower = follower_of(task)
    while True:
        try:
            return start(task, follower, path, body, once)
        except WireError as error:
            blocking = _LOCKED.search(error.wire_message)
            if not blocking:
                raise
        run = task.wire.get(*path, blocking[1])
        if has(run, of_ansible(body["metadata"])) and not task.params["force"]:
            # Somebody wanted the same at the same moment, on a server that does not know idempotency keys.
            return follow(task, run, follower), None
        _wait_for(task, run, follower)


def _wait_for(task: Task, run: dict[str, t.Any], follower: Follower) -> None:
    """Wait until somebody else's run lets go of the thread."""
    blocked = f"Thread {run['thread_id']} has another active run, {run['id']} ({run['status']})"
    if run["status"] == "requires_action":
        raise TaskError(
            f"{blocked}, which waits for the answers to its tool calls: answer them with run_id and tool_outputs, or "
            "cancel it with state: cancelled.",
            blocking_run=run,
        )
    try:
        follower.poll(run)
    except StillActive as error:
        raise TaskError(
            f"{blocked}, and it was not over after {follower.timeout:g} seconds (option wait_timeout). Wait longer, or "
            "cancel it with state: cancelled.",
            blocking_run=error.data.get("run", run),
        ) from None


def follower_of(task: Task) -> Follower:
    """Return what follows the task's run."""
    show = task.show if task.params["progress"] else None
    return Follower(task.wire, task.params["wait_timeout"], task.warn, show)


def start(
    task: Task,
    follower: Follower,
    path: tuple[str, ...],
    body: dict[str, t.Any],
    once: str | None = None,
    run: dict[str, t.Any] | None = None,
) -> Made:
    """Send a request that makes a run or goes on with one; where the task waits, follow it to its end in the same
    request.

    Returns: the run, and the messages that it has written as far as they are known.
    """
    if task.wire.unconfigured:
        raise TaskError(task.wire.unconfigured)
    if not task.params["wait"]:
        return task.wire.post(*path, body=body, once=once), None
    return follower.stream(path, body, once, run)


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
        wanted: the user's pairs as they shall be; None where the task says nothing of them.
        own: the collection's pairs that the run shall have.

    Returns: the run as it is now, and the difference; None where there was none.
    """
    metadata = renewed(run["metadata"], wanted, own)
    if metadata == (run["metadata"] or {}):
        return run, None
    difference = diff(known(run["metadata"]), known(metadata), run["id"])
    if task.check_mode:
        return {**run, "metadata": metadata}, difference
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
    cancelled = [run for run in runs if run["status"] in GOING]
    after = {run["id"]: run for run in runs}
    for run in [] if task.check_mode else cancelled:
        after[run["id"]] = _cancelled(task, run)
    difference = diff(
        {run["id"]: {"status": run["status"]} for run in cancelled},
        {run["id"]: {"status": "cancelled"} for run in cancelled},
        "run",
    )
    result: dict[str, t.Any] = {"run": None, "run_id": None, "status": None}
    if after:
        run = next(iter(after.values()))
        is_as_it_was = run["id"] not in {each["id"] for each in cancelled}
        result = of_run(task.wire, run, (written or {}).get(run["id"]) if is_as_it_was else None)
    return {"thread_id": task.params["thread_id"], **result, "changed": bool(cancelled), "diff": difference}


def _cancelled(task: Task, run: dict[str, t.Any]) -> dict[str, t.Any]:
    path = ("threads", run["thread_id"], "runs", run["id"])
    try:
        task.wire.post(*path, "cancel", body={})
    except WireError as error:
        if "Cannot cancel run" not in error.wire_message:
            raise
        # It ended by itself in this moment, or somebody else is cancelling it.
    run = task.wire.get(*path)
    return follower_of(task).poll(run) if task.params["wait"] else run


def _shown(run: dict[str, t.Any], wanted: Wanted) -> dict[str, t.Any]:
    """Return what a run is known to have of the parameters that a task gives."""
    shown = {name: run[name] for name in wanted.parameters if name in run}
    return {**shown, "status": run["status"], **known(run["metadata"])}


def predicted(task: Task, wanted: Wanted, difference: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the result of a task that would make a run: every key is there, what is not known yet is empty."""
    thread_id = task.params["thread_id"] or KNOWN_AFTER_APPLY
    run = {
        "id": KNOWN_AFTER_APPLY,
        "thread_id": thread_id,
        "status": "queued",
        **wanted.parameters,
        "metadata": wanted.metadata or {},
    }
    empty: dict[str, t.Any] = {"response": "", "output": None, "messages": [], "usage": None, "required_action": None}
    steps: dict[str, t.Any] = {"steps": []} if task.params["steps"] else {}
    return {
        "changed": True,
        "run": run,
        "run_id": run["id"],
        "thread_id": thread_id,
        "status": "queued",
        **empty,
        **steps,
        "diff": difference,
    }


def result_of(
    task: Task,
    run: dict[str, t.Any],
    messages: list[dict[str, t.Any]] | None,
    changed: bool,
    difference: dict[str, t.Any],
) -> dict[str, t.Any]:
    """Return the task's result for a run. Raises: TaskError where the run has a status of `fail_on`."""
    result = {**of_run(task.wire, run, messages, task.params["steps"]), "changed": changed, "diff": difference}
    check_status(result, task.params["fail_on"])
    return result
