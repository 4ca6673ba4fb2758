# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Read many runs, or wait for all of them. This module only reads.

from __future__ import annotations

import collections
import contextlib
import functools
import itertools
import typing as t

from . import _read_runs, _read_threads
from ._errors import NotFound, RunNotEnded, TaskError
from ._named_runs import NamedRun, named_runs
from ._names import resolve
from ._options import Spec
from ._result import UnreadableReply, run_result, status_reason
from ._status import RUNNING, RunStatus
from ._table_runs import FAILED
from ._task import Task
from ._wait import Follower

if t.TYPE_CHECKING:
    from ._client import Wire
    from ._types import Json, Message, Run

_FILTERS = ("status", "assistant_id", "metadata", "created_after", "created_before", "limit")

SPEC = Spec(
    "openai_run_info",
    required_one_of=[("runs", "thread_id", *_FILTERS)],
    mutually_exclusive=[("runs", name) for name in _FILTERS],
)

_Path = tuple[str, str]

# The number of further runs that are checked for a line of progress.
_LOOKED_AT = 20
_LISTED = 10
# The keys of each run that are omitted from the result of a failed task.
_LONG = ("run", "messages", "steps")


def ensure(task: Task) -> Json:
    """Read the runs of the task, wait for them if requested, and return the task's result.

    Raises:
        TaskError: A run ended with a status of `fail_on`, or the timeout has expired. The data contains all results.
    """
    SPEC.check(task.params)
    runs = _named(task)
    if task.params["wait"]:
        runs.wait()
    result = _task_result(task, runs.results())
    if task.params["wait"] and RunStatus.REQUIRES_ACTION in result["statuses"]:
        from ._tool_calls import warn_unanswered

        waiting = {run["run_id"]: run["run"] for run in result["runs"] if run["required_action"]}
        warn_unanswered(task, list(waiting.values()))
    return result


def _named(task: Task) -> _Runs:
    """Return the runs of the task."""
    if task.params["runs"] is not None:
        paths = _Paths(task)
        return _Runs(task, named_runs(task.params["runs"], task.params["thread_id"], paths.path, task.warn), paths.seen)
    resolve(task.wire, task.params)
    *filters, limit = (task.params[name] for name in _FILTERS)
    found, messages = _matching(task.wire, task.params["thread_id"], _read_runs.RunFilter(*filters), limit)
    seen = {(run["thread_id"], run["id"]): run for run in found}
    # An active run will write more messages.
    known = {path: messages[run["id"]] for path, run in seen.items() if run["id"] in messages and not _is_running(run)}
    return _Runs(task, [NamedRun(path, "thread_id") for path in seen], seen, known)


def _matching(
    wire: Wire, thread_id: str | None, wanted: _read_runs.RunFilter, limit: int | None
) -> tuple[list[Run], dict[str, list[Message]]]:
    """Return the runs of a thread or of all threads, newest first, and the messages of those that have them."""
    if thread_id is not None and not any(wanted) and limit is None:
        return _read_runs.runs_with_messages(wire, thread_id)
    if thread_id is not None:
        return t.cast("list[Run]", list(itertools.islice(_read_runs.runs(wire, thread_id, wanted), limit))), {}
    found = list(_read_runs.all_runs(wire, wanted, limit, messages=True))
    messages = {each["id"]: each.pop("messages") for each in found if "messages" in each}
    return t.cast("list[Run]", found), messages


class _Paths:
    """Finds the paths of runs. Each key of a thread, and each run without a thread, is looked up once.

    Attributes:
        seen: The runs that have been read to find their threads.
    """

    def __init__(self, task: Task) -> None:
        self.seen: dict[_Path, Run] = {}
        self._task = task
        self._thread_id = functools.cache(functools.partial(_read_threads.thread_id, task.wire))
        self._found: dict[str, _Path] = {}

    def path(self, thread: str | None, run_id: str, where: str) -> _Path:
        """Return the path of a run.

        Args:
            thread: The id or the key of its thread, or None if it is unknown.
            run_id: The run.
            where: The location in the option, for messages.
        """
        if thread is not None:
            return self._thread_id(thread), run_id
        if run_id not in self._found:
            with _naming(self._task, where):
                run = _read_runs.run(self._task.wire, None, run_id)
            self._found[run_id] = path = (run["thread_id"], run_id)
            self.seen[path] = run
        return self._found[run_id]


@contextlib.contextmanager
def _naming(task: Task, where: str) -> t.Iterator[None]:
    """Add the location in the option to the error for an unknown run."""
    try:
        yield
    except NotFound as error:
        option = "runtime_url" if (task.params["runtime_url"] or "").startswith("http") else "runtime_store"
        raise TaskError(
            f"{where}: {error.message} Check the id, and check that {option} is set to the store of the run.",
            **error.data,
        ) from None


def _is_running(run: Run) -> bool:
    return run["status"] in RUNNING


