# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs and messages for requests to a model server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest
from threadworks_runtime.model import AnswerEvent, ModelServer, build_request, execute_round
from threadworks_runtime.settings import ModelOptions

from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer

_T = TypeVar("_T")
Json = dict[str, Any]
Wait = Callable[[Awaitable[_T]], _T]
FUNCTION: Json = {"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {}}}}


def make_run(**changes: Any) -> Json:
    """Return a run object with the fields that a request is built from."""
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
    """Return a message object with one text."""
    content = [{"type": "text", "text": {"value": text, "annotations": []}}]
    return {"role": role, "content": content, "attachments": [], "run_id": None} | changes


def build(run: Json, messages: list[Json], **options: Any) -> Json:
    """Return the request of the next round of a run, without counting tokens."""
    return asyncio.run(build_request(run, messages, **({"private": {}} | options)))


async def every(batches: AsyncIterator[list[_T]]) -> list[_T]:
    """Return all events."""
    return [event async for events in batches for event in events]


@pytest.fixture
def wait() -> Iterator[Wait]:
    """Runs coroutines in one event loop, because a connection can only be used in the loop that opened it."""
    loop = asyncio.new_event_loop()
    yield loop.run_until_complete
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@pytest.fixture
def connect(model_server: ScriptedServer, wait: Wait) -> Iterator[Callable[..., ModelServer]]:
    """Creates clients of the scripted server. Unset options have a default."""
    made = []

    def make(**changes: Any) -> ModelServer:
        options: Json = {"base_url": model_server.base_url, "timeout": 10, "max_retries": 0}
        made.append(ModelServer(ModelOptions(**(options | changes))))
        return made[-1]

    yield make
    for server in made:
        wait(server.close())


@pytest.fixture
def ask(connect: Callable[..., ModelServer], wait: Wait) -> Callable[..., list[AnswerEvent]]:
    """Runs one round with the scripted server: `ask("text", tools=[...])`, or with `messages=[...]`."""

    def run_once(text: str = "Hello", **changes: Any) -> list[AnswerEvent]:
        given = {name: changes.pop(name) for name in ("private", "items", "used") if name in changes}
        messages = changes.pop("messages", None) or [make_message(text)]
        return wait(every(execute_round(connect(), make_run(**changes), messages, **({"private": {}} | given))))

    return run_once
