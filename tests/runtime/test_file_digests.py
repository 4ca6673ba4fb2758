# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Additions to files and vector stores: digests, and creation exactly once."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.file_part import FilePart
from threadworks_runtime.settings import ModelOptions, Settings
from threadworks_runtime.store import digests, open_store

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, raw_client, told_by_requests

_KEY, _OTHER = "sk-key-of-one-account", "sk-key-of-another-account"
_CONTENT = b"If the disk is full, delete old logs.\n"


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """One that does not return the content of files for assistants, with two accounts."""
    with ModelServer(openai=True, accounts=(_KEY, _OTHER)) as server:
        yield server


@pytest.fixture
def wire(either: Settings, model_server: ModelServer) -> Iterator[httpx2.Client]:
    """A client of a runtime that has the key of one account, or gets it with each request."""
    settings, told = told_by_requests(replace(either, model=ModelOptions(model_server.base_url, _KEY)))
    with AppServer(create_app(settings)) as server, raw_client(server) as client:
        client.headers.update(told)
        yield client


def _upload(wire: httpx2.Client, content: bytes = _CONTENT, purpose: str = "assistants", **headers: str) -> Any:
    answer = wire.post("/files", data={"purpose": purpose}, files={"file": ("disk.md", content)}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def _known(wire: httpx2.Client, content: bytes = _CONTENT) -> list[str]:
    sha256 = hashlib.sha256(content).hexdigest()
    found = wire.get(f"/file_digests/{sha256}").json()
    assert (found["id"], found["object"]) == (sha256, "file_digest")
    return [file["id"] for file in found["files"]]


@pytest.mark.any_store
def test_an_uploaded_file_is_found_by_its_content(wire: httpx2.Client, model_server: ModelServer) -> None:
    assert _known(wire) == []
    first, second = (_upload(wire).json()["id"] for _each in range(2))
    _upload(wire, b"something else")
    assert sorted(_known(wire)) == sorted([first, second])
    assert wire.delete(f"/files/{first}").status_code == 200
    assert _known(wire) == [second]
    hosted = model_server.hosted_of(_KEY)
    assert hosted is not None
    hosted.answer("DELETE", f"/v1/files/{second}", b"", "")
    assert _known(wire) == [], "it was deleted without the runtime"


@pytest.mark.any_store
def test_a_downloaded_file_is_found_by_its_content(wire: httpx2.Client, model_server: ModelServer) -> None:
    hosted = model_server.hosted_of(_KEY)
    assert hosted is not None
    id = hosted._keep_file("results.jsonl", _CONTENT, "batch")["id"]
    assert _known(wire) == []
    assert wire.get(f"/files/{id}/content").content == _CONTENT
    assert _known(wire) == [id]


def test_files_of_another_key_are_not_returned(settings: Settings, model_server: ModelServer) -> None:
    local = replace(settings, executor="local", model=ModelOptions(model_server.base_url, _KEY))
    with_one, told = told_by_requests(local)
    _settings, told_other = told_by_requests(replace(local, model=ModelOptions(model_server.base_url, _OTHER)))
    with AppServer(create_app(with_one)) as server, raw_client(server) as one, raw_client(server) as other:
        one.headers.update(told)
        other.headers.update(told_other)
        id = _upload(one).json()["id"]
        assert (_known(one), _known(other)) == ([id], [])
        its_own = _upload(other, **{"Idempotency-Key": "k"}).json()["id"]
        assert _upload(one, **{"Idempotency-Key": "k"}).json()["id"] not in (its_own, id)
        assert _known(other) == [its_own], "and the digests of the other key are kept"
        assert id in _known(one)


def test_an_invalid_digest(wire: httpx2.Client) -> None:
    for text in ("x", "A" * 64, "0" * 63):
        assert wire.get(f"/file_digests/{text}").json()["error"]["code"] == "invalid_value"


@pytest.mark.parametrize("either", ["served"], indirect=True)
def test_without_forwarding(either: Settings) -> None:
    with AppServer(create_app(replace(either, passthrough=False))) as server, raw_client(server) as wire:
        answer = wire.get(f"/file_digests/{'0' * 64}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_passed_on")


@pytest.mark.any_store
def test_uploads_with_one_idempotency_key_create_one_file(wire: httpx2.Client) -> None:
    content = b"long " * 400_000
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _each: _upload(wire, content, **{"Idempotency-Key": "k"}), range(4)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    replayed = [answer.headers.get("idempotent-replayed") for answer in answers]
    assert sorted(map(str, replayed)) == ["None", "true", "true", "true"]
    (id,) = _known(wire, content)
    assert wire.delete(f"/files/{id}").status_code == 200
    assert _upload(wire, content, **{"Idempotency-Key": "k"}).json()["id"] != id, "a deleted file is created again"


@pytest.mark.any_store
def test_one_idempotency_key_creates_one_vector_store(wire: httpx2.Client) -> None:
    def create(name: str = "runbooks", key: str = "k") -> httpx2.Response:
        return wire.post("/vector_stores", json={"name": name}, headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _each: create(), range(4)))
    (id,) = {answer.json()["id"] for answer in answers}
    assert sorted(str(each.headers.get("idempotent-replayed")) for each in answers) == ["None", "true", "true", "true"]
    refused = create("other")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "idempotency_key_reused")
    assert create("other", "l").json()["name"] == "other"
    assert wire.delete(f"/vector_stores/{id}").status_code == 200
    assert create("other").json()["id"] != id
    missing = wire.post("/vector_stores", json={"file_ids": ["file-none"]}, headers={"Idempotency-Key": "m"})
    assert (missing.status_code, "file-none" in missing.json()["error"]["message"]) == (404, True)
    assert wire.post("/vector_stores", json=[], headers={"Idempotency-Key": "n"}).status_code == 400


