# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model server's files, vector stores, uploads and models, as the official SDK uses them through the runtime."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import openai
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import ModelOptions, Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.procfs import peak_memory
from ansible_collections.threadworks.openai.tests.raw_server import RawServer, answer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    AppServer,
    Served,
    connect,
    raw_client,
    sdk,
    told_by_requests,
)

pytestmark = pytest.mark.any_store
_KEY = "sk-key-of-the-model-server"
_CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """One that asks for its key."""
    with ModelServer(api_key=_KEY) as server:
        yield server


@pytest.fixture
def client(either: Settings, model_server: ModelServer) -> Iterator[openai.OpenAI]:
    """The SDK with a runtime that has the key, or gets it with each request."""
    model = ModelOptions(base_url=model_server.base_url, api_key=_KEY)
    settings, told = told_by_requests(replace(either, model=model))
    with AppServer(create_app(settings)) as server, sdk(server, default_headers=told) as client:
        yield client


def test_files(client: openai.OpenAI) -> None:
    made = client.files.create(file=("runbook ü.bin", _CONTENT), purpose="assistants")
    assert (made.bytes, made.filename) == (len(_CONTENT), "runbook ü.bin")
    assert client.files.content(made.id).read() == _CONTENT
    assert client.files.retrieve(made.id) == made
    assert [file.id for file in client.files.list(purpose="assistants")] == [made.id]
    assert list(client.files.list(purpose="batch")) == []
    assert client.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError, match=f"No such File object: {made.id}"):
        client.files.content(made.id)


def test_vector_stores(client: openai.OpenAI) -> None:
    stores = client.vector_stores
    first = client.files.create(file=("disks.txt", b"disks fill up"), purpose="assistants")
    second = client.files.create(file=("fans.txt", b"fans stop"), purpose="assistants")
    store = stores.create(name="runbooks", file_ids=[first.id], metadata={"team": "a"})
    assert (store.name, store.file_counts.total) == ("runbooks", 1)
    assert stores.update(store.id, name="books").name == "books"
    assert [each.id for each in stores.list()] == [store.id]
    (found,) = stores.search(store.id, query="which disks are full").data
    assert (found.file_id, found.content[0].text) == (first.id, "disks fill up")
    assert stores.files.create_and_poll(second.id, vector_store_id=store.id).status == "completed"
    assert {each.id for each in stores.files.list(store.id)} == {first.id, second.id}
    assert stores.files.retrieve(second.id, vector_store_id=store.id).vector_store_id == store.id
    assert [each.text for each in stores.files.content(second.id, vector_store_id=store.id)] == ["fans stop"]
    assert stores.files.delete(second.id, vector_store_id=store.id).deleted
    batch = stores.file_batches.create_and_poll(store.id, file_ids=[second.id])
    assert (batch.status, batch.file_counts.completed) == ("completed", 1)
    listed = stores.file_batches.list_files(batch.id, vector_store_id=store.id)
    assert {each.id for each in listed} == {first.id, second.id}
    uploaded = stores.file_batches.upload_and_poll(store.id, files=[("more.txt", b"more")])
    assert uploaded.file_counts.total == 1
    assert stores.delete(store.id).deleted
    with pytest.raises(openai.NotFoundError, match="No such File object: file-none") as none:
        client.vector_stores.create(file_ids=["file-none"])
    assert (none.value.status_code, none.value.code) == (404, "refused_by_model_server"), "it has vector stores"
    with pytest.raises(openai.NotFoundError, match=f"No such Vector store object: {store.id}"):
        stores.retrieve(store.id)


def test_uploads(client: openai.OpenAI) -> None:
    upload = client.uploads.create(bytes=6, filename="a.txt", mime_type="text/plain", purpose="assistants")
    parts = [client.uploads.parts.create(upload.id, data=data).id for data in (b"abc", b"def")]
    done = client.uploads.complete(upload.id, part_ids=parts)
    assert done.file is not None
    assert client.files.content(done.file.id).read() == b"abcdef"
    other = client.uploads.create(bytes=6, filename="b.txt", mime_type="text/plain", purpose="assistants")
    assert client.uploads.cancel(other.id).status == "cancelled"


def test_models(client: openai.OpenAI) -> None:
    (model,) = client.models.list()
    assert client.models.retrieve(model.id) == model


def test_a_large_file_is_not_kept_in_memory(settings: Settings, model_server: ModelServer, tmp_path: Path) -> None:
    size = 48 * 1024 * 1024
    path = tmp_path / "large"
    with path.open("wb") as large:
        large.truncate(size)
    with Served(settings.store, model_server.base_url, OPENAI_API_KEY=_KEY) as served:
        with served.sdk() as client:
            client.files.create(file=b"it has imported what it needs", purpose="assistants")
            before = peak_memory(served.pid)
            made = client.files.create(file=path, purpose="assistants")
            with client.files.with_streaming_response.content(made.id) as answer:
                assert sum(map(len, answer.iter_bytes())) == made.bytes == size
        assert peak_memory(served.pid) - before < 16 * 1024


