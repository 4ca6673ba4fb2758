# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One round of a run: build the request, send it, read the answer."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from ..objects import MessageObject, RunPrivate, Usage
from .answer import read_answer
from .errors import ContextExceeded, LimitReached
from .events import AnswerEvent
from .limiter import Waiting
from .request import build_request
from .server import ModelServer
from .truncation import estimate
from .types import Json, ResponseRequest

# The share of the model's context for the prompt, so that there is room for an answer.
_PROMPT_SHARE = 0.75
# The prompt becomes shorter each time. If the server still refuses it, there is another reason.
_ATTEMPTS = 10


async def execute_round(
    server: ModelServer,
    run: Json,
    messages: list[MessageObject],
    *,
    private: RunPrivate,
    items: Sequence[Json] = (),
    used: Usage | None = None,
    admit: Callable[[ResponseRequest], Awaitable[None]] | None = None,
    waiting: Waiting | None = None,
) -> AsyncGenerator[list[AnswerEvent], None]:
    """Execute the next round of a run.

    If the prompt is longer than the model's context, the strategy ``auto`` drops messages and repeats the request
    (Assistants wire, section 2).

    Args:
        server: The model server.
        run: As for `build_request`, like the others.
        messages: The messages of the thread.
        private: The private part of the run.
        items: The items of the run's earlier rounds.
        used: The usage of the run's earlier rounds.
        admit: Called with the request before it is sent. It waits until the round may start, or raises an exception.
        waiting: How the run waits for its turn at the model server.

    Yields:
        The new events.

    Raises:
        LimitReached: A token limit of the run leaves no room for this round. No request has been sent.
        ModelError: The run fails.
    """
    context: int | None = None
    exceeded: ContextExceeded | None = None
    for attempt in itertools.count(1):
        try:
            body = await build_request(
                run,
                messages,
                private=private,
                items=items,
                used=used,
                count=server.count_tokens,
                context=context,
            )
        except LimitReached as limit:
            # If the model's context was too small, that is the reason, not the limit of the run.
            raise exceeded or limit from None
        if admit and attempt == 1:  # further requests of the round are shorter
            await admit(body)
        begun = False
        try:
            batches = server.respond(body, waiting)
            async with aclosing(read_answer(batches, body, server.secrets)) as answer:
                async for events in answer:
                    begun = True
                    yield events
            return
        except ContextExceeded as error:
            is_auto = (run.get("truncation_strategy") or {}).get("type", "auto") == "auto"
            if begun or not is_auto or attempt == _ATTEMPTS:
                raise
            exceeded = error
            size = error.limit or context or await server.count_tokens(body) or estimate(body)
            context = int(min(size, context or size) * _PROMPT_SHARE)
