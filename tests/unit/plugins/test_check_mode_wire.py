# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of check mode: what it reads after it has predicted changes."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import parse_qs

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._check_mode import CheckModeWire, Predictions
from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._errors import NotFound
from ansible_collections.threadworks.openai.plugins.module_utils._http import Request
from ansible_collections.threadworks.openai.plugins.module_utils._identity import KNOWN_AFTER_APPLY, predicted_id
from ansible_collections.threadworks.openai.tests.world import Json

NEW = KNOWN_AFTER_APPLY
RUN: Json = {
    "id": "run_1",
    "thread_id": "thread_1",
    "assistant_id": "asst_1",
    "status": "completed",
    "metadata": {},
    "started_at": 1,
    "usage": None,
}


class _Server:
    """A server of fixed objects, by their paths. It refuses changes.

    Attributes:
        queries: The queries of the lists, by their paths.
    """

    server = "The server"

    def __init__(self, objects: Json) -> None:
        self._objects = objects
        self.queries: dict[str, dict[str, list[str]]] = {}

    def send(self, request: Request) -> Any:
        assert request.method == "GET"
        self.queries[request.path] = parse_qs(request.query)
        return _Answer(self._objects.get(request.path))


class _Answer:
    """The answer with an object, or with a list."""

    def __init__(self, thing: Any) -> None:
        self.status = 200 if thing is not None else 404
        found = {"data": thing, "has_more": False} if isinstance(thing, list) else thing
        self._body = found if found is not None else {"error": {"message": "No thing found.", "code": None}}

    def header(self, _name: str) -> str:
        return ""

    def body(self) -> bytes:
        return json.dumps(self._body).encode()


def _wire(predictions: Predictions | None = None, warnings: list[str] | None = None, **objects: Any) -> CheckModeWire:
    """Return a client of a server with these objects. Two underscores in a name are a slash."""
    server = _Server({"/" + name.replace("__", "/"): thing for name, thing in objects.items()})
    seen = warnings if warnings is not None else []
    return CheckModeWire(Wire(cast(Any, server), 5.0), {} if predictions is None else predictions, seen.append)


def _ids(wire: CheckModeWire, *path: str, **query: Any) -> list[str]:
    return [each["id"] for each in wire.list(*path, query=query)]


def test_the_ids_of_new_objects() -> None:
    assert [predicted_id(number) for number in (1, 2, 3)] == [NEW, "(known after apply 2)", "(known after apply 3)"]
    wire = _wire()
    made = [wire.create("threads", body={}, once=None).thing["id"] for _each in range(3)]
    assert made == [predicted_id(number) for number in (1, 2, 3)]
    assert wire.create("assistants", body={"model": "m"}, once=None).thing["id"] == NEW


def test_a_run_of_an_unknown_thread_is_found_with_its_changes() -> None:
    wire = _wire(runs__run_1=RUN, threads__thread_1__runs__run_1=RUN)
    assert wire.get("runs", "run_1") == RUN
    wire.post("threads", "thread_1", "runs", "run_1", body={"metadata": {"a": "1"}})
    assert wire.get("runs", "run_1")["metadata"] == {"a": "1"}


def test_a_predicted_run_of_an_unknown_thread() -> None:
    wire = _wire(assistants__asst_1={"id": "asst_1", "instructions": None}, threads__thread_1={"id": "thread_1"})
    made = wire.create("threads", "thread_1", "runs", body={"assistant_id": "asst_1"}, once=None).thing
    assert wire.get("runs", made["id"])["thread_id"] == "thread_1"
    warnings: list[str] = []
    assert _wire(warnings=warnings).get("runs", predicted_id(7))["thread_id"] == NEW
    assert "The run '(known after apply 7)' does not exist yet" in warnings[0]


@pytest.mark.parametrize("collection", ["assistants", "vector_stores", "threads"])
def test_new_objects_are_the_newest(collection: str) -> None:
    wire = _wire(**{collection: [{"id": "old"}]})
    for _each in range(2):
        wire.create(collection, body={}, once=None)
    assert _ids(wire, collection) == [predicted_id(2), NEW, "old"]
    assert _ids(wire, collection, order="asc") == ["old", NEW, predicted_id(2)]


def test_a_changed_object_is_listed_in_its_place() -> None:
    objects = [{"id": "b", "name": "B"}, {"id": "a", "name": "A"}]
    wire = _wire(assistants=objects, assistants__b=objects[0], assistants__a=objects[1])
    wire.post("assistants", "a", body={"name": "C", "reasoning_effort": "low"})
    assert list(wire.list("assistants", query={})) == [objects[0], {"id": "a", "name": "C"}]
    wire.delete("assistants", "b")
    assert _ids(wire, "assistants") == ["a"]
    with pytest.raises(NotFound, match="No assistant found with id 'b'"):
        wire.get("assistants", "b")
    assert wire.delete("assistants", "b") is False


