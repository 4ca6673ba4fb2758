# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The content of messages in requests and in answers of the server.

from __future__ import annotations

import typing as t


def has_content(message: t.Mapping[str, t.Any], role: str, content: t.Any) -> bool:
    """Return whether a message has this role and content, given in the format of a request."""
    return message["role"] == role and parts_of(message["content"]) == parts_of(content)


def parts_of(content: t.Any) -> list[dict[str, t.Any]]:
    """Normalize content: a string becomes a text part, and annotations are ignored."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [_part(part) for part in content]


def _part(part: dict[str, t.Any]) -> dict[str, t.Any]:
    kind = part["type"]
    inside = part.get(kind)
    if kind == "text":
        return {"type": kind, "text": inside["value"] if isinstance(inside, dict) else inside}
    # The API adds the default detail of an image.
    return {"type": kind, kind: {"detail": "auto", **inside} if isinstance(inside, dict) else inside}
