# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping what came as a secret out of what a model server sends: it may be stored, and shown to others.

A server repeats a key in an error, a page, a header or an answer; as it is, quoted for a URL, escaped in JSON or HTML,
or in the base64 of an ``Authorization`` header.
"""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote

_HIDDEN = "(key hidden)"
# A server without keys is often given some word for one: "none", "sk". To hide that would garble ids and texts.
_LEAST = 8


class Secrets:
    """The secrets of one model server.

    :param values: the secrets. One with fewer than 8 characters is taken for a placeholder, and is not hidden.
    """

    def __init__(self, *values: str | None) -> None:
        forms = {form for value in values if value and len(value) >= _LEAST for form in _forms(value)}
        # The longest first: where one form contains another, all of it is hidden.
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        self._starts = {form[0] for form in forms}
        self._shortest, self._longest = min(map(len, forms), default=0), max(map(len, forms), default=1)
        self._pattern = re.compile("|".join(map(re.escape, self._forms))) if forms else None

    def hide(self, text: str) -> str:
        """A text without the secrets."""
        # Most texts are short or have none, and to look for each form in turn is the fastest way to know.
        if self._pattern is None or len(text) < self._shortest or not any(form in text for form in self._forms):
            return text
        return self._pattern.sub(_HIDDEN, text)

    def begun(self, text: str) -> int:
        """Where at the end of a text a secret may have begun.

        :param text: a text without whole secrets.
        :return: the index; the text's length where none has.
        """
        for start in range(max(0, len(text) - self._longest + 1), len(text)):
            if text[start] in self._starts and any(form.startswith(text[start:]) for form in self._forms):
                return start
        return len(text)


class Veil:
    """A text that comes in pieces, without the secrets: what may be the beginning of one is held back.

    :param secrets: the secrets.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take a piece.

        :param piece: more of the text.
        :return: what can be shown now.
        """
        text = self._secrets.hide(self._held + piece)
        begun = self._secrets.begun(text)
        self._held = text[begun:]
        return text[:begun]

    def rest(self) -> str:
        """What is left when no more pieces come."""
        held, self._held = self._held, ""
        return held


def _forms(value: str) -> set[str]:
    data = value.encode("utf-8", "replace")
    plain = {value, quote(value), quote(value, safe=""), html.escape(value), repr(value)[1:-1]}
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    return plain | escaped | {form for before in range(3) for form in _in_base64(data, before)}


def _in_base64(data: bytes, before: int) -> set[str]:
    """How data look in the base64 of something longer: the characters that depend on the data alone.

    :param data: the data.
    :param before: how many bytes stand before them, modulo 3.
    """
    bits = 8 * (before + len(data))
    encoded = base64.b64encode(bytes(before) + data).decode()[-(-8 * before // 6) : bits // 6]
    return {encoded, encoded.replace("+", "-").replace("/", "_")}
