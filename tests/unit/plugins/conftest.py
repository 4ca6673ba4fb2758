# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.world import World


@pytest.fixture
def world(tmp_path: Path, model_server: ModelServer) -> World:
    """A new store, and tasks on it."""
    return World(tmp_path, model_server)
