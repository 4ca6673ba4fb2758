# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The results of runs, for the run modules and the lookups.

from __future__ import annotations

import typing as t

from ._errors import TaskError
from ._identity import is_predicted
from ._read_messages import text_of
from ._status import RunStatus

if t.TYPE_CHECKING:
    from ._types import Json, Message, Run
    from ._wire_reading import ReadingWire


class UnreadableReply(TaskError):
    """The reply of a run is not the requested JSON. `data` is the whole result."""


def run_result(
    wire: ReadingWire, run: Run, messages: list[Message] | None = None, *, steps: bool = False, details: bool = False
) -> Json:
    """Return the keys of a task's result for a run.

    Args:
        wire: The client.
        run: The run object.
        messages: The messages that the run has written, oldest first, or None to request them.
        steps: Whether to request the steps of the run.
        details: Whether to request what the run has used.

    Raises:
        UnreadableReply: The reply is not the requested JSON.
    """
    thread = ("threads", run["thread_id"])
    if messages is None and run["started_at"]:
        query = {"run_id": run["id"], "order": "asc"}
        messages = list(t.cast("t.Iterator[Message]", wire.list(*thread, "messages", query=query)))
    messages = messages or []
    response = "\n".join(text_of(message) for message in messages if message["role"] == "assistant")
    result: Json = {
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
    if details:
        from ._run_details import read_details

        result["details"] = read_details(wire, run)
    result["output"] = _output(result)
    return result


def fail_on_status(result: dict[str, t.Any], fail_on: list[str]) -> None:
    """Fail a task if its run has a status of `fail_on`.

    Raises:
        TaskError: The run has one of these statuses. The message contains the error of the run, and the data
            contains the whole result.
    """
    if result["status"] not in fail_on:
        return
    why = status_reason(result)
    ended = f"ended as {result['status']}{': ' if why else ''}{why.rstrip('.')}."
    raise TaskError(f"Run {result['run_id']} on {result['thread_id']} {ended}", **result)


def status_reason(result: dict[str, t.Any]) -> str:
    """Return the reason for the status of a run, or ""."""
    run = result["run"]
    if run.get("last_error"):
        from ._error_answer import readable

        said, code = readable(run["last_error"]["message"]).rstrip("."), run["last_error"]["code"]
        # This code has no information, because it is also used for a wrong key or an unknown model.
        return said if code == "server_error" else f"{said} ({code})"
    if run.get("incomplete_details"):
        return _incomplete(run)
    if result["status"] == RunStatus.REQUIRES_ACTION:
        return "it waits for the outputs of its tool calls. Submit them with run_id and tool_outputs."
    return ""


def _incomplete(run: Run) -> str:
    details = run["incomplete_details"] or {}
    # The runtime explains reasons that the Assistants API does not have.
    if details.get("message"):
        return str(details["message"])
    reason = details.get("reason")
    if reason in run and run.get(reason) is None:
        # The run has no limit.
        return "the model server limits the length of an answer. Increase its limit, or ask for a shorter answer."
    return f"{reason} was reached. Increase this option, or shorten the request."


def _output(result: dict[str, t.Any]) -> t.Any:
    """Parse the reply if a JSON format was requested."""
    wanted = result["run"].get("response_format")
    if (
        result["status"] != RunStatus.COMPLETED
        or not isinstance(wanted, dict)
        or wanted.get("type") not in ("json_object", "json_schema")
        # Check mode cannot predict the reply.
        or any(is_predicted(message["id"]) for message in result["messages"])
    ):
        return None
    # Imported here, because lookups load their imports in each task.
    from ._model_json import parse

    try:
        return parse(result["response"])
    except ValueError as error:
        raise UnreadableReply(
            f"The reply of run {result['run_id']} is not JSON, although response_format requires {wanted['type']}: "
            f"{error}. It begins with '{result['response'][:100]}'.",
            **result,
        ) from None


def _required_action(run: Run) -> Json | None:
    if not run.get("required_action"):
        return None
    # Imported here, because few runs wait for tool outputs.
    from ._tool_calls import parsed_action

    return parsed_action(run)
