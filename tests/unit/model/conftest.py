# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs and messages to ask a model server with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.threadworks.openai.runtime.model import Event, ModelServer, converse
from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer

Json = dict[str, Any]
FUNCTION: Json = {"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {}}}}


def make_run(**changes: Any) -> Json:
    """A wire run, as far as a request is made of it."""
    run: Json = {
        "id": "run_1",
        "model": "scripted-model",
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "response_format": "auto",
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "max_prompt_tokens": None,
        "max_completion_tokens": None,
        "temperature": None,
        "top_p": None,
    }
    return run | changes


def make_message(text: str, role: str = "user", **changes: Any) -> Json:
    """A wire message of one text."""
    content = [{"type": "text", "text": {"value": text, "annotations": []}}]
    return {"role": role, "content": content, "attachments": [], "run_id": None} | changes


@pytest.fixture
def connect(model_server: ScriptedServer) -> Iterator[Callable[..., ModelServer]]:
    """Makes clients of the scripted server; what is not given has a default."""
    made = []

    def make(**changes: Any) -> ModelServer:
        options: Json = {"base_url": model_server.base_url, "api_key": None, "organization": None, "project": None}
        made.append(ModelServer(**(options | {"timeout": 10, "max_retries": 0} | changes)))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def ask(connect: Callable[..., ModelServer]) -> Callable[..., list[Event]]:
    """Asks the scripted server for one round of a run: `ask("text", tools=[...])`, or with `messages=[...]`."""

    def run_once(text: str = "Hello", **changes: Any) -> list[Event]:
        given = {name: changes.pop(name) for name in ("private", "items", "used") if name in changes}
        messages = changes.pop("messages", None) or [make_message(text)]
        return list(converse(connect(), make_run(**changes), messages, **({"private": {}} | given)))

    return run_once
