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
    from ._types import Json, Run

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
