# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import itertools
import typing as t

from . import _read_messages, _read_runs, _read_threads
from ._names import resolve
from ._options import Spec
from ._task import Task

SPEC = Spec(
    "openai_thread_info",
    mutually_exclusive=[("thread_id", name) for name in ("key", "metadata", "limit")],
)


def ensure(task: Task) -> dict[str, t.Any]:
    """Read the requested threads, and return the task's result.

    Raises:
        NotFound: An id does not exist.
    """
    SPEC.check(task.params)
    which = {name: task.params[name] for name in ("thread_id", "key", "metadata", "limit")}
    resolve(task.wire, which)
    return {"changed": False, "threads": [{**thread, **_inside(task, thread)} for thread in _find(task, **which)]}


def _find(
    task: Task, thread_id: str | None, key: str | None, metadata: dict[str, str] | None, limit: int | None
) -> list[dict[str, t.Any]]:
    if not thread_id:
        return list(itertools.islice(_read_threads.threads(task.wire, key, metadata), limit))
    return [task.wire.get("threads", thread_id)]


def _inside(task: Task, thread: dict[str, t.Any]) -> dict[str, t.Any]:
    inside: dict[str, t.Any] = {}
    if task.params["messages"]:
        inside["messages"] = list(_read_messages.messages(task.wire, thread["id"]))
    if task.params["runs"]:
        inside["runs"] = list(_read_runs.runs(task.wire, thread["id"]))
    return inside
