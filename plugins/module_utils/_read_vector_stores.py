# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Find vector stores on the model server. This module only reads.

from __future__ import annotations

import typing as t

from ._errors import NotFound, TaskError, WireError
from ._identity import has_metadata, is_predicted, key_metadata, only_id

if t.TYPE_CHECKING:
    from ._types import Json
    from ._wire_reading import ReadingWire

_PREFIX = "vs_"
_WHERE = "tool_resources.file_search.vector_store_ids"
_ADVICE = "Check the id, and the model server and its key (base_url, api_key)."


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
        raise NotFound(f"No vector store found with id '{store_id}'. {_ADVICE}", "") from error


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
        TaskError: No vector store has the name, or several have it.
    """
    ids = _ids_in(resources)
    names = {index: each for index, each in enumerate(ids) if isinstance(each, str) and not _is_id(each)}
    # One list for all names.
    stores = list(vector_stores(wire)) if names else []
    for index, name in names.items():
        # Not all model servers have ids with the same prefix.
        same = [each for each in stores if each.get("name") == name] or [each for each in stores if each["id"] == name]
        if not same:
            raise TaskError(f"{_WHERE}[{index}]: No vector store has the name or the id '{name}'. {_ADVICE}")
        ids[index] = only_id(name, f"vector stores have the name '{name}'", same)


def check_vector_stores(wire: ReadingWire, resources: Json | None, known: Json | None = None, parent: str = "") -> None:
    """Check that the vector stores in `tool_resources` exist. Only for new ids, because each takes a request.

    If the model server cannot be asked, they are not checked.

    Args:
        wire: The client.
        resources: The desired value.
        known: The current value, whose vector stores are not checked.
        parent: The path of the option that contains `tool_resources`, such as "thread.".

    Raises:
        TaskError: A vector store does not exist.
    """
    seen = _ids_in(known)
    for index, each in enumerate(_ids_in(resources)):
        if each in seen or not isinstance(each, str) or wire.unconfigured:
            continue
        try:
            wire.get("vector_stores", each)
        except NotFound:
            raise TaskError(f"{parent}{_WHERE}[{index}]: No vector store found with id '{each}'. {_ADVICE}") from None
        except WireError:
            return


def _ids_in(resources: Json | None) -> list[t.Any]:
    search = (resources or {}).get("file_search")
    ids = search.get("vector_store_ids") if isinstance(search, dict) else None
    return ids if isinstance(ids, list) else []


def _is_id(term: str) -> bool:
    return term.startswith(_PREFIX) or is_predicted(term)
