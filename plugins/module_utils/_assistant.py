# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Assistants: identity is the name, or the id. Created, updated in place, or deleted (Assistants wire, section 3).

from __future__ import annotations

import typing as t

from . import _read_assistants
from ._diff import changes
from ._errors import TaskError
from ._identity import ASSISTANT, EFFORT, ansible_metadata, fingerprint, user_metadata
from ._names import resolve, warn_if_id
from ._object_state import ObjectState
from ._options import Spec, given
from ._read_vector_stores import check_vector_stores, resolve_vector_stores
from ._task import Task

if t.TYPE_CHECKING:
    from ._types import Json

SPEC = Spec("openai_assistant", required_one_of=[("assistant_id", "name")])
# The API accepts reasoning_effort but never returns it (see `_effort`).
_FIELDS = tuple(name for name in SPEC.wire if name != "reasoning_effort")


def ensure(task: Task) -> Json:
    """Bring an assistant into the desired state, and return the task's result.

    Raises:
        TaskError: An option is wrong, or the server refuses a request.
    """
    SPEC.check(task.params)
    warn_if_id(task, "name", ASSISTANT, "assistant")
    resolve(task.wire, task.params)
    if task.params["state"] == "present":
        resolve_vector_stores(task.wire, task.params["tool_resources"])
    return _Assistant(task).ensure()


class _Assistant(ObjectState):
    kind = "assistant"

    def path(self) -> tuple[str, ...]:
        return ("assistants",)

    def search(self) -> Json | None:
        assistant_id, name = self.params["assistant_id"], self.params["name"]
        if assistant_id:
            return self.task.wire.get("assistants", assistant_id)
        same = list(_read_assistants.assistants(self.task.wire, name))
        if len(same) > 1:
            ids = ", ".join(each["id"] for each in same)
            raise TaskError(
                f"{len(same)} assistants have the name '{name}': {ids}. Select one with assistant_id, or delete the "
                "others."
            )
        return same[0] if same else None

    def body(self) -> Json:
        fields = given(self.params, _FIELDS)
        if "model" not in fields:
            raise TaskError(
                f"model is missing. It is required to create the assistant '{self.params['name']}', which does not "
                "exist yet."
            )
        check_vector_stores(self.task.wire, fields.get("tool_resources"))
        return {**fields, **self._effort({}, fields)}

    def idempotency_key(self, body: Json, replaced: Json | None) -> str:
        return fingerprint("assistant", body)

    def is_meant(self, created: Json, body: Json) -> bool:
        return bool(created["name"] == body["name"])

    def changes(self, found: Json) -> Json:
        fields = given(self.params, _FIELDS)
        different = changes({**found, "metadata": user_metadata(found["metadata"])}, fields)
        check_vector_stores(self.task.wire, different.get("tool_resources"), found.get("tool_resources"))
        return {**different, **self._effort(found, different)}

    def _effort(self, found: Json, body: Json) -> Json:
        """Return the fields that a desired reasoning effort adds to a request.

        The API accepts reasoning_effort but never returns it, so it is also stored in the metadata.
        """
        effort = self.params["reasoning_effort"]
        kept = ansible_metadata(found.get("metadata"))
        if effort is not None and kept.get(EFFORT) != effort:
            user = body.get("metadata", user_metadata(found.get("metadata")))
            return {"reasoning_effort": effort, "metadata": {**user, **kept, EFFORT: effort}}
        return {"metadata": {**body["metadata"], **kept}} if "metadata" in body else {}

    def shown(self, thing: Json) -> Json:
        fields = {name: thing[name] for name in _FIELDS if thing.get(name) not in (None, [], {})}
        effort = ansible_metadata(thing.get("metadata")).get(EFFORT)
        if effort:
            fields["reasoning_effort"] = effort
        if "metadata" in fields:
            fields["metadata"] = user_metadata(fields["metadata"])
        return fields
