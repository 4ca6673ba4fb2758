# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Find messages. This module only reads (Assistants wire, sections 5 and 10).

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ._types import Json
    from ._wire_reading import ReadingWire


def messages(
    wire: ReadingWire, thread_id: str, run_id: str | None = None, role: str | None = None, order: str = "asc"
) -> t.Iterator[Json]:
    """Yield the messages of a thread, each with its `text`.

    Args:
        wire: The client.
        thread_id: The thread.
        run_id: Only messages that this run has written.
        role: Only messages of this role.
        order: "asc" for the oldest first, "desc" for the newest first.
    """
    query = {"order": order, **({"run_id": run_id} if run_id else {})}
    found = wire.list("threads", thread_id, "messages", query=query)
    return ({**each, "text": text_of(each)} for each in found if role in (None, each["role"]))


def text_of(message: t.Mapping[str, t.Any]) -> str:
    """Return the text of a message: its joined text and refusal parts."""
    parts = (part.get("refusal") or (part.get("text") or {}).get("value") or "" for part in message["content"])
    return "\n".join(part for part in parts if part)
