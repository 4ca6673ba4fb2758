# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Messages: identity is role and content on the thread, or a key in the metadata, or the id. Only metadata can be
# updated in place (Assistants wire, section 5). If the content for a key changes, a new message is created at the end
# of the thread, and the old one is deleted.

from __future__ import annotations

import typing as t

from ._diff import changes
from ._errors import TaskError, ThreadLocked
from ._identity import (
    KEY,
    ansible_metadata,
    desired_metadata,
    fingerprint,
    has_metadata,
    key_metadata,
    shown_metadata,
)
from ._message_content import has_content, parts_of
from ._names import resolve
from ._object_state import ObjectState
from ._options import Spec, given
from ._task import Task
from ._thread_lock import ThreadLock

if t.TYPE_CHECKING:
    from ._client import Created
    from ._types import Json

SPEC = Spec("openai_message", required_one_of=[("message_id", "key", "content")])


def ensure(task: Task) -> Json:
    """Bring a message into the desired state, and return the task's result.

    Raises:
        TaskError: An option is wrong, the server refuses a request, or an active run locks the thread for too long.
    """
    SPEC.check(task.params)
    resolve(task.wire, task.params)
    return _Message(task).ensure()


class _Message(ObjectState):
    kind = "message"

    def path(self) -> tuple[str, ...]:
        return ("threads", self.params["thread_id"], "messages")

    def search(self) -> Json | None:
        wire, path, params = self.task.wire, self.path(), self.params
        if params["message_id"]:
            return wire.get(*path, params["message_id"])
        if params["key"]:
            return next(wire.matching(*path, pairs=key_metadata(params["key"])), None)
        without_key = (each for each in wire.list(*path) if KEY not in (each["metadata"] or {}))
        return next((each for each in without_key if not self._says_something_else(each)), None)

    def body(self) -> Json:
        if self.params["content"] is None:
            raise TaskError("content is missing. It is required to create the message, which does not exist yet.")
        fields = given(self.params, SPEC.wire)
        return {**fields, "metadata": desired_metadata({}, fields.get("metadata"), key_metadata(self.params["key"]))}

    def idempotency_key(self, body: Json, replaced: Json | None) -> str:
        said = {name: value for name, value in body.items() if name != "metadata"}
        thread_id, key = self.params["thread_id"], self.params["key"]
        return fingerprint("message", thread_id, key, said, replaced and replaced["id"])

    def is_meant(self, created: Json, body: Json) -> bool:
        return has_metadata(created, ansible_metadata(body["metadata"]))

    def request_creation(self, body: Json, replaced: Json | None) -> Created:
        """Create the message. If a run is active on the thread and the task waits, wait for the run first."""
        lock = ThreadLock(self.task)
        while True:
            try:
                return super().request_creation(body, replaced)
            except ThreadLocked as error:
                run = lock.active_run(self.params["thread_id"], error)
                if not self.params["wait"]:
                    remedy = "Set wait: true to wait for that run, or cancel it with openai_run and state: cancelled."
                    raise TaskError(f"{error.message} {remedy}", **error.data) from None
            lock.wait_for(run, "an")

    def changes(self, found: Json) -> Json:
        metadata = given(self.params, ("metadata",)).get("metadata")
        desired = desired_metadata(found["metadata"], metadata, key_metadata(self.params["key"]))
        return changes(found, {"metadata": desired})

    def is_replaced(self, found: Json) -> bool:
        different = self._says_something_else(found)
        if different and self.params["message_id"]:
            raise TaskError(
                f"content: the content of message {found['id']} is different, and the content of a message cannot "
                "be changed. Use key instead of message_id to replace the message."
            )
        return different

    def _says_something_else(self, message: Json) -> bool:
        """Return whether the content or the attachments of a message differ."""
        content = self.params["content"]
        if content is not None and not has_content(message, self.params["role"], content):
            return True
        return bool(changes(message, given(self.params, ("attachments",))))

    def shown(self, thing: Json) -> Json:
        texts = [part.get("text", part) for part in parts_of(thing["content"])]
        said = {"role": thing["role"], "content": texts[0] if len(texts) == 1 else texts}
        attached = {"attachments": thing["attachments"]} if thing.get("attachments") else {}
        return {**said, **attached, **shown_metadata(thing.get("metadata"))}

    def result(self, thing: Json) -> Json:
        return {**super().result(thing), "thread_id": thing["thread_id"]}

    def delete(self, found: list[Json]) -> Json:
        return {**super().delete(found), "thread_id": self.params["thread_id"]}
