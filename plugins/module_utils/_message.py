# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Messages: identity is role and content on the thread, or a key in the metadata, or the id. Only metadata can be
# updated in place (Assistants wire, section 5): a message of a key that is to say something else is put anew at the
# end, and the old one is deleted.

from __future__ import annotations

import typing as t

from ._client import Created
from ._diff import changes, diff
from ._errors import NotFound, TaskError, ThreadLocked
from ._identity import KEY, desired_metadata, fingerprint, key_metadata, shown_metadata
from ._options import Spec, given
from ._reading import resolve
from ._run_task import follower_of, wait_for
from ._task import Task, create_keyed

SPEC = Spec("openai_message", required_one_of=[("message_id", "key", "content")])


def ensure(task: Task) -> dict[str, t.Any]:
    """Bring a message to the state that the task asks for, and return the task's result."""
    SPEC.check(task.params)
    resolve(task.wire, task.params)
    found = _find(task)
    if task.params["state"] == "absent":
        return _delete(task, found)
    if found is None:
        return _create(task, None)
    if not _is_as_wanted(found, task.params):
        if task.params["message_id"]:
            raise TaskError(
                f"content: message {found['id']} says something else, and what a message says cannot be changed. "
                "Use a key instead of message_id: then a new message takes its place."
            )
        return _create(task, found)
    return _update(task, found)


def same(message: dict[str, t.Any], role: str, content: t.Any) -> bool:
    """Tell whether a message of the wire has this role and this content, as a request gives them."""
    return message["role"] == role and parts_of(message["content"]) == parts_of(content)


def parts_of(content: t.Any) -> list[dict[str, t.Any]]:
    """Bring content to one form: a string is one text part, and a text's annotations are not the writer's."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [_part(part) for part in content]


def _part(part: dict[str, t.Any]) -> dict[str, t.Any]:
    kind = part["type"]
    inside = part.get(kind)
    if kind == "text":
        return {"type": kind, "text": inside["value"] if isinstance(inside, dict) else inside}
    # The wire fills in the default detail of a picture.
    return {"type": kind, kind: {"detail": "auto", **inside} if isinstance(inside, dict) else inside}


def _is_as_wanted(message: dict[str, t.Any], params: dict[str, t.Any]) -> bool:
    """Tell whether a message says what the task wants it to say; attachments are part of that."""
    if params["content"] is not None and not same(message, params["role"], params["content"]):
        return False
    return not changes(message, given(params, ("attachments",)))


def _find(task: Task) -> dict[str, t.Any] | None:
    params = task.params
    path = ("threads", params["thread_id"], "messages")
    absent = params["state"] == "absent"
    try:
        if params["message_id"]:
            return task.wire.get(*path, params["message_id"])
        if params["key"]:
            return next(task.wire.matching(*path, pairs=key_metadata(params["key"])), None)
        unkeyed = (each for each in task.wire.list(*path) if KEY not in (each["metadata"] or {}))
        return next((each for each in unkeyed if _is_as_wanted(each, params)), None)
    except NotFound:
        if absent:
            return None
        raise


def _create(task: Task, old: dict[str, t.Any] | None) -> dict[str, t.Any]:
    params = task.params
    if params["content"] is None:
        raise TaskError("content is missing: the message does not exist yet, and cannot be made without it.")
    body = given(params, SPEC.wire)
    body["metadata"] = desired_metadata({}, body.get("metadata"), key_metadata(params["key"]))
    said = {name: value for name, value in body.items() if name != "metadata"}
    once = fingerprint("message", params["thread_id"], params["key"], said, old and old["id"])

    def create(path: tuple[str, ...]) -> Created:
        return create_keyed(task, path, body, once, lambda task: _find(task) != old)

    message, is_new = _when_the_thread_is_free(task, create)
    if old:
        task.wire.delete("threads", params["thread_id"], "messages", old["id"])
    before = (old and _shown(old)) if is_new else _shown(body)
    return _result(message, is_new, diff(before, _shown(body), "message"))


def _when_the_thread_is_free(task: Task, create: t.Callable[[tuple[str, ...]], Created]) -> Created:
    """Create a message; while a run is active on the thread, wait first, if the task waits."""
    thread_id, follower = task.params["thread_id"], follower_of(task)
    while True:
        try:
            return create(("threads", thread_id, "messages"))
        except ThreadLocked as error:
            run = task.wire.get("threads", thread_id, "runs", error.run_id)
            if not task.params["wait"]:
                remedy = "Set wait: true to wait for that run, or cancel it with openai_run and state: cancelled."
                raise TaskError(f"{error.message} {remedy}", **error.data) from None
        wait_for(run, follower, "an")


def _update(task: Task, found: dict[str, t.Any]) -> dict[str, t.Any]:
    wanted = given(task.params, ("metadata",)).get("metadata")
    metadata = desired_metadata(found["metadata"], wanted, key_metadata(task.params["key"]))
    if metadata == (found["metadata"] or {}):
        return _result(found, False, diff(_shown(found), _shown(found), found["id"]))
    path = ("threads", found["thread_id"], "messages", found["id"])
    message = task.wire.post(*path, body={"metadata": metadata})
    return _result(message, True, diff(_shown(found), _shown({**found, "metadata": metadata}), found["id"]))


def _delete(task: Task, found: dict[str, t.Any] | None) -> dict[str, t.Any]:
    gone = found is not None and task.wire.delete("threads", found["thread_id"], "messages", found["id"])
    return {
        "changed": gone,
        "message": None,
        "message_id": found["id"] if found else task.params["message_id"],
        "thread_id": task.params["thread_id"],
        "diff": diff(found and _shown(found), None, "message"),
    }


def _shown(message: dict[str, t.Any]) -> dict[str, t.Any]:
    texts = [part.get("text", part) for part in parts_of(message["content"])]
    said = {"role": message["role"], "content": texts[0] if len(texts) == 1 else texts}
    attached = {"attachments": message["attachments"]} if message.get("attachments") else {}
    return {**said, **attached, **shown_metadata(message.get("metadata"))}


def _result(message: dict[str, t.Any], changed: bool, difference: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "changed": changed,
        "message": message,
        "message_id": message["id"],
        "thread_id": message["thread_id"],
        "diff": difference,
    }
