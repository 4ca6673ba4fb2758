# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task with openai_vector_store means."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.unit.plugins.table import (
    Given,
    Refusal,
    Row,
    all_of,
    did,
    hosted,
    look_at,
    look_at_refusal,
    nothing,
)
from ansible_collections.threadworks.openai.tests.world import Json, World

LIST, GET, MEMBERS = "GET /vector_stores", "GET /vector_stores/*", "GET /vector_stores/*/files"
CREATE, MODIFY, DELETE = "POST /vector_stores", "POST /vector_stores/*", "DELETE /vector_stores/*"
ADD, ADD_MANY = "POST /vector_stores/*/files", "POST /vector_stores/*/file_batches"
REMOVE, CHANGE = "DELETE /vector_stores/*/files/*", "POST /vector_stores/*/files/*"
FILE, DELETE_FILE = "GET /files/*", "DELETE /files/*"
AFTER = [MEMBERS, MEMBERS, GET]
A: Json = {"name": "runbooks"}
EXPIRY: Json = {"anchor": "last_active_at", "days": 7}
SIZES: Json = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}}


def _files(*contents: str | bytes) -> Given:
    """Files on the model server: file_1 and so on."""

    def given(world: World) -> None:
        for number, content in enumerate(contents, 1):
            raw = content if isinstance(content, bytes) else content.encode()
            hosted(world)._keep_file(f"{number}.md", raw, "assistants")

    return given


def _ids(*numbers: int) -> list[str]:
    return [f"file_{number:06}" for number in numbers]


def _expired(world: World) -> None:
    hosted(world).expire(world.ids["vector_store_id"])


