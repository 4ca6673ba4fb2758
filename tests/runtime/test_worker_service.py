# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service program of the role `runtime` waits until a worker is ready."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.runtime.processes import RUNTIME

pytestmark = pytest.mark.stores("postgresql")


def _service(home: Path, state: str, store: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(RUNTIME), "RUNTIME_COMMAND": "work", "OPENAI_RUNTIME_STORE": store}
    lines = [f"{name}={json.dumps(value)}\n" for name, value in environment.items()]
    (home / "runtime.env").write_text("".join(lines))
    command = [sys.executable, RUNTIME / "service.py", state, home, "1"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def test_a_worker_is_ready_or_its_start_fails(tmp_path: Path, settings: Settings) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o700)
    (tmp_path / "runtime.json").touch()
    log = tmp_path / "runtime.log"
    try:
        assert _service(tmp_path, "started", settings.store).stdout == '{"changed": true}'
        assert "the worker has started" in log.read_text(), "it was not waited for"
        assert _service(tmp_path, "started", settings.store).stdout == '{"changed": false}'
        # The log still has the line of the first start.
        failed = _service(tmp_path, "started", str(tmp_path / "runtime.db"))
        assert failed.returncode == 1
        assert failed.stderr == f"The worker has not started. Its log is {log}.\n"
        assert "needs a PostgreSQL store" in log.read_text()
    finally:
        _service(tmp_path, "stopped")
