# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single requests to a running local runtime, and the cost of the client."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _runtime_control
from ansible_collections.threadworks.openai.plugins.module_utils._errors import (
    TaskError,
    Unanswered,
    WireError,
)
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    Script,
    Scripted,
    always,
    hang_up,
    silence,
)


def test_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.sock"
    assert _runtime_control.ask(str(path), "GET", "/runtime", 1) is None
    with Scripted(always({"pid": 3}), path=path) as server:
        assert _runtime_control.ask(str(path), "GET", "/runtime", 1) == {"pid": 3}
        assert _runtime_control.ask(str(path), "POST", "/runtime/stop", 1, {"force": True}) == {"pid": 3}
        assert [(line, body) for line, _headers, body in server.seen] == [
            ("GET /runtime HTTP/1.1", b""),
            ("POST /runtime/stop HTTP/1.1", b'{"force": true}'),
        ]
    assert _runtime_control.ask(str(path), "GET", "/runtime", 1) is None


@pytest.mark.parametrize(
    ("script", "error", "message"),
    [
        (silence, Unanswered, "did not answer: it sent nothing for 0.3 seconds"),
        (hang_up, Unanswered, "did not answer: the connection was lost"),
        (always(b"<html>"), Unanswered, "is not a runtime of this collection"),
        (always([]), Unanswered, "is not a runtime of this collection"),
        (always({"error": {"message": "No."}}, "409 Conflict"), WireError, r"^No\. \(HTTP 409\)"),
    ],
)
def test_ask_fails(tmp_path: Path, script: Script, error: type[TaskError], message: str) -> None:
    with Scripted(script, path=tmp_path / "x.sock") as server, pytest.raises(error, match=message):
        _runtime_control.ask(str(server.path), "GET", "/runtime", 0.3)
