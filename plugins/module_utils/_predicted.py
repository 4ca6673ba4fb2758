# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Objects that a server would create, as predicted in check mode (Assistants wire, sections 3 to 7).

from __future__ import annotations

import time
import typing as t

from ._identity import KNOWN_AFTER_APPLY
from ._status import RunStatus

Json = dict[str, t.Any]

# Fields of a run request that the run does not have with the same name.
_NOT_SHOWN = ("additional_instructions", "additional_messages", "reasoning_effort", "thread", "tool_resources")


def assistant(assistant_id: str, body: Json) -> Json:
    """Return the assistant that a createAssistant request creates."""
    return {
        "id": assistant_id,
        "object": "assistant",
        "created_at": int(time.time()),
        "name": None,
        "description": None,
        "model": None,
        "instructions": None,
        "tools": [],
        "tool_resources": {},
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "response_format": "auto",
        # The API accepts it but never returns it.
        **{name: value for name, value in body.items() if name != "reasoning_effort"},
    }


def thread(thread_id: str, body: Json) -> Json:
    """Return the thread that a createThread request creates, without its messages."""
    return {
        "id": thread_id,
        "object": "thread",
        "created_at": int(time.time()),
        "tool_resources": body.get("tool_resources", {}),
        "metadata": body.get("metadata", {}),
    }


def message(message_id: str, thread_id: str, body: Json) -> Json:
    """Return the message that a createMessage request creates."""
    content = body.get("content", "")
    made = int(time.time())
    return {
        "id": message_id,
        "object": "thread.message",
        "created_at": made,
        "thread_id": thread_id,
        "status": "completed",
        "incomplete_details": None,
        "completed_at": made,
        "incomplete_at": None,
        "role": body.get("role", "user"),
        "content": [_text(content)] if isinstance(content, str) else [_part(part) for part in content],
        "assistant_id": None,
        "run_id": None,
        "attachments": body.get("attachments", []),
        "metadata": body.get("metadata", {}),
    }


def file(file_id: str, fields: Json) -> Json:
    """Return the file that an upload creates.

    Args:
        file_id: The id of the file.
        fields: Its name, size, purpose and digest.
    """
    made = {"id": file_id, "object": "file", "created_at": int(time.time()), "status": "processed"}
    return {**made, "filename": "", "purpose": "assistants", "bytes": 0, **fields}


def vector_store(store_id: str, body: Json) -> Json:
    """Return the vector store that a createVectorStore request creates, without its files."""
    made = int(time.time())
    return {
        "id": store_id,
        "object": "vector_store",
        "created_at": made,
        "last_active_at": made,
        "name": "",
        "metadata": {},
        "status": "completed",
        "usage_bytes": 0,
        "file_counts": {"total": 0, **dict.fromkeys(("completed", "in_progress", "failed", "cancelled"), 0)},
        **body,
    }


def vector_store_file(store_id: str, body: Json) -> Json:
    """Return the indexed file of a vector store that a createVectorStoreFile request creates."""
    return {
        "id": body["file_id"],
        "object": "vector_store.file",
        "created_at": int(time.time()),
        "vector_store_id": store_id,
        "status": "completed",
        "last_error": None,
        "usage_bytes": 0,
        "attributes": body.get("attributes", {}),
        **{name: value for name, value in body.items() if name == "chunking_strategy"},
    }


def reply(message_id: str, run: Json) -> Json:
    """Return the message that a run will write. Its content is unknown."""
    body = {"role": "assistant", "content": KNOWN_AFTER_APPLY}
    written = message(message_id, run["thread_id"], body)
    return {**written, "assistant_id": run["assistant_id"], "run_id": run["id"]}


def run(run_id: str, thread_id: str, assistant: Json, body: Json) -> Json:
    """Return the queued run that a createRun request creates.

    Args:
        run_id: The id of the run.
        thread_id: The id of its thread.
        assistant: Its assistant.
        body: The request.
    """
    made = int(time.time())
    instructions = (body.get("instructions", assistant["instructions"]), body.get("additional_instructions"))
    inherited = ("model", "tools", "temperature", "top_p", "response_format")
    return {
        **{name: value for name, value in body.items() if name not in _NOT_SHOWN},
        "id": run_id,
        "object": "thread.run",
        "created_at": made,
        "thread_id": thread_id,
        "assistant_id": assistant["id"],
        "status": RunStatus.QUEUED.value,
        "required_action": None,
        "last_error": None,
        "expires_at": made + 600,
        "started_at": None,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "incomplete_details": None,
        **{name: body.get(name, assistant.get(name)) for name in inherited},
        "instructions": "\n\n".join(filter(None, instructions)),
        "metadata": body.get("metadata", {}),
        "usage": None,
        "max_prompt_tokens": body.get("max_prompt_tokens"),
        "max_completion_tokens": body.get("max_completion_tokens"),
        "truncation_strategy": {"last_messages": None, **body.get("truncation_strategy", {"type": "auto"})},
        "tool_choice": body.get("tool_choice", "auto"),
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
    }


def completed(run: Json) -> Json:
    """Return the completed run. It has used no tokens, because check mode does not use the model."""
    now = int(time.time())
    tokens = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {
        **run,
        "status": RunStatus.COMPLETED.value,
        "required_action": None,
        "expires_at": None,
        "started_at": run["started_at"] or now,
        "completed_at": now,
        "usage": run["usage"] or dict.fromkeys(tokens, 0),
    }


def cancelled(run: Json) -> Json:
    """Return the cancelled run."""
    return {
        **run,
        "status": RunStatus.CANCELLED.value,
        "required_action": None,
        "expires_at": None,
        "cancelled_at": int(time.time()),
    }


def _text(text: str) -> Json:
    return {"type": "text", "text": {"value": text, "annotations": []}}


def _part(part: Json) -> Json:
    kind = part["type"]
    return _text(part["text"]) if kind == "text" else {"type": kind, kind: {"detail": "auto", **part[kind]}}
