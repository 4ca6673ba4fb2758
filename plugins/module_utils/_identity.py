# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Ansible has no state file, so the identity of an object is stored in its metadata, in at most three of the 16 pairs
# that the API allows.

from __future__ import annotations

import hashlib
import json
import typing as t

from ._errors import TaskError

PREFIX = "ansible_"
KEY = "ansible_key"
PARAMETERS = "ansible_parameters"
MESSAGE = "ansible_message"

# The prefixes of the ids of assistants and threads. Other values may be names or keys.
ASSISTANT, THREAD = "asst_", "thread_"

# The id of a predicted object. Later tasks of the same play recognize it.
KNOWN_AFTER_APPLY = "(known after apply)"

# The API accepts it but never returns it (section 3), so it is stored here to detect changes.
EFFORT = "ansible_reasoning_effort"


def predicted_id(number: int) -> str:
    """Return the id of a predicted object with this number among the objects of its kind."""
    return KNOWN_AFTER_APPLY if number == 1 else f"{KNOWN_AFTER_APPLY[:-1]} {number})"


def is_predicted(term: str) -> bool:
    """Return whether this is the id of a predicted object."""
    return term.startswith(KNOWN_AFTER_APPLY[:-1])


def is_id(term: str, prefix: str) -> bool:
    """Return whether a term is an id, and not a name or a key.

    Args:
        term: The term.
        prefix: The prefix of the ids.
    """
    return term.startswith(prefix) or is_predicted(term)


def only_id(term: str, several: str, found: t.Iterable[dict[str, t.Any]]) -> str:
    """Return the id of the only object that was found, or the term if none was found, because it may be an id.

    Args:
        term: The search term.
        several: The error text for several objects, as in "assistants have the name 'A'".
        found: The objects.

    Raises:
        TaskError: There are several. The message lists their ids.
    """
    ids = [each["id"] for each in found]
    if len(ids) > 1:
        raise TaskError(f"{len(ids)} {several}: {', '.join(ids)}. Use the id instead.")
    return ids[0] if ids else term


def fingerprint(*parts: t.Any) -> str:
    """Return a SHA-256 of plain data, as hexadecimal digits, independent of the order of keys."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def user_metadata(metadata: dict[str, str] | None) -> dict[str, str]:
    """Return the pairs that belong to the user."""
    return {key: value for key, value in (metadata or {}).items() if not key.startswith(PREFIX)}


def ansible_metadata(metadata: dict[str, str] | None) -> dict[str, str]:
    """Return the pairs that this collection wrote."""
    return {key: value for key, value in (metadata or {}).items() if key.startswith(PREFIX)}


def desired_metadata(
    metadata: dict[str, str] | None, wanted: dict[str, str] | None, own: dict[str, str]
) -> dict[str, str]:
    """Return the desired metadata of an object.

    Args:
        metadata: The current metadata.
        wanted: The user's pairs, which replace the current ones, or None to keep them.
        own: The pairs of the collection to add.
    """
    return {**(user_metadata(metadata) if wanted is None else wanted), **ansible_metadata(metadata), **own}


def key_metadata(key: str | None) -> dict[str, str]:
    """Return the metadata pair for a key, or no pair without a key."""
    return {KEY: key} if key else {}


def shown_metadata(metadata: dict[str, str] | None) -> dict[str, t.Any]:
    """Return the metadata for a diff: the key and the user's pairs."""
    fields = {"key": (metadata or {}).get(KEY), "metadata": user_metadata(metadata)}
    return {name: value for name, value in fields.items() if value}


def has_metadata(thing: t.Mapping[str, t.Any], pairs: dict[str, str]) -> bool:
    """Return whether an object has all of these metadata pairs."""
    metadata = thing.get("metadata") or {}
    return all(metadata.get(key) == value for key, value in pairs.items())
