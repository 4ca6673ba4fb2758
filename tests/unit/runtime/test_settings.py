# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings, the server's options, and what becomes of the secrets in them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.runtime import Settings
from ansible_collections.threadworks.openai.runtime.logs import JsonFormatter
from ansible_collections.threadworks.openai.runtime.serve import main, read_options

_ROOT = Path(__file__).resolve().parents[3]


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings(store="x", api_key="s3cret", token="t0ken"))
    assert "s3cret" not in shown
    assert "t0ken" not in shown


def test_importing_the_package_imports_nothing_else() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import runtime; runtime.Settings(store='x')\n"
        "print([name for name in ('falcon', 'sqlalchemy', 'pydantic', 'openai') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(_ROOT)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_options_come_from_the_environment_and_the_command_line_wins() -> None:
    environment = {
        "RUNTIME_PORT": "9000",
        "OPENAI_RUNTIME_STORE": "/a",
        "RUNTIME_WORKERS": "3",
        "OPENAI_API_KEY": "k",
        "OPENAI_BASE_URL": "http://model/v1",
        "OPENAI_ORG_ID": "org",
        "OPENAI_PROJECT_ID": "proj",
    }
    server = read_options(["--port", "9001"], environment)
    assert (server.host, server.port, server.workers) == ("127.0.0.1", 9001, 3)
    settings = server.settings
    assert (settings.store, settings.executor, settings.token) == ("/a", "threads", None)
    assert (settings.api_key, settings.base_url) == ("k", "http://model/v1")
    assert (settings.organization, settings.project) == ("org", "proj")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_token(host: str) -> None:
    assert read_options(["--store", "x", "--host", host], {}).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_beyond_loopback_a_token_is_needed(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_options(["--store", "x", "--host", host], {})
    assert "RUNTIME_TOKEN" in capsys.readouterr().err
    assert read_options(["--store", "x", "--host", host], {"RUNTIME_TOKEN": "t"}).settings.token == "t"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [([], "--store"), (["--store", "x", "--workers", "0"], "--workers"), (["--store", "x", "--port", "no"], "--port")],
)
def test_wrong_options_are_named(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_options(arguments, {})
    assert named in capsys.readouterr().err


def test_a_store_that_cannot_be_opened_ends_the_server_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="Is a directory"):
        main(["--store", str(tmp_path)], {})


def test_logs_tell_an_exceptions_type_and_not_its_text() -> None:
    error = ValueError("the content")
    record = logging.LogRecord("x", logging.ERROR, "", 1, "failed: %s", ("why",), (ValueError, error, None))
    entry = json.loads(JsonFormatter().format(record))
    assert (entry["message"], entry["exception"], entry["level"]) == ("failed: why", "ValueError", "error")
    assert "the content" not in json.dumps(entry)
