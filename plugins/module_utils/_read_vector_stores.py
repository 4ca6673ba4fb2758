# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Find vector stores on the model server. This module only reads.

from __future__ import annotations

import typing as t

from ._errors import NotFound, TaskError
from ._identity import has_metadata, is_predicted, key_metadata, only_id

if t.TYPE_CHECKING:
    from ._types import Json
    from ._wire_reading import ReadingWire

_PREFIX = "vs_"


def vector_stores(
    wire: ReadingWire, name: str | None = None, key: str | None = None, pairs: dict[str, str] | None = None
) -> t.Iterator[Json]:
    """Yield the vector stores with a name, a key and these metadata pairs, newest first."""
    wanted = {**(pairs or {}), **key_metadata(key)}
    for store in wire.list("vector_stores"):
        if name in (None, store.get("name")) and has_metadata(store, wanted):
            yield store


def vector_store(wire: ReadingWire, store_id: str) -> Json:
    """Return the vector store with an id.

    Raises:
        NotFound: It does not exist for this key.
    """
    try:
        return wire.get("vector_stores", store_id)
    except NotFound as error:
        advice = "Check the id, and the model server and its key (base_url, api_key)."
        raise NotFound(f"No vector store found with id '{store_id}'. {advice}", "") from error


def only_one(found: list[Json], how: str) -> Json | None:
    """Return the vector store that was found, or None.

    Args:
        found: The vector stores.
        how: How they were found, as in "the name 'runbooks'".

    Raises:
        TaskError: There are several.
    """
    if len(found) > 1:
        ids = ", ".join(store["id"] for store in found)
        raise TaskError(
            f"{len(found)} vector stores have {how}: {ids}. Select one with vector_store_id, or delete the others."
        )
    return found[0] if found else None


def resolve_vector_stores(wire: ReadingWire, resources: Json | None) -> None:
    """Replace the names of vector stores in `tool_resources` by their ids.

    Raises:
        TaskError: Several have the name.
    """
    search = (resources or {}).get("file_search")
    ids = search.get("vector_store_ids") if isinstance(search, dict) else None
    if isinstance(search, dict) and isinstance(ids, list):
        search["vector_store_ids"] = [_id_of(wire, each) for each in ids]


def _id_of(wire: ReadingWire, term: t.Any) -> t.Any:
    if not isinstance(term, str) or term.startswith(_PREFIX) or is_predicted(term):
        return term
    return only_id(term, f"vector stores have the name '{term}'", vector_stores(wire, term))
