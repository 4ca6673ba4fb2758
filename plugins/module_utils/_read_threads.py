# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Find threads. This module only reads (Assistants wire, section 4).

from __future__ import annotations

import typing as t

from ._errors import NotFound, NotSupported, TaskError
from ._identity import THREAD, is_id, key_metadata, only_id

if t.TYPE_CHECKING:
    from ._types import Json
    from ._wire_reading import ReadingWire


class CannotListThreads(TaskError):
    """The server cannot list threads, which is an addition of the runtime."""


def threads(wire: ReadingWire, key: str | None = None, pairs: dict[str, str] | None = None) -> t.Iterator[Json]:
    """Yield the threads with a key and these metadata pairs, newest first.

    Raises:
        TaskError: The server cannot list threads.
    """
    return by_metadata(wire, {**(pairs or {}), **key_metadata(key)})


def thread(wire: ReadingWire, term: str) -> Json:
    """Return the thread with this id, or the newest one with this key.

    Raises:
        NotFound: The object does not exist.
    """
    if is_id(term, THREAD):
        return wire.get("threads", term)
    for found in threads(wire, term):
        return found
    raise NotFound(f"No thread found with the key '{term}'.", "thread")


def thread_id(wire: ReadingWire, term: str) -> str:
    """Return the id of the thread for an id or a key.

    Raises:
        TaskError: Several threads have the key.
    """
    if is_id(term, THREAD):
        return term
    try:
        return only_id(term, f"threads have the key '{term}'", by_metadata(wire, key_metadata(term)))
    except CannotListThreads:
        return term


def by_metadata(wire: ReadingWire, pairs: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
    """Yield the threads with these metadata pairs, newest first.

    Raises:
        CannotListThreads: The server does not support this.
    """
    try:
        yield from wire.matching("threads", pairs=pairs)
    except (NotFound, NotSupported) as error:
        raise CannotListThreads(
            "The server cannot list threads. Check the option runtime_url, which usually ends in /v1. If the server "
            "does not support this operation, set thread_id."
        ) from error
