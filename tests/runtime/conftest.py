# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runtimes to test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from threadworks_runtime.app import Runtime, create_app
from threadworks_runtime.settings import ModelOptions, Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, Conversation, raw_client


@pytest.fixture
def settings(store_address: str, model_server: ModelServer) -> Settings:
    """The settings of a served runtime with a new store and the scripted model server."""
    model = ModelOptions(base_url=model_server.base_url)
    return Settings(store=store_address, model=model, executor="served", lease=6)


@pytest.fixture
def either(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """The settings of a local and of a served runtime."""
    return replace(settings, executor=request.param)


@pytest.fixture
def app(settings: Settings) -> Runtime:
    """The application."""
    return create_app(settings)


@pytest.fixture
def server(app: Runtime) -> Iterator[AppServer]:
    """The application, served by this process."""
    with AppServer(app) as server:
        yield server


@pytest.fixture
def wire(server: AppServer) -> Iterator[httpx2.Client]:
    """A plain HTTP client of the application."""
    with raw_client(server) as client:
        yield client


@pytest.fixture
def talk(wire: httpx2.Client, server: AppServer) -> Conversation:
    """A conversation with an assistant and a thread of the application."""
    return Conversation(wire, server)
