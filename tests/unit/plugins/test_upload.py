# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies that are sent in pieces."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._batches import batches
from ansible_collections.threadworks.openai.plugins.module_utils._errors import NotFound
from ansible_collections.threadworks.openai.plugins.module_utils._upload import Source
from ansible_collections.threadworks.openai.tests.unit.plugins.authority import Authority
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import Peer, Scripted, always, wire_to


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A file that is larger than the buffers of a socket."""
    path = tmp_path / "runbook.md"
    path.write_bytes(b"Delete old logs.\r\n" * 200_000)
    return Source(None, str(path))


def _check(server: Scripted, source: Source) -> None:
    line, headers, body = server.seen[-1]
    assert (line, headers["idempotency-key"]) == ("POST /v1/files HTTP/1.1", "once")
    head = f"Content-Type: {headers['content-type']}\r\n\r\n".encode()
    form = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    purpose, seconds, file = form.iter_parts()
    assert purpose.get_payload() == "assistants"
    assert (seconds.get_param("name", header="content-disposition"), seconds.get_payload()) == (
        "expires_after[seconds]",
        "3600",
    )
    assert (file.get_filename(), len(file.get_payload(decode=True))) == ("runbook.md", source.size)


def test_an_upload(source: Source) -> None:
    with Scripted(always({"id": "file-1"})) as server:
        wire = wire_to(server.url)
        for _upload in range(2):
            form = source.form({"purpose": "assistants", "expires_after": {"seconds": 3600}})
            assert wire.upload(form, "once", {}).thing == {"id": "file-1"}
            _check(server, source)
        assert server.connections == 1


def test_an_upload_with_tls(source: Source, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session tickets of the server are not an answer."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    with Scripted(always({"id": "file-1"}), tls=authority.server) as server:
        form = source.form({"purpose": "assistants", "expires_after": {"seconds": 3600}})
        wire_to(server.url).upload(form, "once", {})
        _check(server, source)


def test_an_upload_is_repeated_from_its_start(source: Source) -> None:
    def breaks(peer: Peer) -> None:
        peer.sock.recv(1000)

    with Scripted(breaks, always({"id": "file-1"})) as server:
        form = source.form({"purpose": "assistants", "expires_after": {"seconds": 3600}})
        created = wire_to(server.url, max_retries=2).upload(form, "once", {})
        _check(server, source)
        assert created.is_new


def test_a_content_that_the_server_does_not_return() -> None:
    error = {"error": {"message": "No such File object: file-1", "type": "invalid_request_error", "code": None}}
    with Scripted(always(error, "404 Not Found")) as server, pytest.raises(NotFound):
        list(wire_to(server.url).content("file-1"))


def test_batches() -> None:
    files = [{"file_id": f"file-{number}"} for number in range(1002)]
    files[3]["attributes"] = {"a": 1}
    found = list(batches(files))
    assert [path for path, _body in found] == ["files", "file_batches", "file_batches", "files"]
    assert found[0][1] == files[3]
    added = [each for path, body in found for each in (body["file_ids"] if path != "files" else [body["file_id"]])]
    assert sorted(added) == sorted(file["file_id"] for file in files)
    assert all(len(body.get("file_ids", [])) <= 500 for _path, body in found)
