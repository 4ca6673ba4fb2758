# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of a request and of an answer: a token is a word here, so that tests can count."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def input_tokens(body: Json) -> int:
    """The words of the request: instructions, messages and tool outputs."""
    items = body.get("input", [])
    texts = [body.get("instructions", ""), items if isinstance(items, str) else ""]
    for item in items if isinstance(items, list) else []:
        texts += [text_of(item), item.get("output", "")]
    return sum(len(text.split()) for text in texts)


def last_user_text(body: Json) -> str:
    """The text of the last message of the user, or nothing."""
    items = body.get("input", "")
    if isinstance(items, str):
        return items
    return next((text_of(item) for item in reversed(items) if item.get("role") == "user"), "")


def text_of(item: Json) -> str:
    """The text of an item, its parts joined."""
    content = item.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def pieces(text: str) -> list[str]:
    """A text as words, each with the white space before it: the deltas of the stream."""
    pieces = [""]
    for char in text:
        if char.isspace() and not pieces[-1].isspace() and pieces[-1]:
            pieces.append("")
        pieces[-1] += char
    return [piece for piece in pieces if piece]
