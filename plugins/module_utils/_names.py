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
    from ._task import Task
    from ._types import Json
    from ._wire_reading import ReadingWire


def resolve(wire: ReadingWire, params: Json) -> None:
    """Replace a name in `assistant_id` and a key in `thread_id` by the id."""
    for name, id_of in (("assistant_id", assistant_id), ("thread_id", thread_id)):
        if params.get(name):
            params[name] = id_of(wire, params[name])


def warn_if_id(task: Task, option: str, prefix: str, kind: str) -> None:
    """Warn if a name or a key looks like an id.

    Args:
        task: The task.
        option: The option with the name or the key.
        prefix: The start of the ids of this kind of object.
        kind: The kind of object.
    """
    value = task.params[option] or ""
    if value.startswith(prefix):
        task.warn(
            f"The {option} '{value}' looks like an id, so other tasks cannot find the {kind} by its {option}. Choose "
            f"another {option}."
        )
