# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire's objects, as they are when they are made (Assistants wire, sections 3 to 8)."""

from __future__ import annotations

from typing import Any

from .ids import now

Document = dict[str, Any]

_ASSISTANT: Document = {
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
_THREAD: Document = {"tool_resources": {}, "metadata": {}}
_SAMPLING = ("temperature", "top_p")


def assistant(id: str, fields: Document) -> tuple[Document, Document]:
    """A new assistant.

    Args:
        id: Its id.
        fields: The validated body of createAssistant.

    Returns:
        The wire's object, and what the wire does not show.
    """
    document = {"id": id, "object": "assistant", "created_at": now(), "model": fields["model"], **_ASSISTANT}
    return changed_assistant(document, {"reasoning_effort": None, "sampling": {}}, fields)


def changed_assistant(document: Document, private: Document, fields: Document) -> tuple[Document, Document]:
    """An assistant with some fields changed; null sets a field back to its default.

    Args:
        document: The wire's object as it was.
        private: What the wire does not show, as it was.
        fields: The validated body of modifyAssistant.

    Returns:
        Both as they shall be.
    """
    private = {**private, "reasoning_effort": fields.get("reasoning_effort", private["reasoning_effort"])}
    private["sampling"] = _sampling(private["sampling"], fields)
    shown = {name: value for name, value in fields.items() if name != "reasoning_effort"}
    return _with_defaults(document, shown, _ASSISTANT), private


def thread(id: str, fields: Document) -> Document:
    """A new thread.

    Args:
        id: Its id.
        fields: The validated body of createThread.

    Returns:
        The wire's object.
    """
    document = {"id": id, "object": "thread", "created_at": now(), **_THREAD}
    return changed_thread(document, {name: value for name, value in fields.items() if name in _THREAD})


def changed_thread(document: Document, fields: Document) -> Document:
    """A thread with some fields changed; null sets a field back to its default.

    Args:
        document: The wire's object as it was.
        fields: The validated body of modifyThread.

    Returns:
        The wire's object in its desired state.
    """
    return _with_defaults(document, fields, _THREAD)


def message(id: str, thread_id: str, fields: Document) -> Document:
    """A new message from a client.

    Args:
        id: Its id.
        thread_id: Its thread.
        fields: The validated body of createMessage.

    Returns:
        The wire's object.
    """
    content = fields["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    made = now()
    return {
        **_message(id, thread_id, made),
        "status": "completed",
        "completed_at": made,
        "role": fields["role"],
        "content": [_shown_part(part) for part in parts],
        "attachments": fields.get("attachments") or [],
        "metadata": fields.get("metadata") or {},
    }


def answer(id: str, run: Document) -> Document:
    """A message that a run has begun to write.

    Args:
        id: Its id.
        run: The run.

    Returns:
        The wire's object, in progress and empty.
    """
    return {
        **_message(id, run["thread_id"], now()),
        "status": "in_progress",
        "role": "assistant",
        "assistant_id": run["assistant_id"],
        "run_id": run["id"],
    }


def run(
    id: str, thread: Document, assistant: Document, private: Document, fields: Document, expiry: int
) -> tuple[Document, Document]:
    """A new run: everything it will use is settled now, whatever becomes of the assistant meanwhile.

    Args:
        id: Its id.
        thread: Its thread.
        assistant: Its assistant.
        private: What the wire does not show of the assistant.
        fields: The validated body of createRun or createThreadAndRun.
        expiry: Seconds until it expires.

    Returns:
        The wire's object, and what the wire does not show.
    """
    sampling = {**private["sampling"], **{name: fields[name] for name in _SAMPLING if fields.get(name) is not None}}
    instructions = _given(fields, "instructions", assistant["instructions"] or "")
    more = fields.get("additional_instructions")
    document = {
        "id": id,
        "object": "thread.run",
        "created_at": now(),
        "thread_id": thread["id"],
        "assistant_id": assistant["id"],
        "status": "queued",
        "required_action": None,
        "last_error": None,
        "expires_at": now() + expiry,
        "started_at": None,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "incomplete_details": None,
        "model": _given(fields, "model", assistant["model"]),
        "instructions": "\n\n".join(part for part in (instructions, more) if part),
        "tools": _given(fields, "tools", assistant["tools"]),
        "metadata": fields.get("metadata") or {},
        "usage": None,
        "temperature": sampling.get("temperature", 1.0),
        "top_p": sampling.get("top_p", 1.0),
        "max_prompt_tokens": fields.get("max_prompt_tokens"),
        "max_completion_tokens": fields.get("max_completion_tokens"),
        "truncation_strategy": {
            "last_messages": None,
            **_given(fields, "truncation_strategy", {"type": "auto"}),
        },
        "tool_choice": _given(fields, "tool_choice", "auto"),
        "parallel_tool_calls": fields.get("parallel_tool_calls", True),
        "response_format": _given(fields, "response_format", assistant["response_format"]),
    }
    return document, {
        "reasoning_effort": _given(fields, "reasoning_effort", private["reasoning_effort"]),
        "sampling": sampling,
        "tool_resources": _merged(
            _given(fields, "tool_resources", assistant["tool_resources"]), thread["tool_resources"]
        ),
        "items": [],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def step(id: str, run: Document, details: Document) -> Document:
    """A step that a run has begun.

    Args:
        id: Its id.
        run: The run.
        details: The wire's ``step_details``.

    Returns:
        The wire's object, in progress.
    """
    return {
        "id": id,
        "object": "thread.run.step",
        "created_at": now(),
        "assistant_id": run["assistant_id"],
        "thread_id": run["thread_id"],
        "run_id": run["id"],
        "type": details["type"],
        "status": "in_progress",
        "step_details": details,
        "last_error": None,
        "expired_at": None,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "metadata": {},
        "usage": None,
    }


def with_metadata(document: Document, fields: Document) -> Document:
    """An object with its metadata changed, where nothing else can be.

    Args:
        document: The wire's object as it was.
        fields: The validated body of modifyMessage or modifyRun.

    Returns:
        The wire's object in its desired state.
    """
    return _with_defaults(document, fields, {"metadata": {}})


def shown_step(step: Document, *, include: bool) -> Document:
    """A step as the wire shows it: what file_search found is shown only to those who ask for it.

    Args:
        step: The step, whose tool calls may be changed here.
        include: Whether it was asked for.

    Returns:
        The wire's object.
    """
    if not include:
        for call in step["step_details"].get("tool_calls", []):
            for result in call.get("file_search", {}).get("results") or []:
                result.pop("content", None)
    return step


def _message(id: str, thread_id: str, made: int) -> Document:
    return {
        "id": id,
        "object": "thread.message",
        "created_at": made,
        "thread_id": thread_id,
        "incomplete_details": None,
        "completed_at": None,
        "incomplete_at": None,
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


def _with_defaults(document: Document, fields: Document, defaults: Document) -> Document:
    return {**document, **{name: defaults[name] if value is None else value for name, value in fields.items()}}


def _given(fields: Document, name: str, default: Any) -> Any:
    value = fields.get(name)
    return default if value is None else value


def _sampling(known: Document, fields: Document) -> Document:
    # The wire shows 1 where nothing was asked for. What was asked for is kept apart, since reasoning models refuse to
    # be sent even that.
    asked = {**known, **{name: fields[name] for name in _SAMPLING if name in fields}}
    return {name: value for name, value in asked.items() if value is not None}


def _merged(first: Document, second: Document) -> Document:
    # Files of the assistant (or given for the run) and those of the thread can all be used.
    return {
        tool: {
            name: list(dict.fromkeys([*_ids(first, tool, name), *_ids(second, tool, name)]))
            for name in {**(first.get(tool) or {}), **(second.get(tool) or {})}
        }
        for tool in {**first, **second}
    }


def _ids(resources: Document, tool: str, name: str) -> list[str]:
    return (resources.get(tool) or {}).get(name) or []
