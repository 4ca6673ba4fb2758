# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many processes on one store."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import Store, open_store, rows
from threadworks_runtime.store.tables import THREADS

_RUNTIME = Path(__file__).resolve().parents[2] / "roles" / "runtime" / "files"


_WRITER = """
import sys
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store, rows
from threadworks_runtime.store.tables import THREADS

store = open_store(Settings(store=sys.argv[1]))
for part in range(5):
    with store.writing() as connection:
        rows.insert(connection, THREADS, {"id": f"thread_{sys.argv[2]}_{part}", "metadata": {}})
"""


def test_many_processes_make_and_write_one_store(store_address: str) -> None:
    command = [sys.executable, "-c", _WRITER, store_address]
    with ExitStack() as stack:
        started = [subprocess.Popen([*command, str(number)], cwd=_RUNTIME) for number in range(6)]
        for process in started:
            stack.callback(process.kill)
        assert [process.wait(300) for process in started] == [0] * 6
    with closing(open_store(Settings(store=store_address))) as store, store.reading() as connection:
        assert len(rows.all_of(connection, THREADS)) == 30


@pytest.fixture
def store(store_address: str) -> Iterator[Store]:
    store = open_store(Settings(store=store_address))
    yield store
    store.close()
