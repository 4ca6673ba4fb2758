# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import itertools
import typing as t

from . import _read_assistants
from ._names import resolve
from ._options import Spec
from ._task import Task

SPEC = Spec(
    "openai_assistant_info",
    mutually_exclusive=[("assistant_id", name) for name in ("name", "metadata", "limit")],
)


def ensure(task: Task) -> dict[str, t.Any]:
    """Read the requested assistants, and return the task's result.

    Raises:
        NotFound: An id does not exist.
    """
    SPEC.check(task.params)
    resolve(task.wire, task.params)
    return {"changed": False, "assistants": _find(task)}


def _find(task: Task) -> list[dict[str, t.Any]]:
    assistant_id, name, metadata, limit = (task.params[each] for each in ("assistant_id", "name", "metadata", "limit"))
    if not assistant_id:
        return list(itertools.islice(_read_assistants.assistants(task.wire, name, metadata), limit))
    return [task.wire.get("assistants", assistant_id)]
