# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runtimes to test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import openai
import pytest

from ansible_collections.threadworks.openai.runtime import Settings, create_app
from ansible_collections.threadworks.openai.runtime.app import Runtime
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, raw_client, sdk


@pytest.fixture
def settings(tmp_path: Path, model_server: ModelServer) -> Settings:
    """A runtime on a store of its own and the scripted model server."""
    return Settings(store=str(tmp_path / "runtime.db"), base_url=model_server.base_url, executor="threads", lease=6)


@pytest.fixture
def app(settings: Settings) -> Iterator[Runtime]:
    """The application, in this process."""
    app = create_app(settings)
    yield app
    app.context.executor.stop(0)
    app.context.store.close()


@pytest.fixture
def wire(app: Runtime) -> Iterator[httpx2.Client]:
    """A plain HTTP client on the application."""
    with raw_client(app) as client:
        yield client


@pytest.fixture
def client(app: Runtime) -> Iterator[openai.OpenAI]:
    """The official SDK on the application."""
    with sdk(app) as client:
        yield client


@pytest.fixture
def talk(wire: httpx2.Client) -> Conversation:
    """An assistant and a thread on the application."""
    return Conversation(wire)
