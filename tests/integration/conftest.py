# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Further fixtures for tests that run playbooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import ModelOptions, Settings

from ansible_collections.threadworks.openai.tests.integration.tool_play import ToolPlay
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer


@pytest.fixture
def served(tmp_path: Path, model_server: ModelServer) -> Iterator[tuple[str, list[str]]]:
    """A served runtime with the store of the playbooks: its URL, and the requests that it receives."""
    requests: list[str] = []
    model = ModelOptions(base_url=model_server.base_url)
    app = create_app(Settings(store=str(tmp_path / "runtime.db"), model=model, executor="served"))

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            requests.append(f"{scope['method']} {scope['path']}")
        await app(scope, receive, send)

    with AppServer(counted) as server:
        yield server.url, requests


@pytest.fixture
def tool_play(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> ToolPlay:
    """Runs the role `run` with a tool."""
    return ToolPlay(ansible_playbook, model_server, tmp_path)
