# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Vector stores of the model server: identity is the key in the metadata, or the name, or the id. Their files are in
# `_vector_store_files.py`.

from __future__ import annotations

import typing as t

from ._diff import changes
from ._file import check_model_server
from ._identity import desired_metadata, fingerprint, has_metadata, key_metadata, shown_metadata
from ._object_state import ObjectState
from ._options import Spec, given
from ._read_vector_stores import only_one, vector_store, vector_stores
from ._task import Task
from ._vector_store_files import StoreFiles

if t.TYPE_CHECKING:
    from ._types import Json

SPEC = Spec("openai_vector_store", required_one_of=[("vector_store_id", "key", "name")])
_FIELDS = ("name", "expires_after", "metadata")


def ensure(task: Task) -> Json:
    """Bring a vector store and its files into the desired state, and return the task's result.

    Raises:
        TaskError: An option is wrong, the server refuses a request, or a file cannot be indexed.
    """
    SPEC.check(task.params)
    check_model_server(task)
    return _VectorStore(task).ensure()


class _VectorStore(ObjectState):
    kind = "vector_store"

    def path(self) -> tuple[str, ...]:
        return ("vector_stores",)

    def search(self) -> Json | None:
        store_id, key, name = (self.params[each] for each in ("vector_store_id", "key", "name"))
        if store_id:
            return vector_store(self.task.wire, store_id)
        if key:
            return only_one(list(vector_stores(self.task.wire, key=key)), f"the key '{key}'")
        return only_one(list(vector_stores(self.task.wire, name)), f"the name '{name}'")

    def body(self) -> Json:
        fields = {name: value for name, value in given(self.params, _FIELDS).items() if value != {}}
        fields.setdefault("name", self.params["key"])
        return {**fields, "metadata": desired_metadata({}, fields.get("metadata"), key_metadata(self.params["key"]))}

    def idempotency_key(self, body: Json, replaced: Json | None) -> str:
        # Other fields can be updated.
        identity = [self.params["key"], None if self.params["key"] else self.params["name"]]
        return fingerprint("vector_store", identity, replaced and replaced["id"])

    def is_meant(self, created: Json, body: Json) -> bool:
        if self.params["key"]:
            return has_metadata(created, key_metadata(self.params["key"]))
        return bool(created.get("name") == body["name"])

    def is_replaced(self, found: Json) -> bool:
        return found.get("status") == "expired" and not self.params["vector_store_id"]

    def changes(self, found: Json) -> Json:
        fields = given(self.params, _FIELDS)
        fields["metadata"] = desired_metadata(
            found.get("metadata"), fields.get("metadata"), key_metadata(self.params["key"])
        )
        different = changes(found, fields)
        return {name: None if (name, value) == ("expires_after", {}) else value for name, value in different.items()}

    def shown(self, thing: Json) -> Json:
        fields = {name: thing[name] for name in ("name", "expires_after") if thing.get(name)}
        return {**shown_metadata(thing.get("metadata")), **fields}

    def delete(self, found: list[Json]) -> Json:
        """Delete the vector store, and its files if requested."""
        files = StoreFiles(self.task, found[0]["id"]).existing() if found and self.params["delete_files"] else []
        result = super().delete(found)
        for file in files:
            self.task.wire.delete("files", file["id"])
        return {**result, "files": [], "added_files": [], "removed_files": [], "failed_files": []}

    def ensure(self) -> Json:
        """Bring the vector store and its files to the desired state, and return the task's result."""
        # Errors in the list of files are reported before the vector store is created.
        wanted = StoreFiles.desired(self.task) if self.params["state"] == "present" else None
        result = super().ensure()
        if self.params["state"] == "absent":
            return result
        files = StoreFiles(self.task, result["vector_store_id"])
        return files.ensure(result, wanted)
