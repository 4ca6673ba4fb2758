# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of a model server, shortened and cleaned for error messages."""

from __future__ import annotations

import json
import re

_KEY_LIKE = re.compile(r"\b(?:sk|sess)-[\w*.-]{6,}")
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml)\b", re.IGNORECASE)
_TITLE = re.compile(r"<(?:title|h1)[^<>]*>([^<]*)", re.IGNORECASE)
_LONGEST = 500  # characters
_LOOKED_AT = 20_000


def said(words: object) -> str:
    """Return the reason of a server as a sentence.

    Args:
        words: A text, or any other value.

    Returns:
        One line without HTML and without text that looks like a key, with a full stop.
    """
    if not words:
        return "it gave no reason."
    text = words if isinstance(words, str) else json.dumps(words, default=str)
    text = page(text) or line(text)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def line(text: str) -> str:
    """Return a text as a single line of limited length."""
    text = "".join(char if char.isprintable() else " " for char in text[:_LOOKED_AT])
    text = _KEY_LIKE.sub("(key hidden)", " ".join(text.split()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}..."


def page(text: str) -> str:
    """Return a description of an HTML page, or "" if the text is not HTML."""
    if not _PAGE.match(text[:_LOOKED_AT]):
        return ""
    title = _TITLE.search(text[:_LOOKED_AT])
    name = line(title[1])[:100] if title else ""
    return f'an HTML page, "{name}"' if name else "an HTML page"
