# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Threads: identity is the id, or a key in the metadata. Metadata and tool resources are updated in place (Assistants
# wire, section 4).

from __future__ import annotations

import typing as t

from ._diff import changes, diff
from ._errors import NotFound
from ._identity import PARAMETERS, THREAD, desired_metadata, fingerprint, key_metadata, shown_metadata
from ._options import Spec, given
from ._reading import by_metadata, resolve
from ._task import Task, create_keyed

SPEC = Spec("openai_thread", required_one_of=[("thread_id", "key")])
_UPDATEABLE = ("metadata", "tool_resources")


def ensure(task: Task) -> dict[str, t.Any]:
    """Bring a thread to the state that the task asks for, and return the task's result."""
    SPEC.check(task.params)
    if (task.params["key"] or "").startswith(THREAD):
        task.warn(
            f"The key '{task.params['key']}' looks like an id: the option thread_id of other tasks takes it for one."
        )
    resolve(task.wire, task.params)
    found = _find(task)
    if task.params["state"] == "absent":
        return delete(task, [found] if found else [])
    if found is None:
        return _create(task)
    thread, difference = update(task, found, given(task.params, _UPDATEABLE), key_metadata(task.params["key"]))
    return _result(thread, bool(difference), difference or diff(shown(found), shown(found), found["id"]))


def _find(task: Task) -> dict[str, t.Any] | None:
    thread_id, key = task.params["thread_id"], task.params["key"]
    if not thread_id:
        # A thread that a thread run made has a key of its own kind.
        mine = (thread for thread in by_metadata(task.wire, key_metadata(key)) if PARAMETERS not in thread["metadata"])
        return next(mine, None)
    try:
        return task.wire.get("threads", thread_id)
    except NotFound:
        if task.params["state"] == "absent":
            return None
        raise


def _create(task: Task) -> dict[str, t.Any]:
    body = given(task.params, SPEC.wire)
    body["metadata"] = desired_metadata({}, body.get("metadata"), key_metadata(task.params["key"]))
    once = fingerprint("thread", task.params["key"])
    thread, is_new = create_keyed(task, ("threads",), body, once, lambda task: bool(_find(task)))
    return _result(thread, is_new, diff(None if is_new else shown(body), shown(body), "thread"))


def update(
    task: Task, thread: dict[str, t.Any], wanted: dict[str, t.Any], own: dict[str, str]
) -> tuple[dict[str, t.Any], dict[str, t.Any] | None]:
    """Update a thread in place where it differs.

    Args:
        task: what is asked for.
        thread: the thread as it is.
        wanted: the desired fields; the metadata as the user's pairs alone.
        own: the collection's pairs that the thread must have.

    Returns: the thread as it is now, and the difference; None where there was none.
    """
    metadata = desired_metadata(thread["metadata"], wanted.get("metadata"), own)
    different = changes(thread, {**wanted, "metadata": metadata})
    if not different:
        return thread, None
    difference = diff(shown(thread), shown({**thread, **different}), thread["id"])
    return task.wire.post("threads", thread["id"], body=different), difference


def delete(task: Task, threads: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    """Delete threads with all that is in them, and return the task's result."""
    gone = [task.wire.delete("threads", thread["id"]) for thread in threads]
    return {
        "changed": any(gone),
        "thread": None,
        "thread_id": threads[0]["id"] if threads else task.params["thread_id"],
        "diff": diff(shown(threads[0]) if threads else None, None, "thread"),
    }


def shown(thread: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the fields of a thread that a person wants to see in a difference."""
    fields = {name: thread[name] for name in ("tool_resources", "messages") if thread.get(name)}
    return {**shown_metadata(thread.get("metadata")), **fields}


def _result(thread: dict[str, t.Any], changed: bool, difference: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"changed": changed, "thread": thread, "thread_id": thread["id"], "diff": difference}
