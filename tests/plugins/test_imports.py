# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plugins import, which each task pays for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_PLUGINS = "ansible_collections.threadworks.openai.plugins"


def test_what_is_imported_is_little() -> None:
    """A managed host pays for it with each task."""
    code = (
        "import sys; from ansible_collections.threadworks.openai.plugins.module_utils import _client;"
        "print(*sorted(name for name in sys.modules if '.' not in name))"
    )
    paths = os.pathsep.join(sys.path)
    found = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": paths}, capture_output=True, check=True)
    loaded = set(found.stdout.decode().split())
    assert "socket" in loaded
    assert not loaded & {
        "http",
        "ssl",
        "email",
        "openai",
        "httpx2",
        "jsonschema",
        "jsonschema_rs",
        "falcon",
        "sqlalchemy",
        "threadworks_runtime",
        "asyncio",
    }
    assert "ansible.module_utils.urls" not in loaded


@pytest.mark.parametrize("lookup", ["openai_run", "openai_threads"])
def test_a_lookup_loads_no_more_of_the_table_than_it_needs(lookup: str) -> None:
    code = f"import sys, {_PLUGINS}.lookup.{lookup}; print(*[name for name in sys.modules if '_table_' in name])"
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    assert {name.rpartition(".")[2] for name in done.stdout.split()} == {"_table_connection", "_table_lookups"}
