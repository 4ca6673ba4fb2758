# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as the text that the database keeps. Whatever is in it, what is read can be sent as JSON in UTF-8.

Version 0.1.0 stored what a model server sent, also where it is neither Unicode nor JSON: half of a surrogate pair, NaN.
"""

from __future__ import annotations

import json
import re
from typing import Any

_REPLACEMENT = "\\ufffd"
# A whole escape sequence, since a backslash that is escaped begins none: a surrogate pair, half of one, or any other.
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>u[dD][89a-fA-F]..)|.)")
# Most texts have no escaped surrogate at all, and need no second look.
_MAYBE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_DECODER = json.JSONDecoder(parse_constant=lambda _name: None)


def dump(value: Any) -> str:
    """Encode a document. It is ASCII, which a database of any character set can keep.

    Args:
        value: The document.

    Returns:
        JSON.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(load(json.dumps(value)), allow_nan=False)


def load(stored: str | bytes) -> Any:
    """Decode a document.

    Args:
        stored: The text; psycopg has its bytes.

    Returns:
        The document; NaN and infinities in it are null, half surrogate pairs the replacement character.
    """
    text = stored if isinstance(stored, str) else stored.decode()
    if _MAYBE_HALF.search(text):
        text = _ESCAPE.sub(lambda found: _REPLACEMENT if found["half"] else found[0], text)
    return _DECODER.decode(text)


def searchable(value: str | None) -> str | None:
    """Return a text of a document as a column that is searched.

    Args:
        value: The text.

    Returns:
        The text; ``None`` where there is none, or where it has a null character, which PostgreSQL does not know.
    """
    return None if value is None or "\0" in value else value
