# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets an answer from a served runtime: no web page that a browser on the same machine shows, however it asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.serve_options import read_service
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, Served, connect, raw_client

pytestmark = pytest.mark.any_store

_NAMED = "runtime.example.com"
_FOREIGN_HOSTS = [
    "", "evil.com", "evil.com:8088", "localhost.evil.com", "127.0.0.1.evil.com", "user@localhost", "localhost/", "-",
    "8.8.8.8", "[2001:db8::1]:80", "localhost:80:80", "localhost, evil.com", "\xe9",
]  # fmt: skip
_SERVED_HOSTS = [
    "localhost", "LOCALHOST:8088", "127.0.0.1", "127.0.0.1:1", "[::1]:8088", "127.1.2.3", _NAMED, f"{_NAMED}:443",
    "localhost ", "localhost \t",
]  # fmt: skip
_FOREIGN_ORIGINS = [
    "http://evil.com", "https://evil.com", "null", "", "http://localhost:3000", "http://127.0.0.1", "file://",
    "http://127.0.0.1:1", "http://localhost:8088, http://evil.com", f"http://{_NAMED}.evil.com",
]  # fmt: skip
_SPELLINGS = [
    "//v1/threads", "///v1/threads", "/%2Fv1/threads", "/%2fv1/threads", "/v1//threads", "/v1/threads/", "/V1/threads",
    "/v1/./threads", "/v1/x/../threads", "/v1/%2e%2e/v1/threads", "/./v1/threads", "\\v1\\threads", "/%00/v1/threads",
    "/v1/threads;x", "/v1%2Fthreads", "/v1/%74hreads", "http://localhost//v1/threads", "*", "/v1/threads%20",
    "v1/threads",
]  # fmt: skip
_AROUND_THE_TOKEN = [
    "/v1/threads", "//healthz/../v1/threads", "/healthz/../v1/threads", "/healthz%2F..%2Fv1/threads", "/healthz/",
    "//healthz", "/v1/threads?/healthz", "/v1/threads#/healthz",
]  # fmt: skip


@pytest.fixture
def guarded(settings: Settings) -> Iterator[AppServer]:
    """What `serve` makes of `--allowed-host runtime.example.com` without a token."""
    with AppServer(create_app(replace(settings, hosts=frozenset({"127.0.0.1", _NAMED})))) as server:
        yield server


