# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Collects the runs and tool calls of a playbook from the results of its tasks. Results are recognized by their content,
# because an async task returns a run through another module.

from __future__ import annotations

import copy
import functools
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ..module_utils._identity import is_predicted
from ..module_utils._status import RUNNING, RunStatus
from ._budgets import Budget, budgets_of
from ._seen_runs import PREDICTED, Json, SeenRun, ToolCall, ToolTask, Usage

_COLLECTION = "threadworks.openai."
_ASYNC = ("ansible.builtin.async_status", "ansible.legacy.async_status", "async_status")
# The tasks of the role `run`, which are not the tasks of a tool.
_ROLE = Path(__file__).resolve().parents[2] / "roles" / "run" / "tasks"
_ENDS = ("completed_at", "failed_at", "cancelled_at")
# The clock of a served runtime may be behind, in seconds.
_SKEW = 5
_NOT_TOOLS = ("include_tasks", "include_role", "import_tasks", "import_role", "meta")


@dataclass
class Event:
    """A result of a task, or of an item of its loop.

    Attributes:
        host: The inventory name of the host.
        task: The name of the task.
        action: The full name of the module.
        path: The file and line of the task.
        status: ok, changed, failed or unreachable.
        result: The result, as plain data.
        began: The time when it began, or None if unknown.
        where: The host that the task is delegated to, or the host.
        item: The label of the item, or "".
        at: The time when it ended.
        assistant: The name of the assistant in the options of the task, or "".
    """

    host: str
    task: str
    action: str
    path: str
    status: str
    result: Json
    began: float | None
    where: str
    item: str
    at: float
    assistant: str = ""

    @property
    def module(self) -> str:
        """The name of the module of this collection, or ""."""
        return self.action.removeprefix(_COLLECTION) if self.action.startswith(_COLLECTION) else ""

    @property
    def only_reads(self) -> bool:
        """Whether the task only reads runs. The result of an async task does not say which module it comes from."""
        return self.module == "openai_run_info" or isinstance(self.result.get("runs"), list)


class Problem(t.NamedTuple):
    """A task that failed without a run. `code` is the code of the server's error, or ""."""

    host: str
    task: str
    play: str
    message: str
    code: str


class Note(t.Protocol):
    """Writes an event to the audit trail."""

    def __call__(self, event: str, seen: Event, fields: Json, content: Json) -> None:
        """Write an event: its name, the result that it comes from, its fields, and fields with content."""


