# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment for attacks on playbooks: a folder, a scripted model server, and local runtimes."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from paths import COLLECTIONS

from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook


@dataclasses.dataclass(frozen=True)
class Stage:
    """The environment of a chapter with playbooks.

    Attributes:
        playbook: Runs playbooks in its directory.
        model: The model server.
        runtimes: The local runtimes of the playbooks.
    """

    playbook: AnsiblePlaybook
    model: ModelServer
    runtimes: LocalRuntimes

    def statuses(self) -> list[str]:
        """Return the statuses of the store's runs."""
        with contextlib.closing(sqlite3.connect(self.playbook.store, timeout=30)) as store:
            return [row[0] for row in store.execute("SELECT status FROM runs ORDER BY seq")]


@contextlib.contextmanager
def stage(folder: Path, **environment: Any) -> Iterator[Stage]:
    """Create the environment of a chapter.

    Args:
        folder: The directory for all files of the playbooks.
        environment: Further environment variables of the playbooks.
    """
    folder.mkdir(exist_ok=True)
    with LocalRuntimes() as runtimes, ModelServer() as model:
        variables = {**runtimes.environment, "OPENAI_BASE_URL": model.base_url, **environment}
        with AnsiblePlaybook(folder, Path(COLLECTIONS), variables) as playbook:
            yield Stage(playbook, model, runtimes)
