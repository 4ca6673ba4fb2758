# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The desired state of one object: find it, compare it, then create, update, replace or delete it. The specifics of
# assistants, threads and messages are in separate files.

from __future__ import annotations

import typing as t

from ._diff import diff
from ._errors import KeyTaken, NotFound

if t.TYPE_CHECKING:
    from ._client import Created
    from ._task import Task
    from ._types import Json

Path = tuple[str, ...]


class ObjectState:
    """The desired state of one object.

    A subclass finds, compares and shows its kind of object.

    Args:
        task: The task.

    Attributes:
        kind: The kind of object, which is also its key in the task's result.
    """

    kind: t.ClassVar[str]

    def __init__(self, task: Task) -> None:
        self.task = task
        self.params = task.params

    def path(self) -> Path:
        """Return the path of the list that contains the object."""
        raise NotImplementedError

    def search(self) -> Json | None:
        """Return the object of the task, or None.

        Raises:
            NotFound: The object, or the thread that it is in, does not exist.
        """
        raise NotImplementedError

    def body(self) -> Json:
        """Return the body of the request that creates the object.

        Raises:
            TaskError: A required option is missing.
        """
        raise NotImplementedError

    def idempotency_key(self, body: Json, replaced: Json | None) -> str:
        """Return the idempotency key. Tasks with the same key create one object."""
        raise NotImplementedError

    def is_meant(self, created: Json, body: Json) -> bool:
        """Return whether an object that an earlier request has created is still the desired one."""
        raise NotImplementedError

    def changes(self, found: Json) -> Json:
        """Return the fields that differ from the desired state, as the body of the update request.

        Raises:
            TaskError: A field that cannot be changed differs.
        """
        raise NotImplementedError

    def is_replaced(self, found: Json) -> bool:
        """Return whether the object must be replaced by a new one."""
        return False

    def shown(self, thing: Json) -> Json:
        """Return the fields of an object for a diff."""
        raise NotImplementedError

    def result(self, thing: Json) -> Json:
        """Return the keys of the task's result that describe an object."""
        return {self.kind: thing, f"{self.kind}_id": thing["id"]}

    def ensure(self) -> Json:
        """Bring the object to the desired state, and return the task's result.

        Raises:
            TaskError: The desired state cannot be reached, or the server refuses a request.
            KeyTaken: Another task has just created the object with different data. Search again.
        """
        found = self.find()
        if self.params["state"] == "absent":
            return self.delete([found] if found else [])
        if found is None or self.is_replaced(found):
            return self.create(found)
        updated, difference = update(self.task, (*self.path(), found["id"]), found, self.changes(found), self.shown)
        return {
            **self.result(updated),
            "changed": bool(difference),
            "diff": difference or diff(self.shown(found), self.shown(found), found["id"]),
        }

    def find(self) -> Json | None:
        """Return the object of the task, or None.

        Raises:
            NotFound: It does not exist, and the task needs it.
        """
        try:
            return self.search()
        except NotFound:
            if self.params["state"] == "absent":
                return None
            raise

    def create(self, replaced: Json | None) -> Json:
        """Create the object, delete the one that it replaces, and return the task's result."""
        body = self.body()
        created, is_new = self.request_creation(body, replaced)
        if replaced:
            self.task.wire.delete(*self.path(), replaced["id"])
        after = self.shown(body)
        before = (replaced and self.shown(replaced)) if is_new else after
        return {**self.result(created), "changed": is_new, "diff": diff(before, after, self.kind)}

    def request_creation(self, body: Json, replaced: Json | None) -> Created:
        """Create the object once, even if several tasks request it at the same time.

        Raises:
            KeyTaken: Another task has just created it with different data.
        """
        wire, path = self.task.wire, self.path()
        try:
            created = wire.create(*path, body=body, once=self.idempotency_key(body, replaced))
            if self.is_meant(created.thing, body):
                return created
        except KeyTaken:
            if self.find() != replaced:
                raise
        # The object with this idempotency key has a different identity now.
        return wire.create(*path, body=body, once=None)

    def delete(self, found: list[Json]) -> Json:
        """Delete objects and everything in them, and return the task's result for the first one."""
        deleted = [self.task.wire.delete(*self.path(), each["id"]) for each in found]
        return {
            "changed": any(deleted),
            self.kind: None,
            f"{self.kind}_id": found[0]["id"] if found else self.params[f"{self.kind}_id"],
            "diff": diff(self.shown(found[0]) if found else None, None, self.kind),
        }


def update(
    task: Task, path: Path, found: Json, changes: Json, shown: t.Callable[[Json], Json]
) -> tuple[Json, Json | None]:
    """Update an object in place.

    Args:
        task: The task.
        path: The path of the object.
        found: The current object.
        changes: The fields that differ.
        shown: Returns the fields of an object for a diff.

    Returns:
        The updated object, and the diff or None.

    Raises:
        WireError: The server refuses the change.
    """
    if not changes:
        return found, None
    difference = diff(shown(found), shown({**found, **changes}), found["id"])
    return task.wire.post(*path, body=changes), difference
