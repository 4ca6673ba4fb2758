# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxies and certificate authorities, as the environment names them."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _network
from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError, Unanswered
from ansible_collections.threadworks.openai.tests.unit.plugins.authority import Authority
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    THING,
    Peer,
    Scripted,
    always,
    hang_up,
    raw,
    silence,
    wire_to,
)

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


# ---- TLS ----


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_of_ones_own(authority: Authority, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, str(authority.bundle))
    with Scripted(always(), tls=authority.server) as server:
        wire = wire_to(server.url, api_key="k")
        for _request in range(2):
            assert wire.get("threads", "x") == THING
        assert server.connections == 1


def test_the_error_for_an_unknown_authority_has_a_remedy(authority: Authority) -> None:
    with Scripted(always(), tls=authority.server) as server:
        with pytest.raises(Unanswered, match=r"its certificate is not trusted: .*SSL_CERT_FILE\.$"):
            wire_to(server.url, max_retries=2).get("threads", "x")
        assert (server.connections, server.seen) == (1, [])


@pytest.mark.usefixtures("_example_is_here")
def test_a_certificate_for_another_name(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    with Scripted(always(), tls=authority.server) as server:
        assert wire_to(server.url.replace("127.0.0.1", "localhost")).get("threads", "x") == THING
        with pytest.raises(Unanswered, match=r"certificate is not trusted: .*mismatch"):
            wire_to(server.url.replace("127.0.0.1", "example.test")).get("threads", "x")


@pytest.mark.parametrize("variable", _VARIABLES[:1] + _VARIABLES[2:])
@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_a_bundle_that_cannot_be_read_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    with pytest.raises(TaskError, match=f"environment variable {variable} must be the path of CA certificates"):
        wire_to("https://127.0.0.1:1/v1").get("threads", "x")


def test_https_to_a_server_without_tls() -> None:
    def refuse(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with (
        Scripted(refuse) as server,
        pytest.raises(Unanswered, match=r"the TLS handshake failed: .* Check whether the server supports https"),
    ):
        wire_to(server.url.replace("http:", "https:")).get("threads", "x")


def test_http_to_a_server_with_tls(authority: Authority) -> None:
    with Scripted(always(), tls=authority.server) as server, pytest.raises(Unanswered, match="did not answer"):
        wire_to(server.url.replace("https:", "http:")).get("threads", "x")


def test_a_handshake_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_network, "_CONNECT", 0.5)

    with Scripted(lambda peer: peer.wait()) as server, pytest.raises(Unanswered, match="no TLS handshake within"):
        wire_to(server.url.replace("http:", "https:"), timeout=90.0).get("threads", "x")


# ---- Proxies ----


def tunnel(peer: Peer) -> None:
    """A proxy that connects to the requested server."""
    request = peer.request()
    assert request
    port = int(request[0].split()[1].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as there:
        peer.send(b"HTTP/1.1 200 Go on\r\n\r\n")
        back = threading.Thread(target=_pump, args=(there, peer.sock))
        back.start()
        _pump(peer.sock, there)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def _example_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is not a loopback name, and yet is this machine."""
    known = socket.getaddrinfo

    def here(host: str, *arguments: object, **more: object) -> object:
        return known("127.0.0.1" if host.endswith("example.test") else host, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", here)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_http_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    with Scripted(always()) as proxy:
        monkeypatch.setenv(variable, f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        wire = wire_to("http://example.test:8080/v1", api_key="k")
        for _request in range(2):
            assert wire.get("threads", "x") == THING
        assert proxy.connections == 1
    line, headers, _body = proxy.seen[0]
    assert line == "GET http://example.test:8080/v1/threads/x HTTP/1.1"
    assert headers["host"] == "example.test:8080"
    assert headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:p@ss").decode()
    assert headers["authorization"] == "Bearer k"


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.usefixtures("_example_is_here")
def test_https_goes_through_a_tunnel(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    monkeypatch.setattr(_network, "_is_loopback", lambda host: False)
    with Scripted(always(), tls=authority.server) as server, Scripted(tunnel) as proxy:
        monkeypatch.setenv(variable, f"me:secret@127.0.0.1:{proxy.port}")
        wire = wire_to(server.url.replace("127.0.0.1", "localhost"), api_key="k")
        for _request in range(2):
            assert wire.get("threads", "x") == THING
        assert (proxy.connections, server.connections) == (1, 1)
    line, headers, _body = proxy.seen[0]
    assert line == f"CONNECT localhost:{server.port} HTTP/1.1"
    assert headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()
    # The proxy does not see the key, and the server not the proxy's password.
    assert "authorization" not in headers
    assert "proxy-authorization" not in server.seen[0][1]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "a.localhost"])
def test_loopback_is_never_sent_to_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name in ("http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert _network._proxy_for("http", host, 80) is None
    assert _network._proxy_for("http", "::1", 80) is None
    with Scripted(always()) as server:
        assert wire_to(server.url).get("threads", "x") == THING


@pytest.mark.parametrize(
    ("exceptions", "direct"),
    [
        ("example.test", True),
        (".test", True),
        ("other.test,example.test:8080", True),
        ("*", True),
        ("example.test:9090", False),
        ("other.test", False),
        ("", False),
    ],
)
@pytest.mark.usefixtures("_example_is_here")
def test_exceptions_of_the_proxy(monkeypatch: pytest.MonkeyPatch, exceptions: str, direct: bool) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (_network._proxy_for("http", "example.test", 8080) is None) == direct


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (raw(b"HTTP/1.1 407 Who are you?\r\n\r\n"), r"answered 407 Who are you\?\.$"),
        (raw(b"HTTP/1.1 403 No\r\nx: y\r\n\r\nlong text"), r"answered 403 No\.$"),
        (hang_up, "did not open a tunnel: the connection was lost"),
        (raw(b"What?\r\n"), "did not open a tunnel: it did not send a valid HTTP response"),
        (silence, "did not open a tunnel: it sent nothing"),
    ],
)
def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch, script: object, message: str) -> None:
    monkeypatch.setattr(_network, "_CONNECT", 1.0)
    with Scripted(script) as proxy:  # type: ignore[arg-type]
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
        with pytest.raises(Unanswered, match=message) as caught:
            wire_to("https://example.test/v1").get("threads", "x")
    assert f"the proxy 127.0.0.1:{proxy.port} (environment variable HTTPS_PROXY)" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("url", ["socks5://a:1", "https://a:secret@b:1", "http://a:99999", "http://"])
def test_a_proxy_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ALL_PROXY", url)
    with pytest.raises(
        Unanswered, match=r"variable ALL_PROXY must be the URL of an HTTP proxy, such as http://.*\.$"
    ) as caught:
        wire_to("http://example.test/v1", max_retries=2).get("threads", "x")
    assert "secret" not in caught.value.message
