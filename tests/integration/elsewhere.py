# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that is this machine, but that Ansible takes for another one: it ships its modules."""

from __future__ import annotations

import sys
from pathlib import Path

_CONNECTION = """
from ansible.plugins.connection import local

DOCUMENTATION = local.DOCUMENTATION.replace("name: local", "name: elsewhere")


class Connection(local.Connection):
    transport = "elsewhere"
"""


def far_host(folder: Path, python: str | Path = sys.executable) -> tuple[str, str]:
    """Return the arguments of `ansible-playbook` for the host `far`.

    Args:
        folder: The folder of the playbook. It gets the connection plugin and the inventory.
        python: Runs the modules.
    """
    (folder / "connection_plugins").mkdir()
    (folder / "connection_plugins" / "elsewhere.py").write_text(_CONNECTION)
    (folder / "hosts").write_text(f"far ansible_connection=elsewhere ansible_python_interpreter='{python}'\n")
    return "-i", str(folder / "hosts")
