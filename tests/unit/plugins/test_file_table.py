# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task with openai_file means."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _upload
from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._connect import connect
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import Peer, Scripted, answer
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

DIGEST, LIST, GET, CONTENT = "GET /file_digests/*", "GET /files", "GET /files/*", "GET /files/*/content"
UPLOAD, DELETE = "POST /files", "DELETE /files/*"
A: Json = {"content": "If the disk is full, delete logs.", "filename": "disk.md"}
B: Json = {**A, "content": "If the disk is full, buy another."}


def _uploaded(content: str = A["content"]) -> Given:
    """A file that the runtime has not seen."""
    return lambda world: hosted(world)._keep_file(A["filename"], content.encode(), "assistants")


TABLE = {
    "none": Row(nothing, A, [UPLOAD], [DIGEST, LIST]),
    "the same": Row(did("file", **A), A, [], [DIGEST]),
    "other content": Row(did("file", **A), B, [UPLOAD], [DIGEST, LIST, CONTENT]),
    "another name": Row(did("file", **A), {**A, "filename": "full.md"}, [UPLOAD], [DIGEST, LIST]),
    "another purpose": Row(did("file", **A), {**A, "purpose": "batch"}, [UPLOAD], [DIGEST, LIST]),
    "an earlier version": Row(all_of(did("file", **A), did("file", **B)), A, [], [DIGEST]),
    "deleted without the runtime": Row(
        all_of(did("file", **A), lambda world: hosted(world)._delete_file({}, world.ids["file_id"])),
        A,
        [UPLOAD],
        [DIGEST, LIST],
    ),
    # Check mode has compared it, so the real run knows its digest.
    "the same, uploaded without the runtime": Row(_uploaded(), A, [], [DIGEST]),
    "another one, uploaded without the runtime": Row(_uploaded(B["content"]), A, [UPLOAD], [DIGEST, LIST, CONTENT]),
    "with an expiry": Row(nothing, {**A, "expires_after": {"seconds": 3600}}, [UPLOAD], [DIGEST, LIST]),
    "by id": Row(did("file", **A), {"file_id": "newest"}, [], [GET]),
    "absent, none": Row(nothing, {"filename": "disk.md", "state": "absent"}, [], [LIST, LIST]),
    "absent, by name": Row(
        all_of(did("file", **A), did("file", **B), did("file", **{**A, "purpose": "batch"})),
        {"filename": "disk.md", "state": "absent"},
        [DELETE, DELETE],
        [LIST, LIST],
    ),
    "absent, by a path that does not exist": Row(
        did("file", **A), {"path": "/none/disk.md", "state": "absent"}, [DELETE], [LIST, LIST]
    ),
    "absent, by id": Row(
        all_of(did("file", **B), did("file", **A)), {"file_id": "newest", "state": "absent"}, [DELETE], [GET]
    ),
    "absent, no such id": Row(nothing, {"file_id": "file-none", "state": "absent"}, [], [GET]),
}
REFUSED = {
    "no such id": Refusal(
        nothing, {"file_id": "file-none"}, "No file found with id 'file-none'. Check the id, and the"
    ),
    "no content": Refusal(nothing, {"filename": "a.md"}, "path or content is missing"),
    "empty": Refusal(nothing, {"content": "", "filename": "a.md"}, "content is empty"),
    "no such path": Refusal(nothing, {"path": "/none"}, "path /none cannot be read: no such file or directory"),
    "a directory": Refusal(nothing, {"path": "/tmp"}, "path /tmp is not a regular file. To upload several files"),
    "a device": Refusal(nothing, {"path": "/dev/zero"}, "path /dev/zero is not a regular file"),
    "a path with a null character": Refusal(nothing, {"path": "/a\0b"}, "path contains a null character"),
    "an id with a slash": Refusal(nothing, {"file_id": "a/b"}, "file_id is 'a/b', which is not an id"),
}


@pytest.mark.parametrize("name", TABLE)
def test_table(world: World, name: str) -> None:
    look_at(world, "file", TABLE[name])


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(world: World, name: str) -> None:
    look_at_refusal(world, "file", REFUSED[name])


