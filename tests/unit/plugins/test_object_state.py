# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state of an object of any kind: which requests it needs, and what the task returns."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._client import Created
from ansible_collections.threadworks.openai.plugins.module_utils._errors import KeyTaken, NotFound, TaskError
from ansible_collections.threadworks.openai.plugins.module_utils._object_state import ObjectState
from ansible_collections.threadworks.openai.plugins.module_utils._task import Task
from ansible_collections.threadworks.openai.tests.world import Json

A: Json = {"id": "1", "name": "A", "color": "red"}


class _Wire:
    """A server with one list of things.

    Attributes:
        requests: The changing requests.
    """

    def __init__(self, things: list[Json], taken: list[Json | None] | None = None) -> None:
        self.things = things
        self.requests: list[tuple[Any, ...]] = []
        # What requests with an idempotency key find: a thing, or None for a thing with other data.
        self._taken = taken or []

    def create(self, *path: str, body: Json, once: str | None) -> Created:
        self.requests.append(("create", path, body, once))
        if once is not None and self._taken:
            thing = self._taken.pop(0)
            if thing is None:
                raise KeyTaken(409, {"message": "taken"})
            return Created(thing, False)
        self.things.append({"id": "new", **body})
        return Created(self.things[-1], True)

    def post(self, *path: str, body: Json) -> Json:
        self.requests.append(("post", path, body))
        return {**A, **body}

    def delete(self, *path: str) -> bool:
        self.requests.append(("delete", path))
        return any(thing["id"] == path[-1] for thing in self.things)


class _Things(ObjectState):
    """Things with a name and a color. The color "none" cannot be changed: such a thing is replaced."""

    kind = "thing"

    def path(self) -> tuple[str, ...]:
        return ("things",)

    def search(self) -> Json | None:
        if self.params["name"] == "unknown":
            raise NotFound("No thing found.", "thing")
        return next((each for each in self._things if each["name"] == self.params["name"]), None)

    def body(self) -> Json:
        return {"name": self.params["name"], "color": self.params["color"]}

    def idempotency_key(self, body: Json, replaced: Json | None) -> str:
        return f"{body['name']} for {replaced and replaced['id']}"

    def is_meant(self, created: Json, body: Json) -> bool:
        return bool(created["name"] == body["name"])

    def changes(self, found: Json) -> Json:
        return {} if found["color"] == self.params["color"] else {"color": self.params["color"]}

    def is_replaced(self, found: Json) -> bool:
        return bool(found["color"] == "none")

    def shown(self, thing: Json) -> Json:
        return {"color": thing["color"]}

    @property
    def _things(self) -> list[Json]:
        return cast("_Wire", self.task.wire).things


def _state(wire: _Wire, **params: Any) -> _Things:
    params = {"state": "present", "name": "A", "color": "red", "thing_id": None, **params}
    return _Things(Task(params, False, True, print, _wire=cast(Any, wire)))


def _diff(before: Json, after: Json, header: str = "thing") -> Json:
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def test_a_missing_object_is_created() -> None:
    wire = _Wire([])
    thing = {"id": "new", "name": "A", "color": "red"}
    expected = {"thing": thing, "thing_id": "new", "changed": True, "diff": _diff({}, {"color": "red"})}
    assert _state(wire).ensure() == expected
    assert wire.requests == [("create", ("things",), {"name": "A", "color": "red"}, "A for None")]


def test_an_object_in_the_desired_state_is_kept() -> None:
    wire = _Wire([A])
    same = _diff({"color": "red"}, {"color": "red"}, "1")
    assert _state(wire).ensure() == {"thing": A, "thing_id": "1", "changed": False, "diff": same}
    assert wire.requests == []


def test_a_different_object_is_updated_in_place() -> None:
    wire = _Wire([A])
    result = _state(wire, color="blue").ensure()
    expected = {"thing": {**A, "color": "blue"}, "thing_id": "1", "changed": True}
    assert result == {**expected, "diff": _diff({"color": "red"}, {"color": "blue"}, "1")}
    assert wire.requests == [("post", ("things", "1"), {"color": "blue"})]


def test_an_object_that_cannot_be_changed_is_replaced() -> None:
    wire = _Wire([{**A, "color": "none"}])
    result = _state(wire).ensure()
    assert (result["thing_id"], result["changed"]) == ("new", True)
    assert result["diff"] == _diff({"color": "none"}, {"color": "red"})
    create, delete = wire.requests
    assert (create[-1], delete) == ("A for 1", ("delete", ("things", "1")))


def test_another_task_has_just_created_the_same() -> None:
    wire = _Wire([], [A])
    same = _diff({"color": "red"}, {"color": "red"})
    assert _state(wire).ensure() == {"thing": A, "thing_id": "1", "changed": False, "diff": same}
    assert len(wire.requests) == 1


def test_what_was_created_with_the_key_is_something_else_now() -> None:
    wire = _Wire([], [{**A, "name": "renamed"}])
    result = _state(wire).ensure()
    assert (result["thing_id"], result["changed"]) == ("new", True)
    assert [request[-1] for request in wire.requests] == ["A for None", None]


def test_the_key_is_taken_but_there_is_no_such_object_any_more() -> None:
    wire = _Wire([], [None])
    assert _state(wire).ensure()["thing_id"] == "new"
    assert [request[-1] for request in wire.requests] == ["A for None", None]


def test_the_key_is_taken_by_a_task_that_creates_something_else() -> None:
    wire = _Wire([A], [None])
    with pytest.raises(KeyTaken):
        _state(wire).create(None)
    assert len(wire.requests) == 1


def test_a_deletion() -> None:
    wire = _Wire([A])
    deleted = {"changed": True, "thing": None, "thing_id": "1", "diff": _diff({"color": "red"}, {})}
    assert _state(wire, state="absent").ensure() == deleted
    assert wire.requests == [("delete", ("things", "1"))]


@pytest.mark.parametrize("name", ["B", "unknown"])
def test_what_does_not_exist_is_not_deleted(name: str) -> None:
    wire = _Wire([A])
    result = _state(wire, state="absent", name=name, thing_id="given").ensure()
    assert result == {"changed": False, "thing": None, "thing_id": "given", "diff": _diff({}, {})}
    assert wire.requests == []


def test_an_object_that_another_task_deletes_at_the_same_time() -> None:
    wire = _Wire([])
    assert _state(wire, state="absent").delete([A])["changed"] is False
    assert wire.requests == [("delete", ("things", "1"))]


def test_several_are_deleted_and_the_first_one_is_returned() -> None:
    gone, others = {**A, "id": "0"}, [A, {**A, "id": "2", "color": "blue"}]
    wire = _Wire(others)
    result = _state(wire, state="absent").delete([gone, *others])
    assert (result["changed"], result["thing_id"], result["diff"]) == (True, "0", _diff({"color": "red"}, {}))
    assert [request[1][-1] for request in wire.requests] == ["0", "1", "2"]
    assert _state(_Wire(others)).delete(others[::-1])["diff"]["before"] == {"color": "blue"}


def test_what_a_task_needs_must_exist() -> None:
    with pytest.raises(TaskError, match="No thing found"):
        _state(_Wire([A]), name="unknown").ensure()
