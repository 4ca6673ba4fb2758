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
import re
import typing as t
import uuid
from dataclasses import dataclass

from ._argspec import MESSAGES, REASONING_EFFORT, RUN_PARAMETERS, RUN_TASK, ArgSpec
from ._diff import diff
from ._errors import TaskError, WireError
from ._identity import KNOWN_AFTER_APPLY, MESSAGE, PARAMETERS, digest, has, keyed, known, of_ansible, renewed
from ._message import same
from ._options import check, given
from ._result import check_status, of_run
from ._task import Task
from ._wait import ACTIVE, Follower

SPEC = RUN_TASK.merge(
    ArgSpec(
        {
            "thread_id": {"type": "str", "required": True},
            "assistant_id": {"type": "str"},
            "run_id": {"type": "str"},
            "tool_outputs": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "tool_call_id": {"type": "str", "required": True},
                    "output": {"type": "raw", "required": True},
                },
            },
            "additional_instructions": {"type": "str"},
            "additional_messages": MESSAGES,
            "state": {"type": "str", "choices": ["present", "cancelled"], "default": "present"},
            **RUN_PARAMETERS,
            **REASONING_EFFORT,
        },
    )
)

PARAMETER_NAMES = (
    "assistant_id",
    "model",
    "instructions",
    "additional_instructions",
    "additional_messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "temperature",
    "top_p",
    "max_prompt_tokens",
    "max_completion_tokens",
    "truncation_strategy",
    "response_format",
    "reasoning_effort",
)
GOING = (*ACTIVE, "requires_action")
_STANDING = ("completed", *GOING)
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


@dataclass(frozen=True)
class Found:
    """What there is on the thread.

    Attributes:
        run: the run of this identity that decides, or None.
        written: the messages that this run has written, oldest first, as far as they have been seen.
        base: the id of the user message that a new run starts from ("none" on an empty thread).
        added: whether the run that failed before has already put its additional messages on the thread.
        newest: the id of the newest run of this identity, whatever became of it.
    """

    run: dict[str, t.Any] | None = None
    written: tuple[dict[str, t.Any], ...] = ()
    base: str = "none"
    added: bool = False
    newest: str | None = None


def ensure(task: Task) -> dict[str, t.Any]:
    """Bring a run to the state that the task asks for, and return the task's result."""
    params = task.params
    check(params, own_pairs=3, most={"tools": 20})
    if params["state"] == "cancelled":
        return cancel(task, _runs_to_cancel(task))
    if params["run_id"]:
        return _adopt(task)
    if params["tool_outputs"] is not None:
        raise TaskError("tool_outputs needs run_id: say which run it answers.")
    if not params["assistant_id"]:
        raise TaskError("assistant_id is missing: say which assistant is to run, or which run is meant with run_id.")
    wanted = Wanted(given(params, PARAMETER_NAMES), params["key"], given(params, ("metadata",)).get("metadata"))
    found = _find(task, wanted)
    return act(task, wanted, found.run, lambda: _create(task, wanted, found), list(found.written))


def _find(task: Task, wanted: Wanted) -> Found:
    thread_id = task.params["thread_id"]
    if thread_id == KNOWN_AFTER_APPLY and task.check_mode:
        return Found()
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
    base = "none"
    for message in messages:
        if message["role"] != "user":
            written.insert(0, message)
            continue
        if message["id"] in bases or not bases:
            base = message["id"]
            break
        newer.append(message)
    own = [message for message in wanted.parameters.get("additional_messages", []) if message["role"] == "user"]
    # What the run itself added to the thread is no news to it.
    covered = len(newer) == len(own) and all(
        same(message, "user", mine["content"]) for message, mine in zip(newer, reversed(own), strict=False)
    )
    covering = newest(run for run in runs if covered and run["metadata"].get(MESSAGE) == base)
    run = by_key or covering
    return Found(
        run=run,
        written=tuple(message for message in written if run and message["run_id"] == run["id"]),
        base=base if covering or not newer else newer[0]["id"],
        added=bool(covering and own),
        newest=runs[0]["id"] if runs else None,
    )


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
    create: t.Callable[[], tuple[dict[str, t.Any], list[dict[str, t.Any]]]],
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
            return _predicted(task, wanted, difference)
        return _tell(task, *create(), changed=True, difference=difference)
    written = written if run["status"] == "completed" else None
    run, difference = _update(task, run, wanted.metadata, {})
    return _tell(
        task, _follow(task, run), written, changed=bool(difference), difference=difference or diff({}, {}, run["id"])
    )


def stands(run: dict[str, t.Any], wanted: Wanted, force: bool) -> bool:
    """Tell whether a run makes another one needless: it has the parameters, and is completed or going."""
    alike = run["metadata"].get(PARAMETERS) == wanted.fingerprint
    return not force and alike and run["status"] in _STANDING


def _create(task: Task, wanted: Wanted, found: Found) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    force = task.params["force"]
    marks = wanted.marks(**{MESSAGE: found.base})
    left_out = ("additional_messages",) if found.added and not force else ()
    body = {name: value for name, value in wanted.parameters.items() if name not in left_out}
    # Two playbooks that see the same and want the same make one run; a run made after another failed is another one.
    thread_id = task.params["thread_id"]
    once = str(uuid.uuid4()) if force else digest("run", thread_id, body, of_ansible(marks), found.newest)
    return make(task, ("threads", thread_id, "runs"), {**body, "metadata": marks}, once)


