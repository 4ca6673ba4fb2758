# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encode documents as text for the database. Documents that are read can always be sent as JSON in UTF-8.

Version 0.1.0 stored data of model servers that is not valid Unicode or JSON, such as lone surrogates and NaN.
"""

from __future__ import annotations

import json
import re
from typing import Any

_REPLACEMENT = "\\ufffd"
# A whole escape sequence, because an escaped backslash does not start one: a surrogate pair, a lone surrogate, or any
# other.
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<half>u[dD][89a-fA-F]..)|.)")
# Most texts have no escaped surrogates, and need no further check.
_MAYBE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_ENCODER = json.JSONEncoder(allow_nan=False)  # kept, because json.dumps would create one for each call
_DECODER = json.JSONDecoder(parse_constant=lambda _name: None)


def dump(value: Any) -> str:
    """Encode a document as ASCII, which all databases support.

    Args:
        value: The document.

    Returns:
        JSON.
    """
    try:
        return _ENCODER.encode(value)
    except ValueError:
        return _ENCODER.encode(load(json.dumps(value)))


def load(stored: str | bytes) -> Any:
    """Decode a document.

    Args:
        stored: The text, or its bytes from psycopg.

    Returns:
        The document. NaN and infinities are replaced by null, and lone surrogates by the replacement character.
    """
    text = stored if isinstance(stored, str) else stored.decode()
    if _MAYBE_HALF.search(text):
        text = _ESCAPE.sub(lambda found: _REPLACEMENT if found["half"] else found[0], text)
    return _DECODER.decode(text)


def searchable(value: str | int | None) -> str | int | None:
    """Return a text or a number of a document for a column that is used in queries.

    Args:
        value: The text or number.

    Returns:
        The value, or None if it is missing or has a null character, which PostgreSQL does not support.
    """
    return None if isinstance(value, str) and "\0" in value else value
