# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check whether an error message is clear."""

from __future__ import annotations

import re

_LONGEST = 4000
_UNCLEAR = {
    "an exception's name": re.compile(r"\b[A-Z][A-Za-z]*(Error|Exception|Timeout|Exhausted)\b|\b(Errno|errno) \d"),
    "a traceback": re.compile(r"Traceback|File \"|line \d+, in |<[\w.]+ object at 0x"),
    "'unexpected'": re.compile(r"\bunexpected(ly)?\b", re.IGNORECASE),
    "a page": re.compile(r"<(!doctype|html|body|head|h1)\b", re.IGNORECASE),
    "a control character": re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]"),
    "half a surrogate pair": re.compile(r"[\ud800-\udfff]"),
}


def unclear(message: object) -> str:
    """Return what is unclear about an error message, or an empty string if it is clear."""
    if not isinstance(message, str) or not message.strip():
        return "it is empty"
    if len(message) > _LONGEST:
        return f"it has {len(message)} characters"
    return ", ".join(f"it has {what}" for what, pattern in _UNCLEAR.items() if pattern.search(message))
