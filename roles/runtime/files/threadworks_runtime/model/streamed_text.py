# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text that comes in pieces: the only copy of what has been reported of it."""

from __future__ import annotations

from .parts import a_text
from .secrets import Secrets, Veil


class StreamedText:
    """A text of an item, as far as it has been reported.

    Args:
        secrets: What is hidden in it, also where two pieces have it in parts.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._veil = Veil(secrets)
        self._pieces: list[str] = []

    def more(self, piece: str) -> str:
        """Take a piece, and return what can be reported of the text now."""
        return self._keep(self._veil.feed(a_text(piece)))

    def rest(self, whole: str) -> str:
        """Return what has not been reported yet.

        Args:
            whole: The whole text; empty where the server does not repeat it.
        """
        reported = str(self)
        if whole and whole.startswith(reported):
            return self._keep(whole[len(reported) :])
        return "" if whole else self._keep(self._veil.rest())

    def __str__(self) -> str:
        # Joined once: whoever asks again and again, as many citations do, must not pay for all of it each time.
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def _keep(self, text: str) -> str:
        if text:
            self._pieces.append(text)
        return text
