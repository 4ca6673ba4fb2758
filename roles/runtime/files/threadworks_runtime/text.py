# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shorten texts of requests and settings for messages."""

from __future__ import annotations

_LONGEST = 100  # maximum number of characters of a name or a value in a message


def shorten(text: str) -> str:
    """Return a text of a request, shortened for an error message.

    Args:
        text: A name or a value of the request.

    Returns:
        Its beginning.
    """
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
