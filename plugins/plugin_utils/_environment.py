# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import contextlib
import os
import typing as t

from ._socket import network_environment

# The path of the journal, for the report. The callback `runs` sets it in the process of the playbook, and the workers
# inherit it.
JOURNAL = "_THREADWORKS_OPENAI_JOURNAL"


@contextlib.contextmanager
def task_environment(environment: dict[str, str]) -> t.Iterator[None]:
    """Set the proxies and certificate authorities of a task's own `environment` while the task runs.

    The client reads them from the environment of the process, as in a module, where Ansible sets them.

    Args:
        environment: The variables of the task.
    """
    wanted = network_environment(environment)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
