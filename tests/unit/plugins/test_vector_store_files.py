# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a task waits until the files of a vector store are indexed, and what it says about those that are not."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _vector_store_files
from ansible_collections.threadworks.openai.plugins.module_utils._errors import NotFound, TaskError
from ansible_collections.threadworks.openai.plugins.module_utils._vector_store_files import Desired, StoreFiles
from ansible_collections.threadworks.openai.tests.world import Json

READY, WORKING, FAILED, CANCELLED = "completed", "in_progress", "failed", "cancelled"


class _Wire:
    """A vector store, whose files have other states with each read. The last states remain.

    Attributes:
        requests: The changing requests.
    """

    def __init__(self, *states: dict[str, str], files: list[Json] | None = None) -> None:
        self._states = list(states)
        self._files = {file["id"]: file for file in files or []}
        self.requests: list[tuple[Any, ...]] = []
        self.asked: list[str] = []

    def list(self, *path: str, query: Json | None = None) -> Iterator[Json]:
        if path == ("files",):
            self.asked.append("all")
            return iter(self._files.values())
        states = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return iter([{"id": id, "status": status} for id, status in states.items()])

    def get(self, *path: str) -> Json:
        if path[0] == "files":
            self.asked.append(path[1])
            if path[1] not in self._files:
                raise NotFound("No file", "file")
            return self._files[path[1]]
        return {"id": path[1], "object": "vector_store"}

    def delete(self, *path: str) -> bool:
        self.requests.append(("delete", path[0], path[-1]))
        return True

    def post(self, *path: str, body: Json) -> Json:
        self.requests.append(("post", path[-1], body))
        return body

    def add_files(self, _store_id: str, files: list[Json]) -> None:
        self.requests += [("add", file["file_id"], file) for file in files]