def test_the_server_does_not_filter_by_what_has_changed() -> None:
    wire = _wire(assistants=[], threads=[], assistants__a={"id": "a", "name": "A"})
    server = cast("_Server", wire.transport)
    _ids(wire, "assistants", name="A", limit=5)
    assert server.queries["/assistants"] == {"name": ["A"], "limit": ["5"]}
    wire.create("assistants", body={"name": "A"}, once=None)
    _ids(wire, "assistants", name="A", limit=5)
    assert server.queries["/assistants"] == {"name": ["A"], "limit": ["5"]}
    wire.post("assistants", "a", body={"name": "B"})
    _ids(wire, "assistants", **{"name": "A", "limit": 5, "metadata[x]": "1", "status": "x"})
    assert server.queries["/assistants"] == {"limit": ["5"]}
    _ids(wire, "threads", **{"metadata[x]": "1"})
    assert server.queries["/threads"]["metadata[x]"] == ["1"]


def test_everything_in_a_deleted_thread_is_gone() -> None:
    objects: Json = {"threads__thread_1": {"id": "thread_1"}, "threads__thread_1__messages": [{"id": "msg_1"}]}
    wire = _wire(**objects, runs=[RUN, {**RUN, "id": "run_2", "thread_id": "thread_2"}])
    assert _ids(wire, "threads", "thread_1", "messages") == ["msg_1"]
    wire.delete("threads", "thread_1")
    assert _ids(wire, "runs") == ["run_2"]
    for path in (("threads", "thread_1"), ("threads", "thread_1", "messages", "msg_1")):
        with pytest.raises(NotFound, match="No thread found with id 'thread_1'"):
            wire.get(*path)
    with pytest.raises(NotFound):
        _ids(wire, "threads", "thread_1", "messages")


def test_the_runs_of_all_threads_with_their_changes() -> None:
    assistant: Json = {"id": "asst_1", "instructions": None}
    objects: Json = {"threads__thread_1": {"id": "thread_1"}, "threads__thread_1__runs__run_1": RUN}
    wire = _wire(runs=[RUN], assistants__asst_1=assistant, **objects)
    wire.post("threads", "thread_1", "runs", "run_1", body={"metadata": {"a": "1"}})
    wire.create("threads", "thread_1", "runs", body={"assistant_id": "asst_1"}, once=None)
    new, old = wire.list("runs", query={})
    assert (new["id"], new["status"]) == (NEW, "completed")
    assert (old["id"], old["metadata"]) == ("run_1", {"a": "1"})


def test_a_run_has_the_messages_that_it_has_written() -> None:
    assistant: Json = {"id": "asst_1", "instructions": None}
    first = {"id": "msg_1", "run_id": "run_1"}
    wire = _wire(
        threads__thread_1={"id": "thread_1"},
        assistants__asst_1=assistant,
        threads__thread_1__runs=[{**RUN, "messages": [first]}],
        threads__thread_1__runs__run_1=RUN,
    )
    queued = wire.post("threads", "thread_1", "runs", "run_1", "submit_tool_outputs", body={})
    assert (queued["id"], queued["status"], queued["required_action"]) == ("run_1", "queued", None)
    body = {"assistant_id": "asst_1", "additional_messages": [{"role": "user", "content": "Hi"}]}
    wire.create("threads", "thread_1", "runs", body=body, once=None)
    new, old = list(wire.list("threads", "thread_1", "runs", query={"include[]": "messages"}))
    assert [each["id"] for each in old["messages"]] == ["msg_1", NEW]
    (written,) = new["messages"]
    assert (written["role"], written["run_id"]) == ("assistant", new["id"])
    assert "messages" not in next(wire.list("threads", "thread_1", "runs", query={"order": "desc"}))


def test_a_deleted_message_is_not_one_of_its_run() -> None:
    first, second = ({"id": f"msg_{number}", "run_id": "run_1"} for number in (1, 2))
    runs: Json = {"threads__thread_1__runs": [{**RUN, "messages": [second]}]}
    wire = _wire(**runs, threads__thread_1__messages__msg_1=first, threads__thread_1__messages=[second, first])
    wire.delete("threads", "thread_1", "messages", "msg_1")
    (run,) = wire.list("threads", "thread_1", "runs", query={"include[]": "messages"})
    assert run["messages"] == [second]
    with pytest.raises(NotFound, match="No message found with id 'msg_1'"):
        wire.get("threads", "thread_1", "messages", "msg_1")
    assert _ids(wire, "threads", "thread_1", "messages") == ["msg_2"]


def test_the_messages_of_a_predicted_run() -> None:
    assistant: Json = {"id": "asst_1", "instructions": None}
    wire = _wire(threads__thread_1={"id": "thread_1"}, assistants__asst_1=assistant, threads__thread_1__messages=[])
    body = {"assistant_id": "asst_1", "additional_messages": [{"role": "user", "content": "Hi"}]}
    run = wire.create("threads", "thread_1", "runs", body=body, once=None).thing
    path = ("threads", "thread_1", "messages")
    assert [each["role"] for each in wire.list(*path, query={"order": "asc"})] == ["user", "assistant"]
    assert [each["role"] for each in wire.list(*path, query={"run_id": run["id"]})] == ["assistant"]


