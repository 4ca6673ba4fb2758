# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Ansible has no state file, so the identity of a thing is written in its own metadata on the wire: in at most three of
# the 16 pairs that the wire allows.

from __future__ import annotations

import hashlib
import json
import typing as t

from ._errors import TaskError

PREFIX = "ansible_"
KEY = "ansible_key"
PARAMETERS = "ansible_parameters"
MESSAGE = "ansible_message"

# How the ids of assistants and threads start: what starts otherwise may be a name or a key.
ASSISTANT, THREAD = "asst_", "thread_"

# The id of a thing that check mode would have created; later tasks of the same check know it again.
KNOWN_AFTER_APPLY = "(known after apply)"

# Set only, never shown by the wire (section 3): remembered here, or a change of it could not be seen.
EFFORT = "ansible_reasoning_effort"


def predicted_id(number: int) -> str:
    """Return the id of a thing that only check mode has made, the first, second, ... of its kind."""
    return KNOWN_AFTER_APPLY if number == 1 else f"{KNOWN_AFTER_APPLY[:-1]} {number})"


def is_predicted(term: str) -> bool:
    """Tell whether this is the id of a thing that only check mode has made."""
    return term.startswith(KNOWN_AFTER_APPLY[:-1])


def is_id(term: str, prefix: str) -> bool:
    """Tell whether a term is an id, and not a name or a key.

    Args:
        term: The term.
        prefix: How ids of its kind start.
    """
    return term.startswith(prefix) or is_predicted(term)


def only_id(term: str, several: str, found: t.Iterable[dict[str, t.Any]]) -> str:
    """Return the id of the only object that was found; the term itself if nothing was found: it may be an id.

    Args:
        term: The term that was looked for.
        several: What is wrong if there are several, as in "assistants have the name 'A'".
        found: The objects.

    Raises:
        TaskError: There are several; the message lists their ids.
    """
    ids = [each["id"] for each in found]
    if len(ids) > 1:
        raise TaskError(f"{len(ids)} {several}: {', '.join(ids)}. Use the id instead.")
    return ids[0] if ids else term


def fingerprint(*parts: t.Any) -> str:
    """Return a SHA-256 of plain data, as hexadecimal digits; the order of keys makes no difference."""
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
        metadata: As it is.
        wanted: The user's pairs, in place of those that it has; None where the task says nothing of them.
        own: Pairs of the collection, added to those that it has.
    """
    return {**(user_metadata(metadata) if wanted is None else wanted), **ansible_metadata(metadata), **own}


def key_metadata(key: str | None) -> dict[str, str]:
    """Return the pair that a task's key is kept as; none where it gives no key."""
    return {KEY: key} if key else {}


def shown_metadata(metadata: dict[str, str] | None) -> dict[str, t.Any]:
    """Return what a person knows of an object's metadata, for a difference: the key, and the user's own pairs."""
    fields = {"key": (metadata or {}).get(KEY), "metadata": user_metadata(metadata)}
    return {name: value for name, value in fields.items() if value}


def has_metadata(thing: t.Mapping[str, t.Any], pairs: dict[str, str]) -> bool:
    """Tell whether an object of the wire carries all of these metadata pairs."""
    metadata = thing.get("metadata") or {}
    return all(metadata.get(key) == value for key, value in pairs.items())
