# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One round of a run: build the request, send it, read the answer."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from ..objects import Usage
from .answer import read_answer
from .errors import ContextExceeded, LimitReached
from .events import AnswerEvent
from .request import build_request
from .server import ModelServer
from .truncation import estimate
from .types import Json

# Of a model's context the prompt may take this much, so that there is room for an answer.
_PROMPT_SHARE = 0.75
# From one to the next the prompt becomes shorter. A server that finds each too long has another reason.
_ATTEMPTS = 10


async def execute_round(
    server: ModelServer,
    run: Json,
    messages: list[Json],
    *,
    private: Json,
    items: Sequence[Json] = (),
    used: Usage | None = None,
) -> AsyncGenerator[list[AnswerEvent], None]:
    """Execute a run's next round: request a response for what the run has so far.

    Where the prompt turns out to be longer than the model's context, the strategy ``auto`` drops messages and asks
    again (Assistants wire, section 2).

    Args:
        server: The model server.
        run: As for `build_request`, like the others.
        messages: The messages of the thread.
        private: What the wire run does not show.
        items: The items of the run's earlier rounds.
        used: The usage of the run's earlier rounds.

    Yields:
        What has happened since the last time.

    Raises:
        LimitReached: A token limit of the run leaves no room for this round; nothing has been sent.
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
                output_limit=server.output_limit,
                count=server.count_tokens,
                context=context,
            )
        except LimitReached as limit:
            # Where the model's context was found too small, it is that, and not the run's own limit.
            raise exceeded or limit from None
        begun = False
        try:
            async with aclosing(read_answer(server.respond(body), body, server.secrets)) as answer:
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