class Recorder:
    """Collects runs.

    Args:
        note: Writes to the audit trail.
        changed: Is called with a run before (None for a new run) and after a result.
    """

    def __init__(self, note: Note, changed: t.Callable[[SeenRun | None, SeenRun], None]) -> None:
        self.began = time.time()
        self.play = ""
        self.runs: dict[str, SeenRun] = {}
        self.calls: dict[str, ToolCall] = {}
        self.problems: list[Problem] = []
        self.warnings: dict[str, list[str]] = {}
        self.assistants: dict[str, str] = {}
        self.budgets: dict[str, Budget] = {}
        self.hidden = 0
        self._note = note
        self._changed = changed
        self._tools: dict[str, str] = {}

    def needs(self, host: str, action: str) -> bool:
        """Return whether a result has something to record: of this module, on this host."""
        return action.startswith(_COLLECTION) or action in _ASYNC or host in self._tools

    def record(self, event: Event) -> None:
        """Record the result of a task."""
        if event.module:
            self._record_own(event)
        elif event.action in _ASYNC:
            self._record_runs(event)
        elif event.host in self._tools and not is_of_role(event.path):
            self._record_tool_task(event)

    def _record_own(self, event: Event) -> None:
        result = event.result
        if "censored" in result:
            self.hidden += 1
            return
        for warning in result.get("warnings") or []:
            hosts = self.warnings.setdefault(str(warning), [])
            if event.host not in hosts:
                hosts.append(event.host)
        for assistant in [result.get("assistant"), *(result.get("assistants") or [])]:
            if isinstance(assistant, dict) and assistant.get("name"):
                self.assistants[str(assistant.get("id"))] = str(assistant["name"])
        if event.module == "openai_tool_call":
            self._record_decision(event)
        else:
            self._tools.pop(event.host, None)
            self._record_runs(event)

    def _record_runs(self, event: Event) -> None:
        found = _runs_in(event.result)
        reasons = {each.get("run_id"): str(each.get("reason")) for each in event.result.get("failed_runs") or []}
        for each in found:
            self._record_run(event, each, reasons.get(each["run_id"], ""))
        if not found and event.module and event.status in ("failed", "unreachable"):
            error = event.result.get("error")
            code = str(error.get("code") or "") if isinstance(error, dict) else ""
            message = str(event.result.get("msg") or "The task failed without a message.")
            self.problems.append(Problem(event.host, event.task, self.play, message, code))
            self._note("refused" if code else "failed", event, {"code": code or None}, {"message": message})

    def _record_run(self, event: Event, answer: Json, reason: str) -> None:
        run = _object(answer.get("run"))
        id, status = answer["run_id"], str(answer.get("status") or "")
        before = self.runs.get(id)
        label = event.item or _label(answer.get("item"))
        seen = before or SeenRun(id, str(answer.get("thread_id") or ""), event.host, event.task, self.play, label)
        old = before and copy.copy(before)
        if event.host not in seen.hosts:
            seen.hosts.append(event.host)
        # The metadata of an older run may have been changed.
        is_recent = (run.get("created_at") or 0) >= int(self.began) - _SKEW
        asked = bool(event.result.get("changed")) and before is None and is_recent and not event.only_reads
        seen.run = run or seen.run
        if event.assistant and run.get("assistant_id"):
            self.assistants.setdefault(str(run["assistant_id"]), event.assistant)
        seen.answer = {**seen.answer, **{name: value for name, value in answer.items() if name != "run"}}
        details = _object(answer.get("details") or seen.run.get("details"))
        seen.usage = Usage(answer.get("usage") or {}, details)
        self.budgets.update({budget.key: budget for budget in budgets_of(details)})
        seen.status = PREDICTED if is_predicted(id) else status
        seen.reason = _reason(seen, event, reason)
        self._set_times(seen, event, asked)
        self.runs[id] = seen
        self._record_calls(seen, event)
        self._note_run(seen, event, asked, old)
        self._changed(old, seen)

    def _set_times(self, seen: SeenRun, event: Event, asked: bool) -> None:
        """Set when a run began and ended. The API has whole seconds, so the clock of the tasks is used if possible."""
        run, is_running = seen.run, seen.status in RUNNING
        if not seen.began:
            exact = event.began if asked and not is_running else None
            seen.began = exact or float(run.get("started_at") or run.get("created_at") or 0)
        moment = next((run[name] for name in _ENDS if run.get(name)), None)
        # The result of a failed task may be shortened.
        latest = moment or run.get("created_at") or self.began + 1
        is_new = asked or seen.is_active or latest > int(self.began)
        seen.is_ours = seen.status != PREDICTED and (seen.is_ours or is_new)
        if seen.is_active or seen.ended:
            return
        if event.result.get("changed") and seen.is_ours and not event.only_reads:
            seen.ended = event.at
        elif seen.usage.seconds is not None:
            seen.ended = seen.began + seen.usage.seconds
        elif moment:
            seen.ended = max(float(moment), seen.began)

    def _record_calls(self, seen: SeenRun, event: Event) -> None:
        action = _object(_object(seen.answer.get("required_action")).get("submit_tool_outputs"))
        pending = {}
        for call in action.get("tool_calls") or []:
            function = _object(call.get("function"))
            pending[call["id"]] = ToolCall(call["id"], seen.id, str(function.get("name")), function.get("arguments"))
        for id, call in pending.items():
            self.calls.setdefault(id, call)
        for call in self.calls.values() if event.module == "openai_run" else ():
            # The task submitted an output without a decision of openai_tool_call.
            if call.run_id == seen.id and not call.host and call.id not in pending and event.result.get("changed"):
                call.host = event.host

    def _record_decision(self, event: Event) -> None:
        result = event.result
        call = self.calls.get(str(result.get("id")))
        if call is None or "allowed" not in result:
            return
        call.host, call.allowed, call.answer = event.host, bool(result["allowed"]), result.get("answer")
        call.problem = str(result.get("problem") or result.get("msg") or "") if not call.allowed else ""
        if call.allowed:
            self._tools[event.host] = call.id
        else:
            self._tools.pop(event.host, None)
        name = "allowed" if call.allowed else "refused"
        content = {"arguments": call.arguments, "problem": call.problem or None}
        self._note(name, event, {**_names(call), "answer": call.answer}, content)

    def _record_tool_task(self, event: Event) -> None:
        if event.action.rpartition(".")[2] in _NOT_TOOLS:
            return
        call = self.calls[self._tools[event.host]]
        call.tasks.append(ToolTask(event.task, event.action, event.where, event.status, event.began, event.at))
        fields = {**_names(call), "action": event.action, "on": event.where, "status": event.status}
        self._note("ran", event, fields, {"arguments": call.arguments})

    def _note_run(self, seen: SeenRun, event: Event, asked: bool, old: SeenRun | None) -> None:
        if seen.status == PREDICTED:
            return
        fields = {"run_id": seen.id, "thread_id": seen.thread_id, "assistant_id": seen.assistant_id or None}
        if asked:
            self._note("asked", event, {**fields, "model": seen.run.get("model")}, {})
        was = old.status if old else ""
        if seen.status == was or not seen.is_ours:
            return
        if seen.status in (RunStatus.CANCELLED, RunStatus.CANCELLING):
            if was not in (RunStatus.CANCELLED, RunStatus.CANCELLING):
                self._note("cancelled", event, fields, {})
        elif not seen.is_active:
            used = {"status": seen.status, "model": seen.model, "tokens": seen.usage.tokens}
            self._note("ended", event, {**fields, **used}, {"response": seen.answer.get("response")})


def _runs_in(result: Json) -> list[Json]:
    """Return the results of runs in the result of a task."""
    found = result["runs"] if isinstance(result.get("runs"), list) else [result]
    return [
        each for each in found if isinstance(each, dict) and isinstance(each.get("run_id"), str) and each.get("status")
    ]


def _reason(seen: SeenRun, event: Event, reason: str) -> str:
    error, incomplete = _object(seen.run.get("last_error")), _object(seen.run.get("incomplete_details"))
    if error.get("message"):
        return str(error["message"])
    if incomplete.get("reason"):
        return str(incomplete.get("message") or f"{incomplete['reason']} was reached.")
    if reason:
        return reason
    if seen.status == RunStatus.COMPLETED and event.status == "failed" and not event.only_reads:
        # The reply is not the requested JSON.
        return str(event.result.get("msg") or "")
    return seen.reason if seen.status == RunStatus.COMPLETED else ""


def _names(call: ToolCall) -> Json:
    return {"run_id": call.run_id, "tool_call_id": call.id, "tool": call.name}


def _label(item: t.Any) -> str:
    return item[:200] if isinstance(item, str) else ""


def _object(thing: t.Any) -> Json:
    return thing if isinstance(thing, dict) else {}


@functools.cache
def is_of_role(path: str) -> bool:
    """Return whether a file, with a line, belongs to the role `run`."""
    return Path(path.rpartition(":")[0]).resolve().parent == _ROLE
