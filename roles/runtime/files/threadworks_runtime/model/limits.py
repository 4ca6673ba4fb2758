# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large an answer may be. No model writes as much on purpose, and what is stored has to be read again."""

from __future__ import annotations

MIB = 1024 * 1024
#: Messages and tool calls of an answer.
MOST_ITEMS = 4096
#: Characters of an answer's texts.
MOST_CHARACTERS = 2 * MIB
#: Bytes of an answer that is not a stream, and of one event of a stream.
LARGEST_PIECE = 8 * MIB
#: Bytes of a stream. A token of 4 characters comes in an event of up to 500 bytes.
LARGEST_STREAM = MOST_CHARACTERS // 4 * 512
