# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# What both run modules, and the lookups, tell of a run.

from __future__ import annotations

import json
import typing as t

from ._client import Wire
from ._errors import TaskError
from ._identity import is_predicted
from ._reading import text_of
from ._status import RunStatus

# Levels of nesting that arguments may have: Ansible handles results recursively.
_DEEPEST = 100
# The longest problem, in characters: it is sent to the model.
_LONGEST = 1000
_UNCHECKED = (
    "they are not checked against the function's schema: the server at runtime_url does not do that. Use the runtime "
    "of this collection, or a function without parameters"
)


class UnreadableReply(TaskError):
    """The reply of a run is not the JSON that was asked for; `data` is the whole result."""


def run_result(
    wire: Wire, run: dict[str, t.Any], messages: list[dict[str, t.Any]] | None = None, steps: bool = False
) -> dict[str, t.Any]:
    """Return the keys of a task's result that tell of a run.

    Args:
        wire: the client.
        run: the run object.
        messages: the messages that the run has written, oldest first; None where they have to be asked for.
        steps: whether to ask for the run's steps too.

    Raises: UnreadableReply where the reply is not the JSON that was asked for.
    """
    thread = ("threads", run["thread_id"])
    if messages is None:
        messages = (
            list(wire.list(*thread, "messages", query={"run_id": run["id"], "order": "asc"}))
            if run["started_at"]
            else []
        )
    response = "\n".join(text_of(message) for message in messages if message["role"] == "assistant")
    result = {
        "run": run,
        "run_id": run["id"],
        "thread_id": run["thread_id"],
        "status": run["status"],
        "response": response,
        "output": None,
        "messages": messages,
        "usage": run.get("usage"),
        "required_action": _required_action(run),
    }
    if steps:
        result["steps"] = list(wire.list(*thread, "runs", run["id"], "steps", query={"order": "asc"}))
    result["output"] = _output(result)
    return result


def fail_on_status(result: dict[str, t.Any], fail_on: list[str]) -> None:
    """Fail a task whose run ended as it must not.

    Raises: TaskError with the run's own code and message, and the whole result.
    """
    if result["status"] not in fail_on:
        return
    why = status_reason(result)
    ended = f"ended as {result['status']}{': ' if why else ''}{why.rstrip('.')}."
    raise TaskError(f"Run {result['run_id']} on {result['thread_id']} {ended}", **result)


def status_reason(result: dict[str, t.Any]) -> str:
    """Return why a run has its status; "" where its status says all."""
    run = result["run"]
    if run.get("last_error"):
        from ._error_answer import readable

        said, code = readable(run["last_error"]["message"]).rstrip("."), run["last_error"]["code"]
        # It says nothing: the wire has no other code for a wrong key, or for a model that does not exist.
        return said if code == "server_error" else f"{said} ({code})"
    if run.get("incomplete_details"):
        return f"{run['incomplete_details'].get('reason')} was reached. Raise that option, or ask for less."
    if result["status"] == RunStatus.REQUIRES_ACTION:
        return "it waits for the answers to its tool calls. Give them with run_id and tool_outputs."
    return ""


def _output(result: dict[str, t.Any]) -> t.Any:
    """Parse the reply where a JSON format was asked for."""
    wanted = result["run"].get("response_format")
    if (
        result["status"] != RunStatus.COMPLETED
        or not isinstance(wanted, dict)
        or wanted.get("type") not in ("json_object", "json_schema")
        # Check mode does not know what a model will reply.
        or any(is_predicted(message["id"]) for message in result["messages"])
    ):
        return None
    try:
        return json.loads(result["response"])
    except ValueError as error:
        raise UnreadableReply(
            f"The reply of run {result['run_id']} is not JSON, though response_format asked for {wanted['type']}: "
            f"{error}.",
            **result,
        ) from None


def _required_action(run: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """Return the run's required action, with the arguments of each call parsed, and what is wrong with them."""
    action = run.get("required_action")
    if not action:
        return None
    schemas = {
        tool["function"]["name"]: tool["function"].get("parameters")
        for tool in run["tools"]
        if tool["type"] == "function"
    }
    calls = action["submit_tool_outputs"]["tool_calls"]
    return {**action, "submit_tool_outputs": {"tool_calls": [_call(call, schemas) for call in calls]}}


def _call(call: dict[str, t.Any], schemas: dict[str, t.Any]) -> dict[str, t.Any]:
    function = call["function"]
    arguments, problem = function["arguments"], None
    try:
        parsed = json.loads(arguments or "{}", parse_constant=_refuse)
        # What Ansible could not handle, and what is no JSON, stays the text that the model wrote.
        if _is_deep(parsed):
            problem = f"they are nested more than {_DEEPEST} levels deep"
        else:
            arguments = parsed
    except RecursionError:
        problem = f"they are nested more than {_DEEPEST} levels deep"
    except ValueError as error:
        problem = f"they are not JSON: {error}"
    problem = problem or _found(function, arguments, schemas)
    return {**call, "function": {**function, "arguments": arguments, "problem": problem and problem[:_LONGEST]}}


def _found(function: dict[str, t.Any], arguments: t.Any, schemas: dict[str, t.Any]) -> str | None:
    """Return what is wrong with a call's arguments; None where nothing is.

    The runtime checks them against the schema, which takes a library and, with some schemas, long. Another server of
    the wire does not, and whoever answers the call must not take that for a yes.
    """
    if "problem" in function:
        return t.cast("str | None", function["problem"])
    if function["name"] not in schemas:
        return "the run has no such function"
    if not isinstance(arguments, dict):
        return "they are not an object"
    return _UNCHECKED if schemas[function["name"]] else None


def _is_deep(value: t.Any) -> bool:
    level = [value]
    for _level in range(_DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