def make(
    task: Task, path: tuple[str, ...], body: dict[str, t.Any], once: str
) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """Make a run and follow it, as far as the task waits; while somebody else's run is going on the thread, wait first.

    Args:
        task: what is asked for.
        path, body, once: the request.

    Returns: the run, and the messages that it has written as far as they are known.
    """
    follower = _follower_of(task)
    while True:
        try:
            return _start(task, follower, path, body, once)
        except WireError as error:
            blocking = _LOCKED.search(error.wire_message)
            if not blocking:
                raise
        run = task.wire.get(*path, blocking[1])
        if has(run, of_ansible(body["metadata"])) and not task.params["force"]:
            # Somebody wanted the same at the same moment, on a server that does not know idempotency keys.
            return _follow(task, run, follower), []
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
    except TaskError as error:
        raise TaskError(
            f"{blocked}, and it was not over after {follower.timeout:g} seconds (option wait_timeout). Wait longer, or "
            "cancel it with state: cancelled.",
            blocking_run=error.data.get("run", run),
        ) from None


def _follower_of(task: Task) -> Follower:
    """Return what follows the task's run."""
    show = task.show if task.params["progress"] else None
    return Follower(task.wire, task.params["wait_timeout"], task.warn, show)


def _start(
    task: Task,
    follower: Follower,
    path: tuple[str, ...],
    body: dict[str, t.Any],
    once: str | None = None,
    run: dict[str, t.Any] | None = None,
) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    """Send a request that makes a run or goes on with one; where the task waits, follow it to its end in the same
    request.

    Returns: the run, and the messages that it has written as far as they are known.
    """
    if task.wire.unconfigured:
        raise TaskError(task.wire.unconfigured)
    if not task.params["wait"]:
        return task.wire.post(*path, body=body, once=once), []
    return follower.stream(task.wire.stream(*path, body=body, once=once, quiet=follower.left), run)


def _follow(task: Task, run: dict[str, t.Any], follower: Follower | None = None) -> dict[str, t.Any]:
    if task.check_mode or not task.params["wait"]:
        return run
    return (follower or _follower_of(task)).poll(run)


def _update(
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


def _adopt(task: Task) -> dict[str, t.Any]:
    """Take a run that exists: whoever made it, it is the task's from now on."""
    params = task.params
    path = ("threads", params["thread_id"], "runs", params["run_id"])
    metadata = given(params, ("metadata",)).get("metadata")
    if task.check_mode and KNOWN_AFTER_APPLY in path:
        wanted = Wanted({}, params["key"], metadata)
        difference = diff({}, known(renewed({}, metadata, keyed(params["key"]))), params["run_id"])
        changed = bool(metadata or params["key"] or params["tool_outputs"])
        return {**_predicted(task, wanted, difference), "changed": changed}
    run, difference = _update(task, task.wire.get(*path), metadata, keyed(params["key"]))
    answered = params["tool_outputs"] is not None and run["status"] == "requires_action"
    messages: list[dict[str, t.Any]] = []
    if answered and not task.check_mode:
        body = {"tool_outputs": [{**each, "output": _as_text(each["output"])} for each in params["tool_outputs"]]}
        run, messages = _start(task, _follower_of(task), (*path, "submit_tool_outputs"), body, run=run)
    else:
        run = _follow(task, run)
    changed = answered or bool(difference)
    return _tell(task, run, messages, changed=changed, difference=difference or diff({}, {}, run["id"]))


def _as_text(output: t.Any) -> str:
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def _runs_to_cancel(task: Task) -> list[dict[str, t.Any]]:
    thread_id, run_id, key = (task.params[name] for name in ("thread_id", "run_id", "key"))
    if task.check_mode and KNOWN_AFTER_APPLY in (thread_id, run_id):
        return []
    if run_id:
        return [task.wire.get("threads", thread_id, "runs", run_id)]
    runs = task.wire.matching("threads", thread_id, "runs", pairs=keyed(key))
    # The newest run is the only one that can be active: the thread is locked while one is.
    return list(itertools.islice(runs, 1))


def cancel(task: Task, runs: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    """Cancel the runs that are going, and return the task's result: the newest of the runs that were looked at."""
    cancelled = [run for run in runs if run["status"] in GOING]
    after = {run["id"]: run for run in runs}
    for run in [] if task.check_mode else cancelled:
        after[run["id"]] = _cancelled(task, run)
    difference = diff(
        {run["id"]: {"status": run["status"]} for run in cancelled},
        {run["id"]: {"status": "cancelled"} for run in cancelled},
        "run",
    )
    result = of_run(task.wire, next(iter(after.values()))) if after else {"run": None, "run_id": None, "status": None}
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
    return _follower_of(task).poll(run) if task.params["wait"] else run


def _shown(run: dict[str, t.Any], wanted: Wanted) -> dict[str, t.Any]:
    """Return what a run is known to have of the parameters that a task gives."""
    shown = {name: run[name] for name in wanted.parameters if name in run}
    return {**shown, "status": run["status"], **known(run["metadata"])}


def _predicted(task: Task, wanted: Wanted, difference: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the result of a task that would make a run: every key is there, what nobody can know yet is empty."""
    thread_id = task.params["thread_id"] or KNOWN_AFTER_APPLY
    run = {
        "id": KNOWN_AFTER_APPLY,
        "thread_id": thread_id,
        "status": "queued",
        **wanted.parameters,
        "metadata": wanted.metadata or {},
    }
    empty = {"response": "", "output": None, "messages": [], "usage": None, "required_action": None}
    steps = {"steps": []} if task.params["steps"] else {}
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


def _tell(
    task: Task,
    run: dict[str, t.Any],
    messages: list[dict[str, t.Any]] | None,
    changed: bool,
    difference: dict[str, t.Any],
) -> dict[str, t.Any]:
    result = {**of_run(task.wire, run, messages, task.params["steps"]), "changed": changed, "diff": difference}
    check_status(result, task.params["fail_on"])
    return result
