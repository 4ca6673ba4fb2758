# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make clients`: the program of the one client that is installed for the tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.processes import Served

_PROGRAM = Path(__file__).resolve().parents[2] / "scripts" / "clients" / "programs" / "run_openai_python.py"
_CALL = {"name": "get_weather", "arguments": {"city": "Oslo"}}


@pytest.mark.stores("sqlite")
def test_openai_python(store_address: str, model_server: ModelServer) -> None:
    model_server.script([{"match": f"weather in {city}", "calls": [_CALL]} for city in ("Oslo", "Bergen")])
    with Served(store_address, model_server.base_url, RUNTIME_TOKEN="token-of-the-runtime") as served:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(_PROGRAM)],
            env={"BASE_URL": served.url, "TOKEN": "token-of-the-runtime", "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    passed = [line.removeprefix("ok ") for line in done.stdout.splitlines()]
    assert passed == ["poll", "stream", "event handlers", "tools", "files", "delete"]
