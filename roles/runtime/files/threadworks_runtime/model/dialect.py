# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences between servers of the Responses API: fields that are added to the portable request.

`build_request` creates a request that every server accepts. OpenAI (and Azure) refuse unknown fields and store each
response by default. llama.cpp only enforces a JSON Schema in the ``response_format`` of chat completions.
"""

from __future__ import annotations

import re
from typing import Any

from .types import Json, ResponseRequest

_OPENAI_HOSTS = re.compile(r"(^|\.)(api\.openai\.com|openai\.azure\.com|(services\.ai|cognitiveservices)\.azure\.com)$")
_INCLUDE = {"code_interpreter": "code_interpreter_call.outputs", "file_search": "file_search_call.results"}
_ENCRYPTED = "reasoning.encrypted_content"


def speak(body: ResponseRequest, *, host: str) -> Json:
    """Adapt a portable request to the server at a host."""
    is_openai = _OPENAI_HOSTS.search(host) is not None
    include = [_INCLUDE[tool["type"]] for tool in body.get("tools", []) if tool["type"] in _INCLUDE]
    spoken: Json = {**body}
    if is_openai:
        # The history is stored here, not on the server, so reasoning items must be sent with their content.
        spoken["store"] = False
        include.append(_ENCRYPTED)
    elif text_format := body.get("text", {}).get("format"):
        spoken["response_format"] = _chat_format(text_format)
    if include:
        spoken["include"] = include
    return spoken


def without_refused(spoken: Json, *, param: str | None, message: str) -> Json | None:
    """Return the request without the addition that a server refused, or None if it refused something else.

    A gateway with any host name may use OpenAI, and models may support less than their server.

    Args:
        spoken: The request, from `speak`.
        param: The field that the server's error names.
        message: The error's message, which is searched if ``param`` is missing.
    """
    if "encrypted content" in message.lower():
        param = "include"
    name = next((name for name in ("response_format", "include") if name in (param, *message.split("'"))), None)
    if name not in spoken:
        return None
    reduced = {key: value for key, value in spoken.items() if key != name}
    hosted = [value for value in spoken[name] if value != _ENCRYPTED] if name == "include" else []
    if hosted and _ENCRYPTED in spoken["include"]:
        reduced["include"] = hosted
    return reduced


def _chat_format(text_format: Json) -> Json:
    """``text.format`` in the style of chat completions."""
    kind = text_format["type"]
    if kind != "json_schema":
        return {"type": kind}
    schema: dict[str, Any] = {name: value for name, value in text_format.items() if name != "type"}
    return {"type": kind, kind: schema}