@pytest.mark.parametrize("chunked", [False, True])
def test_the_size_is_limited(settings: Settings, model_server: ModelServer, chunked: bool) -> None:
    model = ModelOptions(base_url=model_server.base_url, api_key=_KEY)
    app = create_app(replace(settings, model=model, max_upload=1000, max_body=500))
    with AppServer(app) as server, raw_client(server) as wire:
        for size, content_type in ((1001, "multipart/form-data; boundary=x"), (501, "application/json")):
            content = b" " * size
            body = iter([content[:400], content[400:]]) if chunked else content
            answer = wire.post("/files", content=body, headers={"Content-Type": content_type})
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert not [request for request in model_server.requests if request["body"] is not None]


def test_a_model_server_without_files_is_reported_with_alternatives(settings: Settings) -> None:
    with ModelServer(hosts=False) as bare:
        app = create_app(replace(settings, model=ModelOptions(base_url=bare.base_url)))
        with AppServer(app) as server, sdk(server) as client:
            for ask in (client.files.list, client.vector_stores.create, lambda: client.files.retrieve("file_1")):
                with pytest.raises(
                    openai.NotFoundError, match=r"does not offer .* put the text into a message"
                ) as none:
                    ask()
                assert none.value.code == "not_offered_by_model_server"
    app = create_app(replace(settings, model=ModelOptions(base_url=bare.base_url)))
    with AppServer(app) as server, raw_client(server) as wire:
        answer = wire.get("/files")
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "model_server_failed")
        assert "failed: Connection refused" in answer.json()["error"]["message"]


