# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create and change the objects of the API (Assistants wire, sections 3 to 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from .ids import now
from .objects import (
    AssistantObject,
    AssistantPrivate,
    Document,
    MessageObject,
    RunObject,
    RunPrivate,
    StepObject,
    ThreadObject,
)
from .records import AssistantRecord
from .schemas.passed import PASSED
from .status import MessageStatus, RunStatus, StepStatus
from .usage.details import new_details

D = TypeVar("D", bound=Mapping[str, Any])

ASSISTANT: Document = {
    "name": None,
    "description": None,
    "instructions": None,
    "tools": [],
    "tool_resources": {},
    "metadata": {},
    "temperature": 1.0,
    "top_p": 1.0,
    "response_format": "auto",
}
"""The defaults of an assistant."""
THREAD: Document = {"tool_resources": {}, "metadata": {}}
"""The defaults of a thread."""
SAMPLING = ("temperature", "top_p")
"""The fields that are only sent to a model server if they were set."""


def assistant(id: str, fields: Document) -> tuple[AssistantObject, AssistantPrivate]:
    """Return a new assistant.

    Args:
        id: Its id.
        fields: The validated body of createAssistant.

    Returns:
        The object of the API, and its private part.
    """
    known = {"id": id, "object": "assistant", "created_at": now(), "model": fields["model"], **ASSISTANT}
    return changed_assistant(cast(AssistantObject, known), {"reasoning_effort": None, "sampling": []}, fields)


def changed_assistant(
    document: AssistantObject, private: AssistantPrivate, fields: Document
) -> tuple[AssistantObject, AssistantPrivate]:
    """Return an assistant with some fields changed; null sets a field back to its default.

    Args:
        document: The current object.
        private: The current private part.
        fields: The validated body of modifyAssistant.

    Returns:
        The changed object and private part.
    """
    effort = fields.get("reasoning_effort", private["reasoning_effort"])
    asked = [name for name in SAMPLING if (fields[name] is not None if name in fields else name in private["sampling"])]
    shown = {name: value for name, value in fields.items() if name != "reasoning_effort"}
    return _with_defaults(document, shown, ASSISTANT), {"reasoning_effort": effort, "sampling": asked}


def thread(id: str, fields: Document) -> ThreadObject:
    """Return a new thread.

    Args:
        id: Its id.
        fields: The validated body of createThread.

    Returns:
        The object.
    """
    document: ThreadObject = {"id": id, "object": "thread", "created_at": now(), "tool_resources": {}, "metadata": {}}
    return changed_thread(document, {name: value for name, value in fields.items() if name in THREAD})


def changed_thread(document: ThreadObject, fields: Document) -> ThreadObject:
    """Return a thread with some fields changed; null sets a field back to its default.

    Args:
        document: The current object.
        fields: The validated body of modifyThread.

    Returns:
        The changed object.
    """
    return _with_defaults(document, fields, THREAD)


