# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Text of a model on a terminal: it can neither move the cursor nor change the writing direction.

from __future__ import annotations

import unicodedata

# The categories of combining characters, the directions of right-to-left characters, and blank letters.
_JOINED = ("Mn", "Mc", "Me")
_LEFTWARDS = ("R", "AL", "AN")
_BLANK = "\u115f\u1160\u2800\u3164\uffa0\U0001d159"


def printable(text: str) -> str:
    """Return a text in which characters that a terminal may not display as they are are escaped."""
    return "".join(each if _is_plain(each) else _escaped(each) for each in text)


def _is_plain(character: str) -> bool:
    return (
        character.isprintable()
        and unicodedata.category(character) not in _JOINED
        and unicodedata.bidirectional(character) not in _LEFTWARDS
        and character not in _BLANK
    )


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