def test_the_runtimes_key_is_neither_asked_of_clients_nor_shown(settings: Settings, model_server: ModelServer) -> None:
    wrong = "sk-wrong-key-of-the-runtime"
    model = ModelOptions(base_url=model_server.base_url, api_key=wrong)
    app = create_app(replace(settings, model=model, token="the-token"))
    with AppServer(app) as server, raw_client(server) as wire:
        assert wire.get("/files").status_code == 401, "without the token"
        answer = wire.get("/files", headers={"Authorization": "Bearer the-token"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "model_server_refused_key")
        assert wrong[:8] not in answer.text


def test_a_key_in_an_answer_is_hidden(settings: Settings, model_server: ModelServer) -> None:
    model = ModelOptions(base_url=model_server.base_url, api_key=_KEY)
    with AppServer(create_app(replace(settings, model=model))) as server, sdk(server) as client:
        made = client.files.create(file=(_KEY, f"before {_KEY} after".encode()), purpose="assistants")
        assert made.filename == "(key hidden)"
        assert client.files.content(made.id).read() == b"before (key hidden) after"
    local, told = told_by_requests(replace(settings, executor="local", model=model))
    with AppServer(create_app(local)) as server, sdk(server, default_headers=told) as client:
        assert client.files.retrieve(made.id).filename == "(key hidden)"
        # It is the client's own key: its file comes back as it was.
        assert client.files.content(made.id).read() == f"before {_KEY} after".encode()


def test_no_other_place_is_reached(settings: Settings, model_server: ModelServer) -> None:
    model = ModelOptions(base_url=model_server.base_url, api_key=_KEY)
    paths = ("files/..%2Fresponses", "models/a/../../x", "models/.", "files/%2e%2e", "files/a%3fb", "models/a/%2e%2e")
    with AppServer(create_app(replace(settings, model=model))) as server:
        for path in paths:
            with connect(server) as connection:
                head = f"GET /v1/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                connection.sendall(head.encode())
                assert connection.recv(65536).split()[1] in (b"400", b"404"), path
    assert model_server.requests == []


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_web_pages_cannot_use_it(settings: Settings, model_server: ModelServer, header: dict[str, str]) -> None:
    model = ModelOptions(base_url=model_server.base_url, api_key=_KEY)
    app = create_app(replace(settings, model=model, hosts=frozenset()))
    with AppServer(app) as server, raw_client(server) as wire:
        # What a form of a page can send, without asking first.
        upload = wire.post("/files", files={"file": ("a", b"b")}, data={"purpose": "assistants"}, headers=header)
        assert [answer.status_code for answer in (upload, wire.get("/files", headers=header))] == [403, 403]
    assert model_server.requests == []


def test_it_can_be_turned_off(settings: Settings, model_server: ModelServer) -> None:
    model = ModelOptions(base_url=model_server.base_url, api_key=_KEY)
    app = create_app(replace(settings, model=model, passthrough=False))
    with AppServer(app) as server, raw_client(server) as wire:
        for path in ("/files", "/vector_stores/vs_1", "/models"):
            answer = wire.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_passed_on")
    assert model_server.requests == []


def test_a_local_runtime_gets_the_model_server_with_the_request(settings: Settings) -> None:
    app = create_app(replace(settings, executor="local", model=ModelOptions()))
    with AppServer(app) as server, raw_client(server) as wire:
        answer = wire.get("/files")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_model_server")


def test_an_upload_that_breaks_off_is_no_file(settings: Settings, model_server: ModelServer) -> None:
    model = ModelOptions(base_url=model_server.base_url, api_key=_KEY)
    with AppServer(create_app(replace(settings, model=model))) as server:

        def broken() -> Iterator[bytes]:
            yield b"--x\r\n"
            raise OSError

        with raw_client(server) as wire, pytest.raises(OSError, match=r"^$"):
            wire.post("/files", content=broken(), headers={"Content-Type": "multipart/form-data; boundary=x"})
        with raw_client(server) as wire:
            assert wire.get("/files").json()["data"] == []


def test_a_redirect_to_another_server_is_not_followed(settings: Settings) -> None:
    with ModelServer(api_key="other") as other:
        target = f"HTTP/1.1 302 Found\r\nLocation: {other.base_url}/files\r\nContent-Length: 0\r\n\r\n".encode()
        with RawServer(target) as moved:
            app = create_app(replace(settings, model=ModelOptions(base_url=moved.base_url, api_key=_KEY)))
            with AppServer(app) as server, raw_client(server) as wire:
                answer = wire.get("/files")
        assert answer.status_code == 502
        assert "redirects to" in answer.json()["error"]["message"]
        assert other.requests == []


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_a_broken_answer_to_the_runtime_itself_is_reported(settings: Settings, status: str) -> None:
    half = f"HTTP/1.1 {status}\r\nContent-Length: 100\r\n\r\nhalf".encode()
    body = {"model": "m", "tool_resources": {"file_search": {"vector_stores": [{}]}}}
    with RawServer(half) as broken:
        app = create_app(replace(settings, model=ModelOptions(base_url=broken.base_url)))
        with AppServer(app) as server, raw_client(server) as wire:
            answer = wire.post("/assistants", json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (502, "model_server_failed")
            assert wire.get("/assistants").json()["data"] == []


def test_an_answer_that_breaks_off_is_not_passed_on_as_whole(settings: Settings) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    with RawServer(half) as broken:
        app = create_app(replace(settings, model=ModelOptions(base_url=broken.base_url)))
        with AppServer(app) as server, raw_client(server) as wire, pytest.raises(httpx2.RemoteProtocolError):
            wire.get("/files/file_1/content")


@pytest.mark.parametrize("kind", ["text/html", "text/plain; charset=\N{LATIN SMALL LETTER U WITH DIAERESIS}"])
def test_a_refusal_that_is_not_json_is_explained(settings: Settings, kind: str) -> None:
    page = answer("<html><title>Bad gateway</title>", status="502 Bad Gateway", kind=kind)
    with RawServer(page) as broken:
        app = create_app(replace(settings, model=ModelOptions(base_url=broken.base_url)))
        with AppServer(app) as server, raw_client(server) as wire:
            refused = wire.get("/files")
    assert refused.status_code == 502
    assert "Bad gateway" in refused.json()["error"]["message"]


def test_headers_of_a_file_are_passed_on(settings: Settings) -> None:
    disposition = 'attachment; filename="\N{CJK UNIFIED IDEOGRAPH-65E5}.html"'
    page = answer("<script>", f"Content-Disposition: {disposition}", f"Retry-After: {_KEY}", kind="text/html")
    with RawServer(page) as files:
        app = create_app(replace(settings, model=ModelOptions(base_url=files.base_url, api_key=_KEY)))
        with AppServer(app) as server, raw_client(server) as wire:
            file = wire.get("/files/file_1/content")
    raw = dict(file.headers.raw)
    assert (file.status_code, raw[b"content-disposition"]) == (200, disposition.encode())
    assert file.headers["content-security-policy"] == "sandbox", "it has no rights in a browser"
    assert raw[b"retry-after"] == b"(key hidden)"


def test_headers_of_a_client_are_passed_on_as_they_are(settings: Settings) -> None:
    kind = "multipart/form-data; boundary=\N{LATIN SMALL LETTER U WITH DIAERESIS}".encode("latin-1")
    with RawServer(answer("{}")) as files:
        app = create_app(replace(settings, model=ModelOptions(base_url=files.base_url)))
        with AppServer(app) as server, raw_client(server) as wire:
            passed = wire.post("/files", content=b"x", headers=[(b"content-type", kind)])
    assert passed.status_code == 200, passed.text
    assert b"content-type: " + kind in files.requests[0]


def test_a_silent_model_server_is_left_with_the_client(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        model = ModelOptions(base_url=f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        with AppServer(create_app(replace(settings, model=model))) as server:
            with connect(server) as client:
                client.sendall(b"GET /v1/files/file_1/content HTTP/1.1\r\nHost: localhost\r\n\r\n")
                upstream, _address = silent.accept()
                upstream.recv(65536)
                upstream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                while b"half" not in client.recv(65536):
                    pass
            with upstream:
                upstream.settimeout(60)
                assert upstream.recv(1) == b"", "the runtime has closed the connection"
