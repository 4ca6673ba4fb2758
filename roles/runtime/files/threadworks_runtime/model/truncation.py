# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which messages of a thread a request contains (Assistants wire, section 2: ``truncation_strategy``).

``last_messages`` keeps exactly this number of the newest messages. ``auto`` drops messages until the prompt fits: those
in the middle, oldest first, then the first message of the thread. The latest user message is never dropped.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence

from ..objects import MessageObject
from .errors import LimitReached
from .types import Json, ResponseRequest

_BYTES_PER_TOKEN = 3
_TOKENS_PER_MESSAGE = 4
_TOKENS_PER_IMAGE = 1000


def last_messages(messages: list[MessageObject], strategy: Json) -> list[MessageObject]:
    """Return the messages that the strategy ``last_messages`` keeps; with ``auto``, all of them."""
    if strategy["type"] != "last_messages" or not strategy.get("last_messages"):
        return messages
    return messages[-strategy["last_messages"] :]


async def fit(
    messages: list[MessageObject],
    *,
    limit: int,
    droppable: bool,
    build: Callable[[list[MessageObject]], ResponseRequest],
    count: Callable[[ResponseRequest], Awaitable[int | None]],
) -> ResponseRequest:
    """Build the request with the most messages that fit.

    Args:
        messages: The thread's messages that may be sent, oldest first.
        limit: The maximum number of tokens of the prompt.
        droppable: Whether messages can be dropped.
        build: Builds the request for messages.
        count: Counts the tokens of a prompt, or returns None if the server cannot. Then `estimate` is used.

    Returns:
        The request.

    Raises:
        LimitReached: The prompt is too long even without all messages that can be dropped.
    """
    order = _drop_order(messages) if droppable else []

    async def attempt(dropped: int) -> ResponseRequest | None:
        gone = set(order[:dropped])
        body = build([message for index, message in enumerate(messages) if index not in gone])
        counted = await count(body)
        return body if (estimate(body) if counted is None else counted) <= limit else None

    if body := await attempt(0):
        return body
    best = await attempt(len(order))
    if best is None:
        raise LimitReached("max_prompt_tokens")
    # Counting may need a request to the server, so use a binary search.
    too_few, enough = 0, len(order)
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if body := await attempt(middle):
            enough, best = middle, body
        else:
            too_few = middle
    return best


def estimate(body: ResponseRequest) -> int:
    """Estimate the tokens of a prompt if the server does not count them. The estimate is rather too high than too low.

    A token for every 3 bytes of text in UTF-8 (English has about 4), 4 for each item around it, 1000 for each image.
    """
    parts: list[Json] = [part for item in body["input"] for part in _parts(item)]
    images: int = sum(part.get("type") == "input_image" for part in parts)
    texts = [body.get("instructions", ""), json.dumps(body["tools"]) if "tools" in body else ""]
    texts += [str(part[name]) for part in parts for name in ("text", "arguments", "output", "code") if part.get(name)]
    size: int = sum(len(text.encode("utf-8", "replace")) for text in texts)
    return -(-size // _BYTES_PER_TOKEN) + _TOKENS_PER_MESSAGE * len(body["input"]) + _TOKENS_PER_IMAGE * images


def _parts(item: Json) -> list[Json]:
    content = item.get("content")
    if isinstance(content, str):
        return [{"text": content}]
    return [item, *(content or [])]


def _drop_order(messages: Sequence[MessageObject]) -> list[int]:
    """Return the indexes of the messages that can be dropped, in this order."""
    latest = next((index for index in reversed(range(len(messages))) if messages[index]["role"] == "user"), -1)
    return [index for index in [*range(1, len(messages)), 0] if index != latest and index < len(messages)]
