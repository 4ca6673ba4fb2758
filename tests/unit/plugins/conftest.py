# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests of the plugins, which do not use the proxies and certificates of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _connect, _http_socket, _network, _recovery
from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._connect import connect
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.unit.plugins.authority import Authority
from ansible_collections.threadworks.openai.tests.unit.plugins.run_states import Thread
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import Script
from ansible_collections.threadworks.openai.tests.unit.plugins.starter import OPTIONS, Start, Starter
from ansible_collections.threadworks.openai.tests.world import World

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the clients of other tests, the proxies and certificates of this machine, and long pauses."""
    monkeypatch.setattr(_connect, "_wires", {})
    monkeypatch.setattr(_network, "_contexts", {})
    monkeypatch.setattr(_network, "_SHORTEST_PAUSE", 0.01)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in _CERTIFICATES:
            monkeypatch.delenv(name)


@pytest.fixture
def world(tmp_path: Path, model_server: ModelServer) -> Iterator[World]:
    """A new store, and tasks that use it."""
    with World(tmp_path, model_server) as world:
        yield world


@pytest.fixture
def thread(world: World) -> Thread:
    """A thread with one user message, and an assistant."""
    return Thread(world)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Start]:
    """Creates clients of scripted runtimes."""
    monkeypatch.setattr(_http_socket, "_FIRST_WATCH", 0.3)
    monkeypatch.setattr(_http_socket, "_NEXT_WATCH", 0.3)
    monkeypatch.setattr(_recovery, "_ALIVE", 0.3)
    starters = []

    def new(*scripts: Script, **options: Any) -> tuple[Wire, Starter]:
        starter = Starter(tmp_path, *scripts)
        starters.append(starter)
        return connect(Wire, {**OPTIONS, **options}, starter), starter

    yield new
    for starter in starters:
        for server in starter.servers:
            server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority, and a server certificate that it has issued."""
    return Authority(tmp_path_factory.mktemp("tls"), "Ours")
