# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove secrets from the data of a model server, which may be stored and shown to others.

A server may repeat a key in an error, a page, a header or an answer: as plain text, or in the base64 of an
``Authorization`` header. Special characters of either can be quoted for a URL, or escaped in JSON, Python or HTML.
"""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from html.entities import html5

_HIDDEN = "(key hidden)"
# Servers without keys are often used with a placeholder such as "none" or "sk". Hiding it would garble ids and texts.
_LEAST = 8
# The numbers of backslashes before a character in JSON, nested up to three times. The character can be a backslash.
_ESCAPED = {"\\": (1, 3, 7), '"': (1, 3, 7), "/": (1, 2, 4), "'": (1, 2, 4)}


class Secrets:
    """The secrets of one model server.

    Args:
        values: The secrets. A secret with fewer than 8 characters is treated as a placeholder, and is not hidden.
    """

    def __init__(self, *values: str | None) -> None:
        texts = {form for value in values if value and len(value) >= _LEAST for form in (value, *_in_base64(value))}
        # The longest first, so that a secret that contains another one is hidden completely.
        spelt = [[_spellings(each) for each in text] for text in sorted(texts, key=lambda text: (-len(text), text))]
        self._spelt = spelt
        self._shortest = min(map(len, texts), default=0)
        self._longest = max((sum(max(map(len, each)) for each in text) for text in spelt), default=1)
        self._starts = {each[0] for text in spelt for each in text[0]}
        self._pattern: re.Pattern[str] | None = None
        if texts:
            # Skip most positions quickly.
            starts = "".join(map(re.escape, sorted(self._starts)))
            self._pattern = re.compile(f"(?=[{starts}])(?:{'|'.join(map(_pattern, spelt))})")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to hide."""
        return self._pattern is None

    def hide(self, text: str) -> str:
        """Return a text without the secrets."""
        if self._pattern is None or len(text) < self._shortest:
            return text
        return self._pattern.sub(_HIDDEN, text)

    def begun(self, text: str) -> int:
        """Return the position at the end of a text where a secret may start.

        Args:
            text: A text without complete secrets.

        Returns:
            The index, or the length of the text.
        """
        for start in range(max(0, len(text) - self._longest + 1), len(text)):
            if text[start] in self._starts and any(_is_cut(spelt, text, start) for spelt in self._spelt):
                return start
        return len(text)


class Veil:
    """Removes secrets from a text in pieces. A possible beginning of a secret is held back.

    Args:
        secrets: The secrets.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take a piece.

        Args:
            piece: More of the text.

        Returns:
            The text that can be shown.
        """
        if self._secrets.is_empty:
            return piece
        text = self._secrets.hide(self._held + piece)
        begun = self._secrets.begun(text)
        self._held = text[begun:]
        return text[:begun]

    def rest(self) -> str:
        """Return the rest after the last piece."""
        held, self._held = self._held, ""
        return held


def _is_cut(spelt: list[tuple[str, ...]], text: str, start: int) -> bool:
    """Return whether a text ends within a secret.

    Args:
        spelt: The spellings of each character of the secret.
        text: The text.
        start: The position where the secret may start.
    """
    places = {start}
    for spellings in spelt:
        if any(each.startswith(text[place:]) for place in places for each in spellings):
            return True
        places = {place + len(each) for place in places for each in spellings if text.startswith(each, place)}
        if not places:
            break
    return False


def _pattern(spelt: list[tuple[str, ...]]) -> str:
    return "".join(f"(?:{'|'.join(map(re.escape, spellings))})" for spellings in spelt)


@cache
def _spellings(character: str) -> tuple[str, ...]:
    """Return the spellings of a character, the longest first."""
    if character.isascii() and character.isalnum():
        return (character,)
    code = ord(character)
    units = [json.dumps(character)[1:-1]] if code > 0x7F else [f"\\u{code:04x}", f"\\x{code:02x}"]
    quoted = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "replace"))
    spelt = {quoted, quoted.replace("%", "%25"), f"&#{code};", f"&#{code:03};", f"&#x{code:x};", f"&#x{code:04x};"}
    spelt |= {unit.replace("\\", "\\" * times) for unit in units for times in (1, 2, 4)}
    spelt |= {each.upper().replace("\\U", "\\u").replace("\\X", "\\x").replace("&#X", "&#x") for each in spelt}
    spelt |= {f"&{name}" for name, meant in html5.items() if meant == character and name.endswith(";")}
    spelt |= {character, repr(character)[1:-1], *(("+",) if character == " " else ())}
    if character in _ESCAPED:
        spelt |= {"\\" * times + character for times in _ESCAPED[character]}
    return tuple(sorted(spelt, key=lambda each: (-len(each), each)))


def _in_base64(value: str) -> set[str]:
    """Return the base64 forms of a text within a longer text: the characters that only depend on the text."""
    data = value.encode("utf-8", "replace")
    found: set[str] = set()
    for before in range(3):  # the number of bytes before it, modulo 3
        bits = 8 * (before + len(data))
        encoded = base64.b64encode(bytes(before) + data).decode()[-(-8 * before // 6) : bits // 6]
        found |= {encoded, encoded.replace("+", "-").replace("/", "_")}
    return found
