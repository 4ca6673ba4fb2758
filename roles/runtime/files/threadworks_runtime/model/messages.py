# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thread messages as input items of the Responses API."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from ..objects import MessageObject
from .types import Json

CALLS = "tool_calls"
"""The key of a message with the tool calls that its run made before it, as in a step (section 8)."""


def to_items(message: MessageObject, functions: Collection[str] = ()) -> list[Json]:
    """Translate a wire message (Assistants wire, section 5).

    A message of an earlier run is preceded by the function calls of this run, with their outputs. Calls of functions
    that the current run does not have are omitted, because not all servers accept them.

    A file that is attached without a tool is sent to the model.

    Small servers require different formats for earlier messages of the assistant. All of them accept plain text.

    Args:
        message: The message.
        functions: The names of the functions of the run.

    Returns:
        One message item, and a second one if an assistant's message has files, which only a user can send. The items
        of function calls come first.
    """
    calls = [item for call in cast(Json, message).get(CALLS) or [] for item in _call_items(call, functions)]
    return [*calls, *_message_items(message)]


def _message_items(message: MessageObject) -> list[Json]:
    files = [
        {"type": "input_file", "file_id": attachment["file_id"]}
        for attachment in message.get("attachments") or []
        if not attachment.get("tools")
    ]
    if message["role"] == "user":
        return [_item("user", [_user_part(part) for part in message["content"]] + files)]
    text = "\n".join(_assistant_text(part) for part in message["content"])
    return [_item("assistant", text)] + ([_item("user", files)] if files else [])


def code_files(messages: list[MessageObject]) -> list[str]:
    """Return the ids of the files that are attached for the code interpreter, in order."""
    attachments = [attachment for message in messages for attachment in message.get("attachments") or []]
    return list(dict.fromkeys(attachment["file_id"] for attachment in attachments if _is_for_code(attachment)))


def _item(role: str, content: str | list[Json]) -> Json:
    return {"type": "message", "role": role, "content": content}


def _call_items(call: Json, functions: Collection[str]) -> list[Json]:
    function = call.get("function")
    if not function or function["name"] not in functions or function.get("output") is None or not call.get("id"):
        return []
    called = {"type": "function_call", "call_id": call["id"], "name": function["name"]}
    output = {"type": "function_call_output", "call_id": call["id"], "output": function["output"]}
    return [{**called, "arguments": function["arguments"]}, output]


def _user_part(part: Json) -> Json:
    kind = part["type"]
    if kind == "text":
        return {"type": "input_text", "text": part["text"]["value"]}
    if kind == "image_file":
        image = {"file_id": part[kind]["file_id"]}
    elif kind == "image_url":
        image = {"image_url": part[kind]["url"]}
    else:
        return {"type": "input_text", "text": part["refusal"]}
    return {"type": "input_image", **image, "detail": part[kind].get("detail") or "auto"}


def _assistant_text(part: Json) -> str:
    """Return the text of a part of an assistant's message. An image cannot be sent, so it is replaced by a note."""
    kind = part["type"]
    if kind == "text":
        return str(part["text"]["value"])
    if kind == "refusal":
        return str(part["refusal"])
    return f"[image {part[kind].get('file_id') or part[kind].get('url')}]"


def _is_for_code(attachment: Json) -> bool:
    """Return whether a file is sent to the container of the code interpreter."""
    return any(tool["type"] == "code_interpreter" for tool in attachment.get("tools") or [])