class _Runs:
    """The runs of a task in their last known state.

    Args:
        task: The task.
        asked: Its runs, in the order of its result.
        seen: The runs that have already been read.
        messages: The messages of runs that have ended, if they have been read.
    """

    def __init__(
        self,
        task: Task,
        asked: list[NamedRun],
        seen: dict[_Path, Run] | None = None,
        messages: dict[_Path, list[Message]] | None = None,
    ) -> None:
        self._task = task
        self._asked = asked
        self._seen = seen or {}
        self._messages = messages or {}
        # A run that is listed twice is read once.
        self._where = {each.path: each.where for each in reversed(asked)}
        self._paths = list(dict.fromkeys(each.path for each in asked))
        self._unsure = collections.deque(self._paths)

    def wait(self) -> None:
        """Wait until all runs have ended or require an action, or until the timeout.

        Only the first unfinished run is polled. When it has ended, most of the runs after it have also ended. So N runs
        cost about N requests, regardless of their duration.
        """
        params = self._task.params
        show = self._show if self._task.show and params["progress"] else None
        follower = Follower(self._task.wire, params["wait_timeout"], self._task.warn, show)
        for path in self._paths:
            thread_id, run_id = path
            unseen = t.cast("Run", {"id": run_id, "thread_id": thread_id, "status": RunStatus.QUEUED.value})
            try:
                with _naming(self._task, self._where[path]):
                    self._seen[path] = follower.poll(self._seen.get(path, unseen))
            except RunNotEnded:
                # Read the other runs again, because they may have ended.
                self._seen = {each: run for each, run in self._seen.items() if not _is_running(run)}
                return

    def results(self) -> list[tuple[Json, str | None]]:
        """Return the result of each run in the requested order, with the problem of its reply."""
        found = {path: self._result(path) for path in self._paths}
        return [({**found[each.path][0], **each.shown}, found[each.path][1]) for each in self._asked]

    def _result(self, path: _Path) -> tuple[Json, str | None]:
        run = self._run(path)
        # Do not request the partial messages of an active run.
        messages = [] if _is_running(run) else self._messages.get(path)
        try:
            params = self._task.params
            return run_result(self._task.wire, run, messages, steps=params["steps"], details=params["details"]), None
        except UnreadableReply as error:
            return error.data, error.message

    def _run(self, path: _Path) -> Run:
        if path not in self._seen:
            with _naming(self._task, self._where[path]):
                self._seen[path] = _read_runs.run(self._task.wire, *path)
        return self._seen[path]

    def _show(self, _line: str) -> None:
        """Display the number of runs that have ended.

        This includes runs after the one that the task waits for. Only some of them are checked each time.
        """
        for _each in range(min(len(self._unsure), _LOOKED_AT)):
            path = self._unsure.popleft()
            if path in self._seen and not _is_running(self._seen[path]):
                continue
            self._seen.pop(path, None)
            if _is_running(self._run(path)):
                self._unsure.append(path)
        ended = sum(not _is_running(run) for run in self._seen.values())
        if self._task.show:
            self._task.show(f"{ended} of {len(self._paths)} runs ended")


def _task_result(task: Task, results: list[tuple[Json, str | None]]) -> Json:
    """Return the task's result.

    Raises:
        TaskError: The task fails.
    """
    fail_on = task.params["fail_on"]
    if fail_on is None:
        fail_on = FAILED if task.params["wait"] else []
    runs = [result for result, _problem in results]
    fatal, failed = (
        {run["run_id"]: _failure(run, problem) for run, problem in results if _ended_as(run, problem) in statuses}
        for statuses in (fail_on, [*FAILED, *fail_on])
    )
    result = {
        "changed": False,
        "runs": runs,
        "statuses": dict(collections.Counter(run["status"] for run in runs)),
        "failed_runs": list(failed.values()),
    }
    messages = [_unfinished(task, runs)] if task.params["wait"] else []
    if fatal:
        reasons = [f"{each['run_id']} on {each['thread_id']} {each['reason']}" for each in fatal.values()]
        messages.append(f"{len(fatal)} of {len(runs)} runs failed. {_listed(reasons, ' ')}")
    message = " ".join(filter(None, messages))
    if message:
        # Ansible shows the whole result of a task that fails.
        brief = [{name: value for name, value in run.items() if name not in _LONG} for run in runs]
        raise TaskError(message, **{**result, "runs": brief})
    return result


def _unfinished(task: Task, runs: list[Json]) -> str:
    """Return a message about the runs that have not ended in time, or ""."""
    active = {run["run_id"]: run["status"] for run in runs if run["status"] in RUNNING}
    if not active:
        return ""
    states = _listed([f"{run_id} ({status})" for run_id, status in active.items()], ", ")
    return (
        f"{len(active)} of {len(runs)} runs have not ended after {task.params['wait_timeout']:g} seconds (option "
        f"wait_timeout): {states}. They continue. Run the task again to wait for them."
    )


def _ended_as(run: Json, problem: str | None) -> str:
    """Return the effective status: a run with an unusable reply has failed."""
    return RunStatus.FAILED.value if problem else run["status"]


def _failure(run: Json, problem: str | None) -> Json:
    reason = status_reason(run)
    reported = problem or f"ended as {run['status']}{': ' if reason else ''}{reason.rstrip('.')}."
    names = ("run_id", "thread_id", "status", "item")
    return {**{name: run[name] for name in names if name in run}, "reason": reported}


def _listed(texts: list[str], between: str) -> str:
    """Join texts, or the first of them if there are many."""
    more = [f"and {len(texts) - _LISTED} more"] if len(texts) > _LISTED else []
    return between.join([*texts[:_LISTED], *more])