def test_a_new_thread_with_its_run() -> None:
    wire = _wire(assistants__asst_1={"id": "asst_1", "instructions": None})
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    body = {"assistant_id": "asst_1", "thread": {"metadata": {"a": "1"}, "messages": messages}}
    run = wire.create("threads", "runs", body=body, once=None)
    assert (run.is_new, run.thing["thread_id"], run.thing["status"]) == (True, NEW, "queued")
    assert wire.get("threads", NEW)["metadata"] == {"a": "1"}
    listed = list(wire.list("threads", NEW, "messages", query={"order": "asc"}))
    assert [(each["role"], each["thread_id"]) for each in listed] == [
        ("user", NEW),
        ("assistant", NEW),
        ("assistant", NEW),
    ]
    assert wire.get("threads", NEW, "runs", NEW)["status"] == "completed"


@pytest.mark.parametrize("path", [("threads", "gone", "messages"), ("threads", "gone", "runs")])
def test_nothing_is_created_in_a_thread_that_does_not_exist(path: tuple[str, ...]) -> None:
    wire = _wire(assistants__asst_1={"id": "asst_1", "instructions": None})
    with pytest.raises(NotFound):
        wire.create(*path, body={"assistant_id": "asst_1", "role": "user", "content": "Hi"}, once=None)


def test_no_run_of_an_assistant_that_does_not_exist() -> None:
    with pytest.raises(NotFound):
        _wire(threads__t={"id": "t"}).create("threads", "t", "runs", body={"assistant_id": "gone"}, once=None)


def test_a_run_is_cancelled() -> None:
    wire = _wire(threads__thread_1__runs__run_1={**RUN, "status": "in_progress"})
    assert wire.post("threads", "thread_1", "runs", "run_1", "cancel", body={})["status"] == "cancelled"
    assert wire.get("threads", "thread_1", "runs", "run_1")["status"] == "cancelled"


def test_the_files_of_a_vector_store() -> None:
    member = {"id": "file_1", "status": "completed", "attributes": {}}
    files = [member, {**member, "id": "file_2"}]
    wire = _wire(vector_stores__vs_1__files=files, vector_stores__vs_1__files__file_1=member)
    path = ("vector_stores", "vs_1", "files")
    wire.add_files("vs_1", [{"file_id": "file_3"}, {"file_id": "file_2", "attributes": {"a": 1}}])
    wire.delete(*path, "file_1")
    assert {each["id"]: each["attributes"] for each in wire.list(*path)} == {"file_2": {"a": 1}, "file_3": {}}
    store = wire.create("vector_stores", body={"name": "A"}, once=None).thing["id"]
    wire.add_files(store, [{"file_id": "file_1"}])
    assert _ids(wire, "vector_stores", store, "files") == ["file_1"]


def test_a_deleted_file_is_not_found_by_its_content() -> None:
    files = [{"id": "file_1"}, {"id": "file_2"}]
    wire = _wire(file_digests__abc={"id": "abc", "files": files}, files__file_1=files[0])
    assert wire.get("file_digests", "abc")["files"] == files
    wire.delete("files", "file_1")
    assert wire.get("file_digests", "abc")["files"] == [files[1]]


@pytest.mark.parametrize("kind", ["assistant", "thread", "file", "vector_store"])
def test_an_object_that_was_predicted_elsewhere(kind: str) -> None:
    warnings: list[str] = []
    wire = _wire(warnings=warnings)
    thing = wire.get(f"{kind}s", predicted_id(7))
    assert (thing["id"], thing["object"]) == (predicted_id(7), kind)
    assert f"The {kind.replace('_', ' ')} '(known after apply 7)' does not exist yet" in warnings[0]
    wire.get(f"{kind}s", predicted_id(7))
    assert len(warnings) == 1


@pytest.mark.parametrize("kind", ["message", "run"])
def test_a_part_of_a_thread_that_was_predicted_elsewhere(kind: str) -> None:
    warnings: list[str] = []
    thing = _wire(warnings=warnings).get("threads", "thread_1", f"{kind}s", predicted_id(7))
    assert (thing["id"], thing["object"]) == (predicted_id(7), f"thread.{kind}")
    assert (thing["thread_id"], thing["status"]) == ("thread_1", "completed")
    assert f"The {kind} '(known after apply 7)' does not exist yet" in warnings[0]


def test_a_message_of_a_real_thread_is_no_prediction() -> None:
    """Only the id of the object itself says that it is predicted."""
    warnings: list[str] = []
    with pytest.raises(NotFound):
        _wire(warnings=warnings, threads__x={"id": "x"}).get("threads", NEW, "messages", "msg_1")
    assert warnings == []