def message(id: str, thread_id: str, fields: Document) -> MessageObject:
    """Return a new message from a client.

    Args:
        id: Its id.
        thread_id: Its thread.
        fields: The validated body of createMessage.

    Returns:
        The object.
    """
    content = fields["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    made = now()
    return {
        **_message(id, thread_id, made),
        "status": MessageStatus.COMPLETED,
        "completed_at": made,
        "role": fields["role"],
        "content": [_shown_part(part) for part in parts],
        "attachments": fields.get("attachments") or [],
        "metadata": fields.get("metadata") or {},
    }


def answer(id: str, run: RunObject) -> MessageObject:
    """Return a message that a run has begun to write.

    Args:
        id: Its id.
        run: The run.

    Returns:
        The empty object, with the status in_progress.
    """
    return {
        **_message(id, run["thread_id"], now()),
        "assistant_id": run["assistant_id"],
        "run_id": run["id"],
    }


def run(
    id: str, thread: ThreadObject, assistant: AssistantRecord, fields: Document, expiry: int
) -> tuple[RunObject, RunPrivate]:
    """Return a new run. It copies everything that it uses, so later changes of the assistant do not affect it.

    Args:
        id: Its id.
        thread: Its thread.
        assistant: Its assistant.
        fields: The validated body of createRun or createThreadAndRun.
        expiry: Seconds until it expires.

    Returns:
        The object of the API, and its private part.
    """
    known, private = assistant.document, assistant.private
    instructions = _given(fields, "instructions", known["instructions"] or "")
    more = fields.get("additional_instructions")
    document: RunObject = {
        "id": id,
        "object": "thread.run",
        "created_at": now(),
        "thread_id": thread["id"],
        "assistant_id": assistant.id,
        "status": RunStatus.QUEUED,
        "required_action": None,
        "last_error": None,
        "expires_at": now() + expiry,
        "started_at": None,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "incomplete_details": None,
        "model": _given(fields, "model", known["model"]),
        "instructions": "\n\n".join(part for part in (instructions, more) if part),
        "tools": _given(fields, "tools", known["tools"]),
        "metadata": fields.get("metadata") or {},
        "usage": None,
        "temperature": _given(fields, "temperature", known["temperature"]),
        "top_p": _given(fields, "top_p", known["top_p"]),
        "max_prompt_tokens": fields.get("max_prompt_tokens"),
        "max_completion_tokens": fields.get("max_completion_tokens"),
        "truncation_strategy": {
            "last_messages": None,
            **_given(fields, "truncation_strategy", {"type": "auto"}),
        },
        "tool_choice": _given(fields, "tool_choice", "auto"),
        "parallel_tool_calls": fields.get("parallel_tool_calls", True),
        "response_format": _given(fields, "response_format", known["response_format"]),
    }
    passed = {name: fields[name] for name in PASSED if fields.get(name) is not None}
    return cast(RunObject, {**document, **passed}), {
        "reasoning_effort": _given(fields, "reasoning_effort", private["reasoning_effort"]),
        "sampling": [name for name in SAMPLING if name in private["sampling"] or fields.get(name) is not None],
        "tool_resources": _merged(_given(fields, "tool_resources", known["tool_resources"]), thread["tool_resources"]),
        "items": [],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "details": new_details(),
    }


def step(id: str, run: RunObject, details: Document) -> StepObject:
    """Return a step that a run has begun.

    Args:
        id: Its id.
        run: The run.
        details: The ``step_details`` of the API.

    Returns:
        The object, with the status in_progress.
    """
    return {
        "id": id,
        "object": "thread.run.step",
        "created_at": now(),
        "assistant_id": run["assistant_id"],
        "thread_id": run["thread_id"],
        "run_id": run["id"],
        "type": details["type"],
        "status": StepStatus.IN_PROGRESS,
        "step_details": details,
        "last_error": None,
        "expired_at": None,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "metadata": {},
        "usage": None,
    }


def with_metadata(document: D, fields: Document) -> D:
    """Return an object with changed metadata.

    Args:
        document: The current object.
        fields: The validated body of modifyMessage or modifyRun.

    Returns:
        The changed object.
    """
    return _with_defaults(document, fields, {"metadata": {}})


def shown_step(step: StepObject, *, include: bool) -> StepObject:
    """Return a step as the API returns it. The results of file_search are only included on request.

    Args:
        step: The step.
        include: Whether they are requested.

    Returns:
        The object.
    """
    calls = step["step_details"].get("tool_calls", [])
    if include or not any("file_search" in call for call in calls):
        return step
    return {**step, "step_details": {**step["step_details"], "tool_calls": [_without_found(call) for call in calls]}}


def _without_found(call: Document) -> Document:
    search = call.get("file_search")
    if not search or not search.get("results"):
        return call
    results = [{name: value for name, value in each.items() if name != "content"} for each in search["results"]]
    return {**call, "file_search": {**search, "results": results}}


def _message(id: str, thread_id: str, made: int) -> MessageObject:
    return {
        "id": id,
        "object": "thread.message",
        "created_at": made,
        "thread_id": thread_id,
        "status": MessageStatus.IN_PROGRESS,
        "incomplete_details": None,
        "completed_at": None,
        "incomplete_at": None,
        "role": "assistant",
        "content": [],
        "assistant_id": None,
        "run_id": None,
        "attachments": [],
        "metadata": {},
    }


def _shown_part(part: Document) -> Document:
    if part["type"] == "text":
        return {"type": "text", "text": {"value": part["text"], "annotations": []}}
    return {"type": part["type"], part["type"]: {"detail": "auto", **part[part["type"]]}}


def _with_defaults(document: D, fields: Document, defaults: Document) -> D:
    changed = {name: defaults[name] if value is None else value for name, value in fields.items()}
    return cast(D, {**document, **changed})


def _given(fields: Document, name: str, default: Any) -> Any:
    value = fields.get(name)
    return default if value is None else value


def _merged(first: Document, second: Document) -> Document:
    # A run can use the files of the assistant (or of the run itself) and of the thread.
    return {
        tool: {
            name: list(dict.fromkeys([*_ids(first, tool, name), *_ids(second, tool, name)]))
            for name in {**(first.get(tool) or {}), **(second.get(tool) or {})}
        }
        for tool in {**first, **second}
    }


def _ids(resources: Document, tool: str, name: str) -> list[str]:
    return (resources.get(tool) or {}).get(name) or []
