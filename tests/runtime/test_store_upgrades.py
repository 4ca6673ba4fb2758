# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that open a store: many at once, an older one, and each with no more libraries than it needs."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store

from ansible_collections.threadworks.openai.tests.unit.runtime.old_store import make_old_store, schema

_RUNTIME = Path(__file__).resolve().parents[2] / "roles" / "runtime" / "files"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of version 0.1.0."""
    return make_old_store(tmp_path / "old.db")


def test_many_processes_upgrade_one_store(old: Path, tmp_path: Path) -> None:
    command = "import sys; from threadworks_runtime.settings import Settings as S; "
    command += "from threadworks_runtime.store import open_store; open_store(S(store=sys.argv[1])).close()"
    with ExitStack() as stack:
        started = [subprocess.Popen([sys.executable, "-c", command, str(old)], cwd=_RUNTIME) for _each in range(4)]
        for process in started:
            stack.callback(process.kill)
        assert [process.wait(300) for process in started] == [0] * 4
    new = tmp_path / "new.db"
    open_store(Settings(store=str(new))).close()
    assert schema(old) == schema(new)


def test_a_store_is_opened_without_the_dialect_of_the_other_database(tmp_path: Path) -> None:
    command = "import sys; from threadworks_runtime.settings import Settings as S; "
    command += "from threadworks_runtime.store import open_store; open_store(S(store=sys.argv[1])).close(); "
    command += "print([name for name in sys.modules if 'postgresql' in name])"
    opened = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path / "runtime.db")],
        cwd=_RUNTIME,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    assert opened.stdout == "[]\n"
