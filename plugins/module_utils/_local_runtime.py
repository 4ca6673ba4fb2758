# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The local runtime as a resource. `Task.local` does the work. It only exists on the control node.

from __future__ import annotations

import typing as t

from ._diff import diff
from ._errors import TaskError
from ._options import Spec
from ._task import Task

SPEC = Spec("openai_local_runtime")
_NOT_HERE = (
    "The local runtime is a process on the control node. Run this task on the control node (delegate_to: "
    "localhost), without async."
)


class Control(t.Protocol):
    """The operations of `Task.local` that these modules need."""

    def path(self) -> str:
        """Return the path of the socket, whether or not it exists."""

    def check(self) -> None:
        """Check whether a runtime can be started.

        Raises:
            TaskError: The runtime cannot be started. The message says what to do.
        """

    def start(self) -> None:
        """Start a runtime unless one is running."""

    def replace(self, pid: int | None) -> None:
        """Replace a hanging runtime."""

    def stop(self, path: str, force: bool, within: float) -> None:
        """Stop a runtime, and wait for its end.

        Raises:
            TaskError: The runtime does not end in time, or hangs.
        """

    def describe(self, path: str | None = None) -> dict[str, t.Any] | None:
        """Return the description of a runtime, or None if it is not running."""

    def sockets(self) -> list[str]:
        """Return the sockets of all runtimes of this user."""


def ensure(task: Task) -> dict[str, t.Any]:
    """Start or stop the local runtime, and return the task's result.

    Raises:
        TaskError: The runtime cannot be started or stopped, or the task does not run on the control node.
    """
    SPEC.check(task.params)
    local = control(task)
    if task.params["state"] == "stopped":
        return _stopped(task, local)
    if task.params["all"]:
        raise TaskError("all: true requires state: stopped. A local runtime is always started for one store.")
    return _started(task, local)


def control(task: Task) -> Control:
    """Return the object that controls local runtimes.

    Raises:
        TaskError: The task does not run on the control node.
    """
    if task.local is None:
        raise TaskError(_NOT_HERE)
    return t.cast(Control, task.local)


def found(local: Control, all_of_them: bool) -> list[dict[str, t.Any]]:
    """Return the descriptions of the running local runtimes: the one for this task, or all."""
    paths = local.sockets() if all_of_them else [local.path()]
    return [runtime for runtime in map(local.describe, paths) if runtime]


def _started(task: Task, local: Control) -> dict[str, t.Any]:
    if task.params["runtime_url"]:
        # The served runtime is used instead.
        return {"changed": False, "runtimes": []}
    local.check()
    before = found(local, False)
    changed = not before or before[0]["state"] != "running"
    if changed and not task.check_mode:
        if before:
            local.replace(before[0]["pid"])
        else:
            local.start()
    after = found(local, False) if changed and not task.check_mode else before
    return {"changed": changed, "runtimes": after, "diff": _diff(before, changed and "started")}


def _stopped(task: Task, local: Control) -> dict[str, t.Any]:
    before = found(local, task.params["all"])
    if not task.check_mode:
        for runtime in before:
            local.stop(runtime["socket"], task.params["force"], task.params["wait_timeout"])
    return {"changed": bool(before), "runtimes": before, "diff": _diff(before, bool(before) and "stopped")}


def _diff(before: list[dict[str, t.Any]], then: str | bool) -> dict[str, t.Any]:
    states = {"running": "started", "hanging": "hanging"}
    state: dict[str, t.Any] = {"state": states[before[0]["state"]] if before else "stopped"}
    if before:
        state["processes"] = [runtime["pid"] for runtime in before]
    return diff(state, {"state": then} if then else state, "local runtime")
