# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Threads: identity is the id, or a key in the metadata. Metadata and tool resources are updated in place (Assistants
# wire, section 4).

from __future__ import annotations

import typing as t

from ._diff import changes
from ._identity import (
    PARAMETERS,
    THREAD,
    ansible_metadata,
    desired_metadata,
    fingerprint,
    has_metadata,
    key_metadata,
    shown_metadata,
)
from ._names import resolve, warn_if_id
from ._object_state import ObjectState
from ._options import Spec, given
from ._read_threads import by_metadata
from ._read_vector_stores import check_vector_stores, resolve_vector_stores
from ._task import Task

if t.TYPE_CHECKING:
    from ._types import Json, Metadata

SPEC = Spec("openai_thread", required_one_of=[("thread_id", "key")])
_UPDATEABLE = ("metadata", "tool_resources")


def ensure(task: Task) -> Json:
    """Bring a thread into the desired state, and return the task's result.

    Raises:
        TaskError: An option is wrong, or the server refuses a request.
    """
    SPEC.check(task.params)
    warn_if_id(task, "key", THREAD, "thread")
    resolve(task.wire, task.params)
    if task.params["state"] == "present":
        resolve_vector_stores(task.wire, task.params["tool_resources"])
    return ThreadState(task).ensure()


class ThreadState(ObjectState):
    """The desired state of a thread."""

    kind = "thread"

    def path(self) -> tuple[str, ...]:
        """Return the path of the list of threads."""
        return ("threads",)

    def search(self) -> Json | None:
        """Return the thread with the task's id or key."""
        if self.params["thread_id"]:
            return self.task.wire.get("threads", self.params["thread_id"])
        # Threads of thread runs have a different type of key.
        keyed = by_metadata(self.task.wire, key_metadata(self.params["key"]))
        return next((thread for thread in keyed if PARAMETERS not in thread["metadata"]), None)

    def body(self) -> Json:
        """Return the body of createThread."""
        fields = given(self.params, SPEC.wire)
        check_vector_stores(self.task.wire, fields.get("tool_resources"))
        return {**fields, "metadata": desired_metadata({}, fields.get("metadata"), key_metadata(self.params["key"]))}

    def idempotency_key(self, body: Json, replaced: Json | None) -> str:
        """Return an idempotency key for the task's key alone, because other fields can be updated."""
        return fingerprint("thread", self.params["key"])

    def is_meant(self, created: Json, body: Json) -> bool:
        """Return whether the thread still has the task's key."""
        return has_metadata(created, ansible_metadata(body["metadata"]))

    def changes(self, found: Json) -> Json:
        """Return the changeable fields that differ."""
        different = thread_changes(found, given(self.params, _UPDATEABLE), key_metadata(self.params["key"]))
        check_vector_stores(self.task.wire, different.get("tool_resources"), found.get("tool_resources"))
        return different

    def shown(self, thing: Json) -> Json:
        """Return the fields of a thread for a diff."""
        return shown_thread(thing)


def thread_changes(thread: Json, wanted: Json, own: Metadata) -> Json:
    """Return the fields of a thread that differ from the desired ones.

    Args:
        thread: The current thread.
        wanted: The desired fields. The metadata only has the user's pairs.
        own: The pairs of the collection that the thread must have.
    """
    metadata = desired_metadata(thread["metadata"], wanted.get("metadata"), own)
    return changes(thread, {**wanted, "metadata": metadata})


def shown_thread(thread: Json) -> Json:
    """Return the fields of a thread for a diff."""
    fields = {name: thread[name] for name in ("tool_resources", "messages") if thread.get(name)}
    return {**shown_metadata(thread.get("metadata")), **fields}