TWO = _files("disks fill up", "fans stop")
TABLE = {
    "none": Row(nothing, A, [CREATE], [LIST, *AFTER]),
    "none, every field": Row(nothing, {**A, "metadata": {"a": 1}, "expires_after": EXPIRY}, [CREATE], [LIST, *AFTER]),
    "the same": Row(did("vector_store", **A), A, [], [LIST, *AFTER]),
    "another name": Row(did("vector_store", **A), {"name": "B"}, [CREATE], [LIST, *AFTER]),
    "metadata": Row(did("vector_store", **A), {**A, "metadata": {"a": 1}}, [MODIFY], [LIST, *AFTER]),
    "metadata not given any more": Row(did("vector_store", **A, metadata={"a": 1}), A, [], [LIST, *AFTER]),
    "metadata emptied": Row(
        did("vector_store", **A, metadata={"a": 1}), {**A, "metadata": {}}, [MODIFY], [LIST, *AFTER]
    ),
    "an expiry": Row(did("vector_store", **A), {**A, "expires_after": EXPIRY}, [MODIFY], [LIST, *AFTER]),
    "no expiry any more": Row(
        did("vector_store", **A, expires_after=EXPIRY), {**A, "expires_after": {}}, [MODIFY], [LIST, *AFTER]
    ),
    "by key": Row(did("vector_store", key="k"), {"key": "k"}, [], [LIST, *AFTER]),
    "by key, another name": Row(
        did("vector_store", key="k", name="A"), {"key": "k", "name": "B"}, [MODIFY], [LIST, *AFTER]
    ),
    "by id, a name and a key": Row(
        did("vector_store", **A), {"vector_store_id": "newest", "name": "B", "key": "k"}, [MODIFY], [GET, *AFTER]
    ),
    "expired": Row(all_of(did("vector_store", **A), _expired), A, [CREATE, DELETE], [LIST, *AFTER]),
    "files, none": Row(TWO, {**A, "files": _ids(1, 2)}, [CREATE, ADD_MANY], [FILE, FILE, LIST, *AFTER]),
    "files, the same": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1, 2))),
        {**A, "files": _ids(2, 1)},
        [],
        [FILE, FILE, LIST, *AFTER],
    ),
    "files, one more": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1))),
        {**A, "files": _ids(1, 2)},
        [ADD],
        [FILE, FILE, LIST, *AFTER],
    ),
    "files, another one": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1))),
        {**A, "files": _ids(2)},
        [REMOVE, ADD],
        [FILE, LIST, MEMBERS, FILE, MEMBERS, GET],
    ),
    "files, another one, without purge": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1))),
        {**A, "files": _ids(2), "purge_files": False},
        [ADD],
        [FILE, LIST, MEMBERS, FILE, MEMBERS, GET],
    ),
    "files, another one, the old one deleted": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1))),
        {**A, "files": _ids(2), "delete_files": True},
        [REMOVE, ADD, DELETE_FILE],
        [FILE, LIST, MEMBERS, FILE, MEMBERS, GET],
    ),
    "files, none any more": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1))),
        {**A, "files": []},
        [REMOVE],
        [LIST, MEMBERS, FILE, MEMBERS, GET],
    ),
    "files not given": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1))), A, [], [LIST, MEMBERS, FILE, MEMBERS, GET]
    ),
    "files by name": Row(TWO, {**A, "files": ["1.md"]}, [CREATE, ADD], ["GET /files", LIST, *AFTER]),
    "files, attributes": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1))),
        {**A, "files": [{"file_id": _ids(1)[0], "attributes": {"team": "a"}}]},
        [CHANGE],
        [FILE, LIST, *AFTER],
    ),
    "files, different attributes": Row(
        TWO,
        {**A, "files": [{"file_id": each, "attributes": {"id": each}} for each in _ids(1, 2)]},
        [CREATE, ADD, ADD],
        [FILE, FILE, LIST, *AFTER],
    ),
    "files, other sizes": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1))),
        {**A, "files": _ids(1), "chunking_strategy": SIZES},
        [REMOVE, ADD],
        [FILE, LIST, *AFTER],
    ),
    "files, the same sizes": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1), chunking_strategy=SIZES)),
        {**A, "files": _ids(1), "chunking_strategy": SIZES},
        [],
        [FILE, LIST, *AFTER],
    ),
    "absent, none": Row(nothing, {**A, "state": "absent"}, [], [LIST]),
    "absent": Row(all_of(TWO, did("vector_store", **A, files=_ids(1))), {**A, "state": "absent"}, [DELETE], [LIST]),
    "absent, with its files": Row(
        all_of(TWO, did("vector_store", **A, files=_ids(1, 2))),
        {**A, "state": "absent", "delete_files": True},
        [DELETE, DELETE_FILE, DELETE_FILE],
        [LIST, MEMBERS],
    ),
    "absent, no such id": Row(nothing, {"vector_store_id": "vs_none", "state": "absent"}, [], [GET]),
}
REFUSED = {
    "no such id": Refusal(nothing, {"vector_store_id": "vs_none"}, "No vector store found with id 'vs_none'. Check"),
    "two of one name": Refusal(
        all_of(did("vector_store", **A, key="a"), did("vector_store", **A, key="b")),
        A,
        r"2 vector stores have the name 'runbooks': vs_\d+, vs_\d+. Select one with vector_store_id",
    ),
    "no such file": Refusal(nothing, {**A, "files": ["file-none"]}, "No file found with id 'file-none'"),
    "no such name": Refusal(nothing, {**A, "files": ["none.md"]}, "No file found with the name 'none.md', neither"),
    "no such path": Refusal(nothing, {**A, "files": ["/none/a.md"]}, "path /none/a.md cannot be read: no such file"),
    "two of one file name": Refusal(
        all_of(_files("a"), _files("b")), {**A, "files": ["1.md"]}, "2 files on the model server have the name '1.md'"
    ),
    "a directory": Refusal(nothing, {**A, "files": ["tests"]}, "files: tests is a directory. Use the lookup fileglob"),
    "a number": Refusal(nothing, {**A, "files": [1]}, r"files\[0\] is a number, but must be a string or a dictionary"),
    "a key that is not supported": Refusal(
        nothing,
        {**A, "files": ["a/b.md", {"path": "a/b.md", "attribute": {"team": "a"}}]},
        r"files\[1\]\.attribute is not supported. Supported keys: file_id, path, filename, attributes\.$",
    ),
    "no file in a dictionary": Refusal(nothing, {**A, "files": [{}]}, r"files\[0\] has none of the keys file_id, path"),
}