def _status(server: AppServer, target: str, *fields: str, method: str = "GET", version: str = "1.1") -> tuple[int, str]:
    """Send a request that no HTTP library would send; its status and body."""
    head = "\r\n".join([f"{method} {target} HTTP/{version}", *fields, "Connection: close", "", ""])
    with connect(server) as connection:
        connection.sendall(head.encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode("latin-1")
    head, _empty, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


def _code(body: str) -> str | None:
    return json.loads(body)["error"]["code"]


def test_foreign_host_names_are_refused(guarded: AppServer) -> None:
    for host in _FOREIGN_HOSTS:
        for path in ("/v1/threads", "/healthz", "/nothing"):
            status, body = _status(guarded, path, f"Host: {host}", "OpenAI-Beta: assistants=v2")
            assert (status, _code(body)) == (403, "host_not_allowed"), (host, path)
            assert "--allowed-host" in body


def test_served_host_names_are_answered(guarded: AppServer) -> None:
    for host in _SERVED_HOSTS:
        assert _status(guarded, "/v1/threads", f"Host: {host}", "OpenAI-Beta: assistants=v2")[0] == 200, host
        assert _status(guarded, "/healthz", f"Host: {host}")[0] == 200, host


def test_two_host_names_are_not_better_than_one(guarded: AppServer) -> None:
    for second in ("evil.com", "localhost"):
        # As HTTP wants it (RFC 9112, section 3.2), so that no proxy in front reads another one than the runtime.
        assert _status(guarded, "/healthz", "Host: localhost", f"Host: {second}")[0] == 400


def test_health_checks_of_http_1_0_have_no_host_name(guarded: AppServer) -> None:
    assert _status(guarded, "/healthz", version="1.0")[0] == 200
    assert _status(guarded, "/healthz", version="1.1")[0] == 403


def test_foreign_origins_are_refused(guarded: AppServer) -> None:
    for origin in _FOREIGN_ORIGINS:
        with raw_client(guarded, Origin=origin, Host="localhost:8088") as wire:
            for answer in (wire.get("/threads"), wire.post("/threads"), wire.get(f"{guarded.root}/healthz")):
                assert answer.status_code == 403, (origin, answer.text)
                assert answer.json()["error"]["code"] == "origin_not_allowed"
    with raw_client(guarded) as wire:
        assert wire.get("/threads").json()["data"] == []


def test_own_and_allowed_origins_are_answered(guarded: AppServer) -> None:
    for origin in ("http://localhost:8088", f"https://{_NAMED}", f"https://{_NAMED}:8443"):
        with raw_client(guarded, Origin=origin, Host="localhost:8088") as wire:
            assert wire.get("/threads").status_code == 200, origin


def test_no_answer_invites_other_origins(guarded: AppServer) -> None:
    with raw_client(guarded, Host="localhost:8088", Origin="http://localhost:8088") as wire:
        answers = [wire.get("/threads"), wire.options("/threads"), wire.get("/healthz")]
    assert not [name for answer in answers for name in answer.headers if name.startswith("access-control")]


def test_no_answer_names_its_software(guarded: AppServer, settings: Settings, model_server: ModelServer) -> None:
    with Served(settings.store, model_server.base_url) as served, raw_client(served) as wire:
        for answer in (
            wire.get("/threads"),
            wire.get("/nothing"),
            httpx2.get(f"http://127.0.0.1:{served.port}/healthz", timeout=60),
        ):
            assert "server" not in answer.headers


def test_no_spelling_of_a_path_avoids_the_beta_header(guarded: AppServer) -> None:
    for path in _SPELLINGS:
        for method in ("GET", "POST"):
            status, _body = _status(guarded, path, "Host: localhost", "Content-Type: text/plain", method=method)
            assert status in (400, 404), (method, path)
    with raw_client(guarded) as wire:
        assert wire.get("/threads").json()["data"] == []


def test_no_spelling_of_a_path_avoids_the_token(settings: Settings) -> None:
    with AppServer(create_app(replace(settings, token="s3cret"))) as server:
        for path in (*_SPELLINGS, *_AROUND_THE_TOKEN):
            status, _body = _status(server, path, "Host: localhost", "OpenAI-Beta: assistants=v2")
            assert status in (400, 401, 404), path
        # A query makes no other path of it.
        assert _status(server, "/healthz?/v1/threads", "Host: localhost")[0] == 200


def _environment(tmp_path: Path, **further: str) -> dict[str, str]:
    return {"OPENAI_RUNTIME_STORE": str(tmp_path / "runtime.db"), **further}


def test_a_token_keeps_web_pages_out_as_well(tmp_path: Path) -> None:
    """A page cannot know it; so a proxy in front may use any name, unless the names are given."""
    token = {"RUNTIME_TOKEN": "s3cret"}
    assert read_service(_environment(tmp_path)).settings.hosts == {"127.0.0.1"}
    assert read_service(_environment(tmp_path, **token)).settings.hosts is None
    named = _environment(tmp_path, **token, RUNTIME_ALLOWED_HOSTS=f"{_NAMED},[2001:DB8::1]", RUNTIME_HOST="0.0.0.0")
    assert read_service(named).settings.hosts == {"0.0.0.0", _NAMED, "2001:db8::1"}


@pytest.mark.parametrize("name", ["https://runtime.example.com", "runtime.example.com:443", "a b", "*", "[", "a/b"])
def test_allowed_hosts_are_names(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_service(_environment(tmp_path, RUNTIME_ALLOWED_HOSTS=name))
    assert "--allowed-host must be a host name" in capsys.readouterr().err


def test_served_on_loopback_without_a_token(settings: Settings, model_server: ModelServer) -> None:
    arguments = ("--allowed-host", "a.example", "--allowed-host", "b.example")
    with Served(settings.store, model_server.base_url, *arguments) as it:
        for host, status in (("evil.com", 403), ("a.example", 200), ("b.example", 200), ("localhost", 200)):
            with raw_client(it, Host=host) as wire:
                assert wire.get("/threads").status_code == status
        with raw_client(it, Origin="http://evil.com") as wire:
            assert wire.post("/threads").status_code == 403
