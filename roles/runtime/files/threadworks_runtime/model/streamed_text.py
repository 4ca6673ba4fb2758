# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text in pieces: the only copy of the reported text."""

from __future__ import annotations

from .parts import a_text
from .secrets import Secrets, Veil


class StreamedText:
    """The reported text of an item.

    Args:
        secrets: The secrets to hide, even if they are split between two pieces.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._veil = Veil(secrets)
        self._pieces: list[str] = []

    def more(self, piece: str) -> str:
        """Add a piece, and return the text that can be reported."""
        return self._keep(self._veil.feed(a_text(piece)))

    def rest(self, whole: str) -> str:
        """Return the text that has not been reported yet.

        Args:
            whole: The complete text, or empty if the server does not repeat it.
        """
        reported = str(self)
        if whole and whole.startswith(reported):
            return self._keep(whole[len(reported) :])
        return "" if whole else self._keep(self._veil.rest())

    def __str__(self) -> str:
        # Joined only once, because many citations would otherwise join it again each time.
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def _keep(self, text: str) -> str:
        if text:
            self._pieces.append(text)
        return text
