# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Find assistants. This module only reads (Assistants wire, section 3).

from __future__ import annotations

import typing as t

from ._errors import NotFound, TaskError
from ._identity import ASSISTANT, has_metadata, is_id, only_id

if t.TYPE_CHECKING:
    from ._types import Json
    from ._wire_reading import ReadingWire


def assistants(wire: ReadingWire, name: str | None = None, pairs: dict[str, str] | None = None) -> t.Iterator[Json]:
    """Yield the assistants with a name and these metadata pairs, newest first."""
    if not name:
        return wire.matching("assistants", pairs=pairs or {})
    # Imported here, because a lookup by id does not need it.
    from ._read_additions import list_with

    named = list_with(wire, "assistants", addition={"name": name})
    return (each for each in named if each["name"] == name and has_metadata(each, pairs or {}))


def assistant(wire: ReadingWire, term: str) -> Json:
    """Return the assistant with this id or name.

    Raises:
        NotFound: The object does not exist.
        TaskError: Several have the name.
    """
    if is_id(term, ASSISTANT):
        return wire.get("assistants", term)
    named = list(assistants(wire, term))
    if not named:
        raise NotFound(f"No assistant found with the name '{term}'.", "assistant")
    if len(named) > 1:
        ids = ", ".join(each["id"] for each in named)
        raise TaskError(f"{len(named)} assistants have the name '{term}': {ids}. Use the id instead.")
    return named[0]


def assistant_id(wire: ReadingWire, term: str) -> str:
    """Return the id of the assistant for an id or a name.

    Raises:
        TaskError: Several assistants have the name.
    """
    if is_id(term, ASSISTANT):
        return term
    return only_id(term, f"assistants have the name '{term}'", assistants(wire, term))
