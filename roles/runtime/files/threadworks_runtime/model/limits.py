# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The maximum size of an answer. Models do not reach it on purpose, and stored data must be readable again."""

from __future__ import annotations

MIB = 1024 * 1024
#: Maximum number of messages and tool calls in an answer.
MOST_ITEMS = 4096
#: Maximum number of characters in the texts of an answer.
MOST_CHARACTERS = 2 * MIB
#: Maximum number of bytes of an answer that is not a stream, and of an event of a stream.
LARGEST_PIECE = 8 * MIB
#: Maximum number of bytes of a stream. A token of 4 characters is sent in an event of up to 500 bytes.
LARGEST_STREAM = MOST_CHARACTERS // 4 * 512
