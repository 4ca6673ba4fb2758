# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A world without this machine's proxies and certificates, for each test of the plugins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _client, _network
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.world import World

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No client of another test, no proxy or certificates of this machine, and no long pauses."""
    monkeypatch.setattr(_client, "_wires", {})
    monkeypatch.setattr(_network, "_contexts", {})
    monkeypatch.setattr(_network, "_SHORTEST_PAUSE", 0.01)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in _CERTIFICATES:
            monkeypatch.delenv(name)


@pytest.fixture
def world(tmp_path: Path, model_server: ModelServer) -> Iterator[World]:
    """A new store, and tasks on it."""
    with World(tmp_path, model_server) as world:
        yield world
