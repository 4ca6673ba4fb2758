# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What messages repeat of a request or a setting."""

from __future__ import annotations

_LONGEST = 100  # characters of a name or a value in a message


def shorten(text: str) -> str:
    """What a message repeats of a request: an answer is not as large as what it refuses.

    Args:
        text: A name or a value of the request.

    Returns:
        Its beginning.
    """
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
