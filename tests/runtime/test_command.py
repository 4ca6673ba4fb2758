# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package and its command, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from threadworks_runtime import __main__ as command

_RUNTIME = Path(__file__).resolve().parents[2] / "roles" / "runtime" / "files"


@pytest.mark.parametrize("package", ["threadworks_runtime", "threadworks_runtime.settings"])
def test_importing_the_package_imports_nothing_else(package: str) -> None:
    program = (
        f"import sys; sys.path.insert(0, sys.argv[1]); import {package}\n"
        "print([name for name in ('falcon', 'sqlalchemy', 'pydantic', 'openai', 'uvicorn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(_RUNTIME)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("arguments", [[], ["start"]])
def test_the_usage_names_both_commands(arguments: list[str]) -> None:
    line = [sys.executable, "-m", "threadworks_runtime", *arguments]
    done = subprocess.run(line, cwd=_RUNTIME, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "serve" in done.stderr
    assert "local" in done.stderr


def test_ctrl_c_ends_a_start_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_arguments: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(command._COMMANDS, "serve", lambda: start)
    monkeypatch.setattr(sys, "argv", ["threadworks_runtime", "serve"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 130
