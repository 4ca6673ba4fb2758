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
from ._reading import text_of


class UnreadableReply(TaskError):
    """The reply of a run is not the JSON that was asked for; `data` is the whole result."""


def of_run(
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


def check_status(result: dict[str, t.Any], fail_on: list[str]) -> None:
    """Fail a task whose run ended as it must not.

    Raises: TaskError with the run's own code and message, and the whole result.
    """
    if result["status"] not in fail_on:
        return
    why = reason_of(result)
    ended = f"ended as {result['status']}{': ' if why else ''}{why.rstrip('.')}."
    raise TaskError(f"Run {result['run_id']} on {result['thread_id']} {ended}", **result)


def reason_of(result: dict[str, t.Any]) -> str:
    """Return why a run has its status; "" where its status says all."""
    run = result["run"]
    if run.get("last_error"):
        return f"{run['last_error']['message'].rstrip('.')} ({run['last_error']['code']})"
    if run.get("incomplete_details"):
        return f"{run['incomplete_details'].get('reason')} was reached. Raise that option, or ask for less."
    if result["status"] == "requires_action":
        return "it waits for the answers to its tool calls. Give them with run_id and tool_outputs."
    return ""


def _output(result: dict[str, t.Any]) -> t.Any:
    """Parse the reply where a JSON format was asked for."""
    wanted = result["run"].get("response_format")
    if (
        result["status"] != "completed"
        or not isinstance(wanted, dict)
        or wanted.get("type") not in ("json_object", "json_schema")
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
    """Return the run's required action, with the arguments of each call parsed and held against the function's own
    schema.
    """
    action = run.get("required_action")
    if not action:
        return None
    schemas = {
        tool["function"]["name"]: tool["function"].get("parameters")
        for tool in run["tools"]
        if tool["type"] == "function"
    }
    return {
        **action,
        "submit_tool_outputs": {
            "tool_calls": [_call(call, schemas) for call in action["submit_tool_outputs"]["tool_calls"]]
        },
    }


def _call(call: dict[str, t.Any], schemas: dict[str, t.Any]) -> dict[str, t.Any]:
    function = call["function"]
    try:
        arguments = json.loads(function["arguments"] or "{}")
        known = function["name"] in schemas
        problem = _violation(arguments, schemas[function["name"]]) if known else "the run has no such function"
    except ValueError as error:
        # A model may write what is not JSON; the one who answers the call has to see it.
        arguments, problem = function["arguments"], f"they are not JSON: {error}"
    return {**call, "function": {**function, "arguments": arguments, "problem": problem}}


def _violation(arguments: t.Any, schema: dict[str, t.Any] | None) -> str | None:
    """Return where and why arguments are not what a schema allows; None where they are."""
    if not isinstance(arguments, dict):
        return "they are not an object"
    if not schema:
        return None
    try:
        import jsonschema
    except ImportError:
        # A task on a managed host needs no library. Whoever answers the call must not take this for a yes.
        return "they cannot be checked: the Python library jsonschema is not installed where the task runs"
    validator = jsonschema.validators.validator_for(schema)
    try:
        validator.check_schema(schema)
        error = jsonschema.exceptions.best_match(validator(schema).iter_errors(arguments))
    except jsonschema.exceptions.SchemaError as broken:
        return f"the function's own schema is not valid: {broken.message}"
    return f"{error.json_path}: {error.message}" if error else None
