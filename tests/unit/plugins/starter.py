# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A starter of scripted local runtimes, for tests of the client."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    Json,
    Script,
    Scripted,
)

OPTIONS: Json = {
    "runtime_url": None,
    "base_url": "http://127.0.0.1:9/v1",
    "api_key": "k",
    "organization": None,
    "project": None,
    "timeout": 30.0,
    "max_retries": 2,
    "runtime_idle_timeout": 60.0,
    "runtime_concurrent_runs": 32,
}


class Starter:
    """Finds and starts the local runtime. Each start serves the next script at the same path.

    Attributes:
        calls: The calls: "start", or the process id to replace.
        within: The time limit of each call, in seconds.
    """

    def __init__(self, folder: Path, *scripts: Script) -> None:
        self._path = folder / "x.sock"
        self._scripts = list(scripts)
        self.calls: list[Any] = []
        self.within: list[float] = []
        self.servers: list[Scripted] = []

    def path(self) -> str:
        return str(self._path)

    def start(self, within: float) -> None:
        self.calls.append("start")
        self.within.append(within)
        self.serve()

    def replace(self, pid: int | None, within: float) -> None:
        self.calls.append(pid)
        self.within.append(within)
        self.serve()

    def serve(self) -> None:
        """Serve the next script. It takes over the path, as a runtime does."""
        if self._scripts:
            new = self._path.with_name(f"{len(self.servers)}.new")
            self.servers.append(Scripted(self._scripts.pop(0), path=new).__enter__())
            new.rename(self._path)

    @property
    def seen(self) -> list[str]:
        return [line for server in self.servers for line in server.lines]


Start = Callable[..., tuple[Wire, Starter]]