def test_few_files_of_one_content_are_remembered(settings: Settings) -> None:
    store = open_store(settings)
    with store.writing() as connection:
        for number in range(40):
            digests.note(connection, "server", f"file-{number:02}", "0" * 64)
        digests.note(connection, "other", "file-00", "0" * 64)
        known = digests.known(connection, "server", "0" * 64)
        assert digests.known(connection, "other", "0" * 64) == ["file-00"]
    store.close()
    assert len(known) == 32
    assert "file-39" in known


def _body(*parts: tuple[str, bytes], boundary: bytes = b"b") -> bytes:
    lines = [b"--" + boundary + b"\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts]
    return b"".join(lines) + b"--" + boundary + b"--\r\n"


_FIELD = ("Content-Disposition: form-data; name=purpose", b"assistants")
_FILE = 'content-type: text/plain\r\nContent-Disposition: form-data; name="file"; filename="a; name=x"'


@pytest.mark.parametrize("seed", range(20))
def test_the_digest_of_a_body_in_any_pieces(seed: int) -> None:
    rng = random.Random(seed)
    # A content never contains the boundary after a line break.
    tricky = (b"", b"\r\n", b"-b", b"x--b", b"\r\n--", b"\r\n--c\r\n\r\n", b"x\n--b", b"\r\n\r\n" * 9)
    for content in (*tricky, rng.randbytes(2000)):
        body = _body(*rng.sample([_FIELD, (_FILE, content), ("X: y", b"")], 3))
        part = FilePart('multipart/form-data; boundary="b"')
        while body:
            size = rng.choice([1, 2, 3, 7, 100, 5000])
            part.feed(body[:size])
            body = body[size:]
        assert part.digest == hashlib.sha256(content).hexdigest(), content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        _body(_FIELD),
        _body((_FILE, b"a"), (_FILE, b"b")),
        _body((_FILE, b"a"))[:-9],
        _body((_FILE.replace('"file"', '"files"'), b"a")),
        b"--b\r\n" + b"x" * 20_000 + _body((_FILE, b"a")),
    ],
)
def test_a_body_without_a_digest(body: bytes) -> None:
    part = FilePart("multipart/form-data; boundary=b")
    part.feed(body)
    assert part.digest is None
    other = FilePart("multipart/form-data")
    other.feed(body)
    assert other.digest is None
