# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import itertools
import typing as t

from ._file import check_model_server
from ._options import Spec
from ._read_vector_stores import vector_store, vector_stores
from ._task import Task

SPEC = Spec(
    "openai_vector_store_info",
    mutually_exclusive=[("vector_store_id", name) for name in ("name", "key", "metadata", "limit")],
)


def ensure(task: Task) -> dict[str, t.Any]:
    """Read the requested vector stores, and return the task's result.

    Raises:
        NotFound: An id does not exist.
    """
    SPEC.check(task.params)
    check_model_server(task)
    return {"changed": False, "vector_stores": [{**store, **_inside(task, store)} for store in _find(task)]}


def _find(task: Task) -> list[dict[str, t.Any]]:
    if task.params["vector_store_id"]:
        return [vector_store(task.wire, task.params["vector_store_id"])]
    name, key, metadata, limit = (task.params[each] for each in ("name", "key", "metadata", "limit"))
    return list(itertools.islice(vector_stores(task.wire, name, key, metadata), limit))


def _inside(task: Task, store: dict[str, t.Any]) -> dict[str, t.Any]:
    if not task.params["files"]:
        return {}
    return {"files": list(task.wire.list("vector_stores", store["id"], "files"))}
