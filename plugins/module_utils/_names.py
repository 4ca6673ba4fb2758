# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Names and keys in place of ids: of an assistant its name, of a thread its key.

from __future__ import annotations

import typing as t

from ._read_assistants import assistant_id
from ._read_threads import thread_id

if t.TYPE_CHECKING:
    from ._types import Json
    from ._wire_reading import ReadingWire


def resolve(wire: ReadingWire, params: Json) -> None:
    """Replace a name in `assistant_id` and a key in `thread_id` by the id."""
    for name, id_of in (("assistant_id", assistant_id), ("thread_id", thread_id)):
        if params.get(name):
            params[name] = id_of(wire, params[name])
