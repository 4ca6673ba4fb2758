# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The tool calls that a run waits for.

from __future__ import annotations

import typing as t

from ._model_json import TooDeep, parse

if t.TYPE_CHECKING:
    from ._task import Task
    from ._types import Json, Run

_LISTED = 5
# The maximum length of a problem in characters. It is sent to the model.
_LONGEST = 1000
_UNCHECKED = (
    "they are not validated, because the server at runtime_url does not validate arguments. Use the runtime of "
    "this collection, or a function without parameters"
)


def parsed_action(run: Run) -> Json:
    """Return the action that a run requires, with parsed arguments and their problems.

    Args:
        run: A run whose status is requires_action.
    """
    action = run["required_action"] or {}
    schemas = {
        tool["function"]["name"]: tool["function"].get("parameters")
        for tool in run["tools"]
        if tool["type"] == "function"
    }
    calls = action["submit_tool_outputs"]["tool_calls"]
    return {**action, "submit_tool_outputs": {"tool_calls": [_call(call, schemas) for call in calls]}}


def warn_unanswered(task: Task, runs: t.Sequence[Run]) -> None:
    """Warn about runs that wait for the outputs of their tool calls, unless later tasks answer them.

    Args:
        task: The task, which has waited for the runs.
        runs: The runs.
    """
    if task.answers_calls or not runs:
        return
    actions = (run["required_action"] or {} for run in runs)
    calls = (call for action in actions for call in action.get("submit_tool_outputs", {}).get("tool_calls", ()))
    names = list(dict.fromkeys(str(call["function"]["name"]) for call in calls))
    functions = ", ".join([*names[:_LISTED], *(["..."] if len(names) > _LISTED else [])])
    which = f"Run {runs[0]['id']} waits" if len(runs) == 1 else f"{len(runs)} runs wait"
    task.warn(
        f"{which} for the outputs of tool calls ({functions}), and can only reply after that. Use the role "
        "threadworks.openai.run to answer tool calls with task files, or submit the outputs with openai_run, run_id "
        "and tool_outputs."
    )


def _call(call: Json, schemas: Json) -> Json:
    function = call["function"]
    arguments, problem = function["arguments"], None
    try:
        # Arguments that Ansible cannot process or that are not JSON are returned as the model's text.
        arguments = parse(arguments or "{}")
    except TooDeep as error:
        problem = f"they are {error}"
    except ValueError as error:
        problem = f"they are not JSON: {error}"
    problem = problem or _problem(function, arguments, schemas)
    return {**call, "function": {**function, "arguments": arguments, "problem": problem and problem[:_LONGEST]}}


def _problem(function: Json, arguments: t.Any, schemas: Json) -> str | None:
    """Return the problem of a call's arguments, or None.

    The runtime validates them against the schema, which needs a library and can take long. Other servers do not, and
    this must not be mistaken for valid arguments.
    """
    if "problem" in function:
        return t.cast("str | None", function["problem"])
    if function["name"] not in schemas:
        return "the run has no such function"
    if not isinstance(arguments, dict):
        return "they are not an object"
    return _UNCHECKED if schemas[function["name"]] else None