@pytest.mark.parametrize("name", TABLE)
def test_table(world: World, name: str) -> None:
    look_at(world, "vector_store", TABLE[name])


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(world: World, name: str) -> None:
    look_at_refusal(world, "vector_store", REFUSED[name])


def _names(files: list[Json]) -> list[str]:
    return sorted(file["filename"] for file in files)


def test_a_folder_and_its_changes(world: World, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.md").write_text(f"text of {name}")

    def task(check: bool = False) -> Json:
        paths = sorted(map(str, tmp_path.glob("*.md")))
        return world.do("vector_store", check=check, **A, files=paths, delete_files=True).result

    done = task()
    assert (_names(done["files"]), _names(done["added_files"])) == (["a.md", "b.md", "c.md"],) * 2
    assert done["vector_store"]["file_counts"]["completed"] == 3
    assert not task()["changed"]
    (tmp_path / "a.md").unlink()
    (tmp_path / "b.md").write_text("another text")
    check, done = task(check=True), task()
    assert (check["changed"], check["diff"]) == (True, done["diff"])
    assert (_names(done["added_files"]), _names(done["removed_files"])) == (["b.md"], ["a.md", "b.md"])
    assert done["diff"]["before"]["files"] == ["a.md", "b.md", "c.md"]
    assert done["diff"]["after"]["files"] == ["b.md (changed)", "c.md"]
    assert sorted(hosted(world).contents.values()) == [b"another text", b"text of c"]
    assert not task()["changed"]


def test_many_files(world: World, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.md").write_text(f"text {number}")
    files = sorted(map(str, tmp_path.glob("*.md")))
    first = world.do("vector_store", **A, files=files)
    assert first.sent == ["POST /files"] * 30 + [CREATE, ADD_MANY]
    again = world.do("vector_store", **A, files=files)
    assert (again.result["changed"], len(again.result["files"])) == (False, 30)
    removed = world.do("vector_store", **A, files=[])
    assert removed.sent == [REMOVE] * 30
    assert removed.result["diff"]["before"]["files"][0] == "0.md"
    assert FILE not in removed.read, "it reads their names at once"


def test_two_files_with_the_same_content_keep_their_names(world: World, tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("the same")
    files = sorted(map(str, tmp_path.glob("*.md")))
    assert _names(world.do("vector_store", **A, files=files).result["files"]) == ["a.md", "b.md"]
    assert not world.do("vector_store", **A, files=files).result["changed"]


def test_registered_files(world: World) -> None:
    registered = world.do("file", content="text", filename="a.md").result
    predicted = world.do("file", check=True, content="other", filename="b.md").result
    check = world.do("vector_store", check=True, **A, files=[registered, predicted]).result
    assert _names(check["files"]) == ["a.md", "b.md"]
    assert check["vector_store_id"] == "(known after apply)"
    again = world.do("vector_store", check=True, **A, files=[registered, predicted]).result
    assert not again["changed"]


def test_it_waits_until_the_files_are_indexed(world: World) -> None:
    TWO(world)
    hosted(world).polls = 3
    done = world.do("vector_store", **A, files=_ids(1, 2)).result
    assert {file["status"] for file in done["files"]} == {"completed"}
    hosted(world).polls = 10**6
    (world.do("vector_store", name="B", files=_ids(1), wait=False)).result["files"][0]["status"] = "in_progress"
    failed = world.do("vector_store", name="B", files=_ids(1), wait_timeout=0.3).result
    assert "1 of 1 files are not indexed after 0.3 seconds (option wait_timeout)" in failed["msg"]
    assert failed["files"][0]["status"] == "in_progress"


def test_files_that_cannot_be_indexed(world: World) -> None:
    _files("text", b"\xff\xfe\x00", " ")(world)
    failed: Json = world.do("vector_store", **A, files=_ids(1, 2, 3)).result
    assert failed["failed"]
    assert failed["changed"]
    assert "2 of 3 files cannot be searched: " in failed["msg"]
    assert "2.md: The file type is not supported. (unsupported_file)" in failed["msg"]
    assert _names(failed["failed_files"]) == ["2.md", "3.md"]
    again: dict[str, Any] = world.do("vector_store", **A, files=_ids(1, 2)).result
    assert (_names(again["added_files"]), _names(again["removed_files"])) == (["2.md"], ["3.md"])
    assert "1 of 2 files cannot be searched" in again["msg"]
    assert not world.do("vector_store", **A, files=_ids(1)).result.get("failed")


@pytest.mark.parametrize(("kind", "options"), [("assistant", {"name": "A", "model": "m"}), ("thread", {"key": "k"})])
def test_vector_stores_of_tool_resources_must_exist(world: World, kind: str, options: Json) -> None:
    store = world.do("vector_store", **A).result["vector_store_id"]

    def resources(*ids: str) -> Json:
        return {"file_search": {"vector_store_ids": list(ids)}}

    for term in ("runbook", "vs_gone"):
        failed = world.foretold(kind, **options, tool_resources=resources(store, term))
        assert re.search(rf"^tool_resources\.file_search\.vector_store_ids\[1\]: .*'{term}'", failed.result["msg"])
        assert failed.sent == []
    made = world.do(kind, **options, tool_resources=resources(store))
    assert made.read.count(GET) == 1
    unchanged = world.do(kind, **options, tool_resources=resources(store))
    assert (unchanged.result["changed"], GET in unchanged.read) == (False, False)
    changed = world.do(kind, **options, tool_resources=resources("vs_gone"))
    assert "No vector store found with id 'vs_gone'. Check the id, and the model server" in changed.result["msg"]
    world.do("vector_store", **A, state="absent")
    # It was accepted before.
    unchanged = world.do(kind, **options, tool_resources=resources(store), metadata={"a": 1})
    assert unchanged.result["changed"]
    assert world.do(kind, **options, tool_resources=resources("runbook"), state="absent").result["changed"]


def test_a_thread_is_not_created_for_a_run_whose_vector_store_does_not_exist(world: World) -> None:
    store = world.do("vector_store", **A).result["vector_store_id"]
    world.do("assistant", name="A", model="m")
    good: Json = {"tool_resources": {"file_search": {"vector_store_ids": [store]}}}
    gone: Json = {"tool_resources": {"file_search": {"vector_store_ids": ["vs_gone"]}}}
    run: Json = {"assistant_id": "A", "thread": {"messages": [{"content": "Hi"}]}}
    for options in ({**run, **gone}, {**run, "thread": {**run["thread"], **gone}}):
        failed = world.foretold("thread_run", **options)
        where = "tool_resources" if "tool_resources" in options else "thread.tool_resources"
        assert failed.result["msg"].startswith(f"{where}.file_search.vector_store_ids[0]: No vector store found")
        assert failed.sent == []
    made = world.do("thread_run", **run, **good)
    assert (made.result["changed"], made.read.count(GET)) == (True, 1)
    assert GET not in world.do("thread_run", **run, **good).read


def test_vector_stores_are_not_checked_if_the_model_server_has_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.model, "hosted", None)
    options: Json = {"name": "A", "model": "m", "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}}
    assert world.do("assistant", **options).result["changed"]


def test_assistants_and_threads_accept_names(world: World) -> None:
    store = world.do("vector_store", **A).result["vector_store_id"]
    by_name: Json = {"file_search": {"vector_store_ids": ["runbooks"]}}
    by_id: Json = {"file_search": {"vector_store_ids": [store]}}
    for kind, options in (("assistant", {"name": "A", "model": "m"}), ("thread", {"key": "k"})):
        assert world.do(kind, **options, tool_resources=by_name).result[kind]["tool_resources"] == by_id
        assert not world.do(kind, **options, tool_resources=by_id).result["changed"]
        assert not world.do(kind, **options, tool_resources=by_name).result["changed"]
    world.do("vector_store", **A, key="another")
    failed = world.do("thread", key="k", tool_resources=by_name).result
    assert "2 vector stores have the name 'runbooks'" in failed["msg"]
