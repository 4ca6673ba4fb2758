# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings, the server's options, and what becomes of the secrets in them."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from threadworks_runtime import serve
from threadworks_runtime.logs import JsonFormatter
from threadworks_runtime.serve import main
from threadworks_runtime.serve_options import Service, read_service
from threadworks_runtime.settings import ModelOptions, Settings

_STORE = {"OPENAI_RUNTIME_STORE": "x"}


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """The environment, as far as the runtime's own variables are concerned empty; changes do not outlive the test."""
    saved = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("RUNTIME_", "OPENAI_")):
            del os.environ[name]
    yield os.environ
    os.environ.clear()
    os.environ.update(saved)


def _served(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Service:
    """How a process that is started like this serves."""
    found: list[Service] = []
    monkeypatch.setattr(serve.uvicorn, "run", lambda *_app, **_options: found.append(read_service(os.environ)))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        main(arguments)
    finally:
        signal.signal(signal.SIGTERM, handler)
    (service,) = found
    return service


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings(store="x", model=ModelOptions(api_key="s3cret"), token="t0ken"))
    assert "s3cret" not in shown
    assert "t0ken" not in shown


def test_options_come_from_the_environment_and_the_command_line_wins(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    environment |= {
        "RUNTIME_PORT": "1",
        "OPENAI_RUNTIME_STORE": str(tmp_path / "a.db"),
        "RUNTIME_GRACE": "3",
        "RUNTIME_MODEL_TIMEOUT": "7",
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": "http://model/v1",
        "OPENAI_ORG_ID": "org",
        "OPENAI_PROJECT_ID": "proj",
    }
    service = _served(monkeypatch, "--port", port, "--concurrent-runs", "5", "--run-expiry", "70", "--max-body", "9")
    assert (service.host, service.port, service.workers, service.grace) == ("127.0.0.1", int(port), 1, 3)
    settings = service.settings
    assert (settings.store, settings.executor, settings.token) == (str(tmp_path / "a.db"), "served", None)
    assert (settings.concurrent_runs, settings.run_expiry, settings.max_body) == (5, 70, 9)
    assert settings.model == ModelOptions("http://model/v1", "k", organization="org", project="proj", timeout=7)


def test_import_and_export_can_be_turned_off(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = ("--store", str(tmp_path / "a.db"), "--port", "0")
    assert _served(monkeypatch, *store).settings.transfer
    assert not _served(monkeypatch, *store, "--no-transfer").settings.transfer
    environment["RUNTIME_TRANSFER"] = "0"
    assert not _served(monkeypatch, *store).settings.transfer
    assert _served(monkeypatch, *store, "--transfer").settings.transfer


def test_the_defaults(environment: dict[str, str]) -> None:
    service = read_service(_STORE)
    assert (service.host, service.port, service.workers, service.grace) == ("127.0.0.1", 8088, 1, 30)
    assert service.connections == 2048
    assert service.settings == Settings(store="x", executor="served", hosts=frozenset({"127.0.0.1"}))
    assert service.settings.concurrent_runs == 32


def test_the_workers_share_the_limits(environment: dict[str, str]) -> None:
    limits = {"REQUESTS_PER_MINUTE": "61", "TOKENS_PER_MINUTE": "", "CONCURRENT_REQUESTS": "4"}
    limits = {f"RUNTIME_{name}": value for name, value in limits.items()}
    model = read_service({**_STORE, **limits, "RUNTIME_WORKERS": "4"}).settings.model
    assert (model.requests_per_minute, model.tokens_per_minute, model.concurrent_requests) == (15, None, 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert read_service({**_STORE, "RUNTIME_HOST": host}).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_beyond_loopback_a_token_is_needed(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_service({**_STORE, "RUNTIME_HOST": host})
    assert "RUNTIME_TOKEN" in capsys.readouterr().err
    assert read_service({**_STORE, "RUNTIME_HOST": host, "RUNTIME_TOKEN": "t"}).settings.token == "t"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "--store"),
        (["--store", "x", "--workers", "0"], "--workers"),
        (["--store", "x", "--concurrent-runs", "0"], "--concurrent-runs"),
        (["--store", "x", "--connections", "0"], "--connections"),
        (["--store", "x", "--port", "no"], "--port"),
        (["--store", "x", "--port", "65536"], "--port"),
        (["--store", "x", "--port", "-1"], "--port"),
        (["--store", "x", "--grace", "-1"], "--grace"),
        (["--store", "x", "--grace", "nan"], "--grace"),
        (["--store", "x", "--timeout", "0"], "--timeout"),
        (["--store", "x", "--allowed-host", "https://a"], "--allowed-host"),
        (["--store", "x", "--requests-per-minute", "0"], "--requests-per-minute"),
        (["--store", "x", "--tokens-per-minute", "many"], "--tokens-per-minute"),
        (["--store", "x", "--workers", "3", "--concurrent-requests", "2"], "--concurrent-requests"),
        (["--store", "x", "--threads", "4"], "--threads"),
        (["--store", "x", "--host", ""], "RUNTIME_TOKEN"),
    ],
)
def test_wrong_options_are_named(
    environment: dict[str, str], arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert named in capsys.readouterr().err


def test_the_help_shows_no_default_where_there_is_none_or_where_it_can_be_a_secret(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    environment["OPENAI_RUNTIME_STORE"] = "postgresql://runtime:secret@db/runtime"
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "(OPENAI_RUNTIME_STORE)" in shown
    assert "(RUNTIME_PORT; default: 8088)" in shown
    assert "None" not in shown


def test_a_store_that_cannot_be_opened_ends_the_server_with_a_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="Is a directory"):
        main(["--store", str(tmp_path), "--port", "0"])


def test_a_port_that_is_taken_ends_the_server_with_a_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=rf"127\.0\.0\.1, port {port}: .*in use.*--port"):
            main(["--store", str(tmp_path / "a.db"), "--port", str(port)])


def _logged(logger: str, message: str, *arguments: str, error: Exception | None = None) -> str:
    exception = (type(error), error, None) if error else None
    return JsonFormatter().format(logging.LogRecord(logger, logging.ERROR, "", 1, message, arguments, exception))


def test_logs_tell_an_exceptions_type_and_not_its_text() -> None:
    line = _logged("threadworks.x", "failed: %s", "why", error=ValueError("the content"))
    entry = json.loads(line)
    assert (entry["message"], entry["exception"], entry["level"]) == ("failed: why", "ValueError", "error")
    assert "the content" not in line


def test_logs_tell_of_libraries_no_more_than_what_they_always_say() -> None:
    lost = "Task exception was never retrieved\nfuture: <Task finished exception=RuntimeError('the content')>"
    lines = [_logged("asyncio", lost), _logged("httpx2", "request of %s", "the content"), _logged("other", "")]
    assert [json.loads(line)["message"] for line in lines] == [
        "Task exception was never retrieved",
        "request of %s",
        "",
    ]
    assert "the content" not in "".join(lines)