def test_a_name_that_is_not_utf8(world: World, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.md")
    path.write_bytes(b"x")
    refusal = Refusal(nothing, {"path": str(path)}, f"The name of the file at path {tmp_path}/bad..md is not UTF-8")
    look_at_refusal(world, "file", refusal)
    assert world.do("file", path=str(path), filename="good.md").result["changed"]


def test_the_result(world: World, tmp_path: Path) -> None:
    path = tmp_path / 'a "name" ü.md'
    path.write_bytes(bytes(range(256)) * 5000)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    check = world.do("file", check=True, path=str(path)).result
    done = world.do("file", path=str(path)).result
    assert check["file_id"] == "(known after apply)"
    assert check["file"].keys() == done["file"].keys()
    assert (done["file"]["filename"], done["file"]["sha256"]) == ('a "name" ü.md'.replace('"', "%22"), digest)
    assert hosted(world).contents[done["file_id"]] == path.read_bytes()
    assert not world.do("file", path=str(path)).result["changed"]


def test_check_mode_takes_earlier_tasks_into_account(world: World) -> None:
    first = world.do("file", check=True, **A).result
    again = world.do("file", check=True, **A).result
    assert (first["changed"], again["changed"], again["file_id"]) == (True, False, first["file_id"])
    assert world.do("file", check=True, filename="disk.md", state="absent").result["changed"]
    assert world.do("file", check=True, **A).result["changed"]
    world.do("file", **A)
    assert world.do("file", check=True, state="absent", filename="disk.md").result["changed"]
    assert world.do("file", check=True, **A).result["changed"], "an earlier task would have deleted it"


def test_openai_does_not_return_the_content(tmp_path: Path) -> None:
    with ModelServer(openai=True) as model, World(tmp_path, model) as world:
        hosted(world)._keep_file("disk.md", A["content"].encode(), "assistants")
        first = world.do("file", **A)
        assert first.result["changed"], "it cannot be compared"
        assert world.do("file", **A).read == [DIGEST]


def test_a_server_without_files(tmp_path: Path) -> None:
    with ModelServer(hosts=False) as model, World(tmp_path, model) as world:
        for options in (A, {"filename": "disk.md", "state": "absent"}, {"file_id": "file-1", "state": "absent"}):
            failed = world.do("file", **options).result
            assert failed["error"]["code"] == "not_offered_by_model_server", failed
            assert "put the text into a message" in failed["msg"]


def test_a_file_that_changes_while_it_is_uploaded(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a" * 600_000)
    measured = _upload.Source.form

    def form(source: _upload.Source, fields: Json) -> object:
        path.write_bytes(b"b" * 600_000)
        return measured(source, fields)

    monkeypatch.setattr(_upload.Source, "form", form)
    failed = world.do("file", path=str(path)).result
    assert "was changed while it was uploaded" in failed["msg"]
    assert hosted(world).contents == {}


def test_a_file_that_is_too_large(world: World, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(_upload.LARGEST + 1)
    assert "has 536870913 bytes, but at most 536870912 are allowed" in world.do("file", path=str(path)).result["msg"]


def test_a_server_that_refuses_a_file_before_it_has_all_of_it(tmp_path: Path) -> None:
    refusal = {
        "error": {"message": "The body is too large.", "type": "invalid_request_error", "code": "body_too_large"}
    }

    def refuse(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(answer(refusal, "413 Too Large"))
        peer.wait()

    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    with Scripted(refuse) as server:
        options = {"runtime_url": server.url, "timeout": 20.0, "max_retries": 0, "runtime_concurrent_runs": 1}
        wire = connect(Wire, {**options, "runtime_idle_timeout": 60.0})
        source = _upload.Source(None, str(path))
        with pytest.raises(Exception, match="The body is too large"):
            wire.upload(source.form({"purpose": "assistants"}), "key", {})


def test_a_server_of_the_wire_without_digests(tmp_path: Path) -> None:
    file = {
        "id": "file-1",
        "object": "file",
        "bytes": len(A["content"]),
        "filename": "disk.md",
        "purpose": "assistants",
    }

    def serve(peer: Peer) -> None:
        while request := peer.request():
            if "file_digests" in request[0]:
                peer.answer({"error": {"message": "Invalid URL", "type": "x", "code": "unknown_url"}}, "404 Not Found")
            else:
                peer.answer({"object": "list", "data": [file], "has_more": False})

    with Scripted(serve) as server, ModelServer() as model, World(tmp_path, model) as world:
        world.use(world.connected(runtime_url=server.url))
        done = world.do("file", **A).result
        assert (done["changed"], done["file_id"]) == (False, "file-1")
        assert "assumed to have the same content" in world.warnings[0]


def test_a_file_whose_content_was_compared_has_no_warning(world: World) -> None:
    world.do("file", **A)
    assert not world.do("file", **A).result["changed"]
    assert world.warnings == []
