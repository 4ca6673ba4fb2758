# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Hosts that share a run take turns: one of them answers its tool calls, and the others wait until it has done so.

from __future__ import annotations

import time
import typing as t

from ..module_utils._options import Spec
from ..module_utils._task import Task
from ._answering import Answering, holder, release, take

Json = dict[str, t.Any]

_PAUSE = 0.5


class Turns:
    """The resource of the module `openai_tool_turn`, for one task.

    Args:
        answering: Registers the host of the task as the host that answers.
    """

    SPEC = Spec("openai_tool_turn")

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def ensure(self, task: Task) -> Json:
        """Take the turn, wait for another host, or release the turn, and return the result of the task."""
        params = task.params
        self.SPEC.check(params)
        host, run_id = self._answering.host, params["run_id"]
        ids = {"thread_id": params["thread_id"], "run_id": run_id}
        result: Json = {"changed": False, "check_mode": task.check_mode, **ids}
        if task.check_mode:
            # No call is answered.
            return {**result, "taken": True, "host": host, "calls": _judged(params)}
        if params["state"] == "released":
            release(run_id, host)
            return {**result, "taken": False, "host": None, "calls": []}
        if params["state"] == "awaited":
            self._wait(task)
            return {**result, "taken": False, "host": holder(run_id), "calls": []}
        answers = take(self._answering)
        return {**result, "taken": answers == host, "host": answers, "calls": _judged(params)}

    def _wait(self, task: Task) -> None:
        """Wait until the run no longer waits for these calls, or until no host is answering them."""
        params = task.params
        seen = {call["id"] for call in params["calls"]}
        deadline = time.monotonic() + params["wait_timeout"]
        while time.monotonic() < deadline and holder(params["run_id"]):
            run = task.wire.get("threads", params["thread_id"], "runs", params["run_id"])
            action = run.get("required_action") or {"submit_tool_outputs": {"tool_calls": []}}
            if {call["id"] for call in action["submit_tool_outputs"]["tool_calls"]} != seen:
                return
            time.sleep(_PAUSE)


def _judged(params: Json) -> list[Json]:
    """Return the calls in the format for the tasks of a tool, each with the reason for a refusal, or None."""
    return [
        {
            "id": call["id"],
            "name": call["function"]["name"],
            "arguments": call["function"]["arguments"],
            "problem": _problem(call["function"], params["allowed"]),
        }
        for call in params["calls"]
    ]


def _problem(function: Json, allowed: list[str]) -> str | None:
    name = function["name"]
    if name not in allowed:
        return f"The tool {name} is not allowed. Allowed tools: {', '.join(sorted(allowed))}."
    return f"The arguments of {name} were refused: {function['problem']}" if function["problem"] else None
