# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of requests and answers. Each word counts as a token, so that tests can predict the numbers."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def input_tokens(body: Json) -> int:
    """Return the number of words in the instructions, messages and tool outputs of a request."""
    items = body.get("input", [])
    texts = [body.get("instructions", ""), items if isinstance(items, str) else ""]
    for item in items if isinstance(items, list) else []:
        texts += [text_of(item), item.get("output", "")]
    return sum(len(text.split()) for text in texts)


def last_user_text(body: Json) -> str:
    """Return the text of the last message of the user, or an empty string."""
    items = body.get("input", "")
    if isinstance(items, str):
        return items
    return next((text_of(item) for item in reversed(items) if item.get("role") == "user"), "")


def text_of(item: Json) -> str:
    """Return the joined text of all parts of an item."""
    content = item.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def pieces(text: str) -> list[str]:
    """Split a text into words with the preceding white space, which are the deltas of a stream."""
    pieces = [""]
    for char in text:
        if char.isspace() and not pieces[-1].isspace() and pieces[-1]:
            pieces.append("")
        pieces[-1] += char
    return [piece for piece in pieces if piece]
