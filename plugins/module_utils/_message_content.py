# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The content of messages, as requests give it and as the server returns it.

from __future__ import annotations

import typing as t


def has_content(message: t.Mapping[str, t.Any], role: str, content: t.Any) -> bool:
    """Tell whether a message of the wire has this role and this content, as a request gives them."""
    return message["role"] == role and parts_of(message["content"]) == parts_of(content)


def parts_of(content: t.Any) -> list[dict[str, t.Any]]:
    """Bring content to one form: a string is one text part, and a text's annotations are not the writer's."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [_part(part) for part in content]


def _part(part: dict[str, t.Any]) -> dict[str, t.Any]:
    kind = part["type"]
    inside = part.get(kind)
    if kind == "text":
        return {"type": kind, "text": inside["value"] if isinstance(inside, dict) else inside}
    # The wire fills in the default detail of a picture.
    return {"type": kind, kind: {"detail": "auto", **inside} if isinstance(inside, dict) else inside}
