# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a request to ``POST /responses`` that every server accepts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from ..json_schema.in_options import find_unusable
from ..objects import MessageObject, RunPrivate, Usage
from ..schemas.passed import PASSED
from .errors import LimitReached, ModelError
from .messages import code_files, to_items
from .places import put
from .tools import to_text_format, to_tool_choice, to_tools
from .truncation import fit, last_messages
from .types import NO_USAGE, Json, ResponseRequest

# OpenAI refuses a smaller max_output_tokens.
_LEAST_OUTPUT_TOKENS = 16
# The fields before the input. They are the same in all runs of a thread with the same assistant.
_STABLE = ("model", "instructions", "tools")


async def build_request(
    run: Json,
    messages: list[MessageObject],
    *,
    private: RunPrivate,
    items: Sequence[Json] = (),
    used: Usage | None = None,
    count: Callable[[ResponseRequest], Awaitable[int | None]] | None = None,
    context: int | None = None,
) -> ResponseRequest:
    """Build the request of a run's next round.

    Fields that stay the same from run to run come first, in a fixed order, because servers cache the beginning of a
    prompt.

    Args:
        run: The wire run (Assistants wire, section 7), with the values of the assistant.
        messages: The messages of the thread, oldest first, without those of this run. Those of earlier runs can have
            their tool calls (`CALLS`).
        private: The private part of the run: ``reasoning_effort``, ``tool_resources``.
        items: The raw output items of the run's earlier rounds and the ``function_call_output`` items, in order.
        used: The wire usage of the earlier rounds: the token limits of a run apply to all rounds together.
        count: Counts the tokens of a prompt. If it is missing or returns None, they are estimated.
        context: The number of tokens for the prompt in the model's context, if known.

    Returns:
        The request's body, without nulls.

    Raises:
        LimitReached: A token limit leaves no room for this round.
        ModelError: ``tool_choice`` forces a tool that the run does not have, or a schema cannot be used.
    """
    used = used or NO_USAGE
    await _check_schemas(run)
    strategy = run.get("truncation_strategy") or {"type": "auto"}
    tools = to_tools(run.get("tools") or [], private.get("tool_resources") or {}, code_files(messages))
    settings = _settings(run, private, tools, forced=not items)
    limited = _output_limit(run, used)
    later: list[Json] = [_without_nulls(item) for item in items]

    functions = {tool["name"] for tool in tools if tool["type"] == "function"}

    def build(kept: list[MessageObject]) -> ResponseRequest:
        items = [item for message in kept for item in to_items(message, functions)] + later
        return {**_first(settings), "input": items, **settings, **limited}

    candidates = last_messages(messages, strategy)
    limits = [context, run["max_prompt_tokens"] - used["prompt_tokens"] if run.get("max_prompt_tokens") else None]
    limit = min((limit for limit in limits if limit is not None), default=None)
    if limit is None:
        return build(candidates)
    droppable = strategy["type"] == "auto"
    return await fit(candidates, limit=limit, droppable=droppable, build=build, count=count or _uncounted)


async def _check_schemas(run: Json) -> None:
    """Check the schemas of a run, because an older run may have any schema."""
    unusable = await find_unusable(run)
    if unusable is not None:
        place, why = unusable
        raise ModelError("invalid_prompt", f"The JSON Schema in {place} cannot be used: {why}.")


async def _uncounted(_body: ResponseRequest) -> None:
    return None


def _settings(run: Json, private: RunPrivate, tools: list[Json], *, forced: bool) -> ResponseRequest:
    """Return the request without its input and its limit.

    Args:
        run: The wire run.
        private: The private part of the run.
        tools: The run's tools, translated.
        forced: Whether ``tool_choice`` still applies. If it applied after the tools have answered, a run that forces a
            tool would never end.
    """
    text_format = to_text_format(run.get("response_format"))
    choice = run.get("tool_choice")
    settings = {
        "model": run["model"],
        "instructions": run.get("instructions") or None,
        "tools": tools or None,
        "tool_choice": to_tool_choice(choice if forced or choice == "none" else "auto", tools),
        "parallel_tool_calls": False if tools and run.get("parallel_tool_calls") is False else None,
        "temperature": run.get("temperature"),
        "top_p": run.get("top_p"),
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    put(settings, "reasoning_effort", private.get("reasoning_effort"))
    put(settings, "response_format", text_format)
    for name in PASSED:
        put(settings, name, run.get(name))
    return cast("ResponseRequest", settings)


def _first(settings: ResponseRequest) -> ResponseRequest:
    return cast("ResponseRequest", {name: value for name, value in settings.items() if name in _STABLE})


def _output_limit(run: Json, used: Usage) -> ResponseRequest:
    """Return the limit of the answer as part of the request. A run without a limit has none."""
    limit = run.get("max_completion_tokens")
    if limit is None:
        return {}
    left = int(limit - used["completion_tokens"])
    if left < _LEAST_OUTPUT_TOKENS:
        raise LimitReached("max_completion_tokens")
    return {"max_output_tokens": left}


def _without_nulls(value: Any) -> Any:
    """Return an output item of a server without nulls, which the server would refuse in a request."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
