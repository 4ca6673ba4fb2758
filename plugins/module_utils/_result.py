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

try:
    import jsonschema
except ImportError:
    jsonschema = None


def of_run(
    wire: Wire, run: dict[str, t.Any], messages: list[dict[str, t.Any]] | None = None, steps: bool = False
) -> dict[str, t.Any]:
    """Return the keys of a task's result that tell of a run.

    Args:
        wire: the client.
        run: the run object.
        messages: the messages that the run has written, oldest first, where they are known already.
        steps: whether to ask for the run's steps too.
    """
    thread = ("threads", run["thread_id"])
    if not messages:
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
        "output": _output(run, response),
        "messages": messages,
        "usage": run.get("usage"),
        "required_action": _required_action(run),
    }
    if steps:
        result["steps"] = list(wire.list(*thread, "runs", run["id"], "steps", query={"order": "asc"}))
    return result


def check_status(result: dict[str, t.Any], fail_on: list[str]) -> None:
    """Fail a task whose run ended as it must not.

    Raises: TaskError with the run's own code and message, and the whole result.
    """
    if result["status"] not in fail_on:
        return
    run = result["run"]
    if run.get("last_error"):
        why = f": {run['last_error']['message']} ({run['last_error']['code']})"
    elif run.get("incomplete_details"):
        why = f": {run['incomplete_details'].get('reason')} was reached. Raise that option, or ask for less."
    elif result["status"] == "requires_action":
        why = ": it waits for the answers to its tool calls. Give them with run_id and tool_outputs."
    else:
        why = "."
    raise TaskError(f"Run {result['run_id']} on {result['thread_id']} ended as {result['status']}{why}", **result)


def text_of(message: dict[str, t.Any]) -> str:
    """Return the text of a message: its text and refusal parts, one after the other."""
    parts = (part.get("refusal") or (part.get("text") or {}).get("value") or "" for part in message["content"])
    return "\n".join(part for part in parts if part)


def _output(run: dict[str, t.Any], response: str) -> t.Any:
    """Parse the reply where a JSON format was asked for."""
    wanted = run.get("response_format")
    if (
        run["status"] != "completed"
        or not isinstance(wanted, dict)
        or wanted.get("type") not in ("json_object", "json_schema")
    ):
        return None
    try:
        return json.loads(response)
    except ValueError as error:
        raise TaskError(
            f"The reply of run {run['id']} is not JSON, though response_format asked for {wanted['type']}: {error}.",
            run=run,
            run_id=run["id"],
            thread_id=run["thread_id"],
            status=run["status"],
            response=response,
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
    if jsonschema is None:
        raise TaskError(
            "The Python library jsonschema cannot be imported, so the arguments of tool calls cannot be checked: pip "
            "install jsonschema"
        )
    validator = jsonschema.validators.validator_for(schema)
    try:
        validator.check_schema(schema)
        error = jsonschema.exceptions.best_match(validator(schema).iter_errors(arguments))
    except jsonschema.exceptions.SchemaError as broken:
        return f"the function's own schema is not valid: {broken.message}"
    return f"{error.json_path}: {error.message}" if error else None
