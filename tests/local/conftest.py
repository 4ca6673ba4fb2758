# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real local runtimes, started by the code of the plugins, and a client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._connect import connect
from ansible_collections.threadworks.openai.plugins.plugin_utils._control import ControlledRuntime
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

Json = dict[str, Any]


class Desk:
    """The user side of a local runtime: connection options, and a client with these options.

    Attributes:
        options: The connection options.
    """

    def __init__(self, store: Path, model: ModelServer) -> None:
        self.options: Json = {
            "api_key": "sk-the-secret-key",
            "base_url": model.base_url,
            "organization": None,
            "project": None,
            "runtime_url": None,
            "runtime_store": str(store),
            "runtime_idle_timeout": 60.0,
            "runtime_concurrent_runs": 32,
            "timeout": 30.0,
            "max_retries": 0,
        }

    def runtime(self, environment: dict[str, str] | None = None, **options: Any) -> ControlledRuntime:
        """The starter of the runtime."""
        return ControlledRuntime({**self.options, **options}, environment)

    def wire(self, **options: Any) -> Wire:
        """A client of the runtime."""
        options = {**self.options, **options}
        return connect(Wire, options, ControlledRuntime(options))

    def pid(self, **options: Any) -> int:
        """The id of the process that answers."""
        found = self.runtime(**options).describe()
        assert found is not None
        return int(found["pid"])

    def new_run(self, text: str = "Hello", **options: Any) -> tuple[str, ...]:
        """Create a run on a new thread without waiting for it, and return its path."""
        wire = self.wire(**options)
        assistant = wire.create("assistants", body={"model": "m"}, once=f"assistant of {text}").thing
        thread = {"messages": [{"role": "user", "content": text}]}
        body = {"assistant_id": assistant["id"], "thread": thread}
        run = wire.create("threads", "runs", body=body, once=f"run of {text}").thing
        return ("threads", run["thread_id"], "runs", run["id"])

    def status(self, run: tuple[str, ...], **options: Any) -> str:
        """Return the status of a run."""
        return str(self.wire(**options).get(*run)["status"])


@pytest.fixture
def desk(tmp_path: Path, model_server: ModelServer) -> Desk:
    """The options for the store and the model server of a test."""
    return Desk(tmp_path / "runtime.db", model_server)