class _Clock:
    """The time, which only advances while the task waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pauses: list[float] = []
        monkeypatch.setattr(_vector_store_files, "time", self)

    def monotonic(self) -> float:
        return 1000 + sum(self.pauses)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.pauses.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    return _Clock(monkeypatch)


def _ensure(wire: _Wire, wanted: dict[str, Desired] | None = None, *, check: bool = False, **options: Any) -> Json:
    params = {"wait": True, "wait_timeout": 60.0, "purge_files": True, "delete_files": False}
    task = SimpleNamespace(params={**params, "chunking_strategy": None, **options}, check_mode=check, wire=wire)
    result: Json = {"changed": False, "diff": {"before": {}, "after": {}}}
    return StoreFiles(cast(Any, task), "vs_1").ensure(result, wanted)


def _wanted(*ids: str, attributes: Json | None = None) -> dict[str, Desired]:
    return {id: Desired({"id": id, "filename": f"{id}.md"}, attributes, False) for id in ids}


def test_it_waits_until_all_files_are_indexed(clock: _Clock) -> None:
    both = {"a": WORKING, "b": WORKING}
    done = _ensure(_Wire(both, both, {**both, "a": READY}, {"a": READY, "b": READY}))
    assert [file["status"] for file in done["files"]] == [READY, READY]
    assert (len(clock.pauses), done["failed_files"]) == (2, [])
    assert (done["changed"], done["vector_store"]["id"]) == (False, "vs_1")


def test_it_asks_less_and_less_often(clock: _Clock) -> None:
    with pytest.raises(TaskError):
        _ensure(_Wire({"a": WORKING}), wait_timeout=200.0)
    first, *others = clock.pauses
    assert first <= 1
    assert others[:5] == sorted(others[:5])
    assert 1 < max(others) <= 10
    assert sum(clock.pauses) == pytest.approx(200)


def test_files_that_are_not_indexed_in_time(clock: _Clock) -> None:
    wire = _Wire({"a": WORKING, "b": READY, "c": WORKING})
    with pytest.raises(TaskError, match=r"2 of 3 files are not indexed after 0\.3 seconds") as error:
        _ensure(wire, wait_timeout=0.3)
    assert sum(clock.pauses) == pytest.approx(0.3)
    assert error.value.data["vector_store"]["id"] == "vs_1"


@pytest.mark.parametrize(("check", "wait"), [(True, True), (False, False)])
def test_it_does_not_wait_in_check_mode_or_if_it_should_not(clock: _Clock, check: bool, wait: bool) -> None:
    done = _ensure(_Wire({"a": WORKING, "b": FAILED}), check=check, wait=wait)
    assert (clock.pauses, [file["id"] for file in done["failed_files"]]) == ([], ["b"])


def test_files_that_cannot_be_indexed(clock: _Clock) -> None:
    with pytest.raises(TaskError, match=r"2 of 3 files cannot be searched: a: failed \(no code\); c: cancelled"):
        _ensure(_Wire({"a": FAILED, "b": READY, "c": CANCELLED}))
    assert clock.pauses == []


def test_a_file_is_added_again_if_it_could_not_be_indexed(clock: _Clock) -> None:
    wire = _Wire({"a": FAILED, "b": READY}, {"a": READY, "b": READY})
    done = _ensure(wire, _wanted("a", "b"))
    assert wire.requests == [("delete", "vector_stores", "a"), ("add", "a", {"file_id": "a"})]
    assert done["diff"]["before"]["files"] == ["a.md", "b.md"]
    assert done["diff"]["after"]["files"] == ["a.md (indexed again)", "b.md"]
    assert (done["changed"], done["removed_files"]) == (True, [])


@pytest.mark.parametrize(
    ("attributes", "is_changed"), [(None, False), ({}, True), ({"team": "a"}, True)], ids=["kept", "emptied", "set"]
)
def test_attributes(clock: _Clock, attributes: Json | None, is_changed: bool) -> None:
    wire = _Wire({"a": READY})
    done = _ensure(wire, _wanted("a", attributes=attributes))
    assert done["changed"] is is_changed
    assert wire.requests == ([("post", "a", {"attributes": attributes})] if is_changed else [])
    assert done["diff"]["after"]["files"] == [f"a.md{' (attributes changed)' if is_changed else ''}"]


@pytest.mark.parametrize("purge", [True, False])
@pytest.mark.parametrize("delete", [True, False])
def test_other_files_are_removed(clock: _Clock, purge: bool, delete: bool) -> None:
    wire = _Wire({"a": READY, "old": READY}, files=[{"id": "old", "filename": "old.md"}])
    done = _ensure(wire, _wanted("a"), purge_files=purge, delete_files=delete)
    removed = [("delete", "vector_stores", "old")] if purge else []
    assert wire.requests == removed + ([("delete", "files", "old")] if purge and delete else [])
    assert done["removed_files"] == ([{"file_id": "old", "filename": "old.md"}] if purge else [])
    assert done["changed"] is purge


def test_a_file_that_is_replaced_by_one_of_the_same_name(clock: _Clock) -> None:
    wire = _Wire({"old": READY}, {"a": READY}, files=[{"id": "old", "filename": "a.md"}])
    done = _ensure(wire, _wanted("a"))
    assert (done["diff"]["before"]["files"], done["diff"]["after"]["files"]) == (["a.md"], ["a.md (changed)"])


def test_the_names_of_few_and_many_unknown_files(clock: _Clock) -> None:
    """Of few files, each is asked for. A file that was deleted is called by its id."""
    few = _Wire({"a": READY, "gone": READY}, files=[{"id": "a", "filename": "a.md"}])
    assert [file["filename"] for file in _ensure(few)["files"]] == ["a.md", "gone"]
    assert few.asked == ["a", "gone"]
    ids = [str(number) for number in range(50)]
    many = _Wire(dict.fromkeys([*ids, "gone"], READY), files=[{"id": id, "filename": f"{id}.md"} for id in ids])
    assert [file["filename"] for file in _ensure(many)["files"]] == [*(f"{id}.md" for id in ids), "gone"]
    assert many.asked == ["all"]


def test_an_empty_vector_store_keeps_its_diff(clock: _Clock) -> None:
    done = _ensure(_Wire({}))
    assert (done["files"], done["diff"], done["changed"]) == ([], {"before": {}, "after": {}}, False)
