# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Assistants: identity is the name, or the id. Created, updated in place, or deleted (Assistants wire, section 3).

from __future__ import annotations

import typing as t

from . import _reading
from ._diff import changes, diff
from ._errors import NotFound, TaskError
from ._identity import ASSISTANT, EFFORT, ansible_metadata, fingerprint, user_metadata
from ._options import Spec, given
from ._task import Task

SPEC = Spec("openai_assistant", required_one_of=[("assistant_id", "name")])
# The wire takes reasoning_effort and never shows it: see `_effort`.
_FIELDS = tuple(name for name in SPEC.wire if name != "reasoning_effort")


def ensure(task: Task) -> dict[str, t.Any]:
    """Bring an assistant to the state that the task asks for, and return the task's result."""
    SPEC.check(task.params)
    if (task.params["name"] or "").startswith(ASSISTANT):
        task.warn(
            f"The name '{task.params['name']}' looks like an id: other tasks take it for one as their assistant_id."
        )
    _reading.resolve(task.wire, task.params)
    wanted = given(task.params, _FIELDS)
    found = find(task)
    if task.params["state"] == "absent":
        return _delete(task, found)
    if found is None:
        return _create(task, wanted)
    return _update(task, found, wanted)


def find(task: Task) -> dict[str, t.Any] | None:
    """Return the assistant that the task means, or None.

    Raises: TaskError where several have the name.
    """
    assistant_id, name = task.params["assistant_id"], task.params["name"]
    if assistant_id:
        try:
            return task.wire.get("assistants", assistant_id)
        except NotFound:
            if task.params["state"] == "absent":
                return None
            raise
    same = list(_reading.assistants(task.wire, name))
    if len(same) > 1:
        ids = ", ".join(each["id"] for each in same)
        raise TaskError(
            f"{len(same)} assistants have the name '{name}': {ids}. Say which with assistant_id, or delete the others."
        )
    return same[0] if same else None


def _create(task: Task, wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    if "model" not in wanted:
        raise TaskError(
            f"model is missing: the assistant '{task.params['name']}' does not exist yet, and is not made without one."
        )
    body = {**wanted, **_effort(task, {}, wanted)}
    # Two playbooks that make the same assistant at the same moment make one.
    assistant, is_new = task.wire.create("assistants", body=body, once=fingerprint("assistant", body))
    if assistant["name"] != wanted["name"]:
        # The one that was made like this once has another name by now.
        assistant, is_new = task.wire.create("assistants", body=body, once=None)
    return _result(assistant, is_new, diff(None if is_new else _shown(body), _shown(body), "assistant"))


def _update(task: Task, found: dict[str, t.Any], wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    different = changes({**found, "metadata": user_metadata(found["metadata"])}, wanted)
    different.update(_effort(task, found, different))
    if not different:
        return _result(found, False, diff(_shown(found), _shown(found), found["id"]))
    assistant = task.wire.post("assistants", found["id"], body=different)
    return _result(assistant, True, diff(_shown(found), _shown({**found, **different}), found["id"]))


def _effort(task: Task, found: dict[str, t.Any], body: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the fields that a wanted reasoning effort adds to a request.

    The wire takes reasoning_effort and never shows it: what was set is kept in the metadata too.
    """
    effort = task.params["reasoning_effort"]
    kept = ansible_metadata(found.get("metadata"))
    if effort is not None and kept.get(EFFORT) != effort:
        user = body.get("metadata", user_metadata(found.get("metadata")))
        return {"reasoning_effort": effort, "metadata": {**user, **kept, EFFORT: effort}}
    return {"metadata": {**body["metadata"], **kept}} if "metadata" in body else {}


def _delete(task: Task, found: dict[str, t.Any] | None) -> dict[str, t.Any]:
    gone = found is not None and task.wire.delete("assistants", found["id"])
    return {
        "changed": gone,
        "assistant": None,
        "assistant_id": found["id"] if found else task.params["assistant_id"],
        "diff": diff(_shown(found) if found else None, None, "assistant"),
    }


def _shown(assistant: dict[str, t.Any]) -> dict[str, t.Any]:
    shown = {name: assistant[name] for name in _FIELDS if assistant.get(name) not in (None, [], {})}
    effort = ansible_metadata(assistant.get("metadata")).get(EFFORT)
    if effort:
        shown["reasoning_effort"] = effort
    if "metadata" in shown:
        shown["metadata"] = user_metadata(shown["metadata"])
    return shown


def _result(assistant: dict[str, t.Any], changed: bool, difference: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"changed": changed, "assistant": assistant, "assistant_id": assistant["id"], "diff": difference}
