# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks that run for real need besides `ansible_playbook`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from ansible_collections.threadworks.openai import runtime
from ansible_collections.threadworks.openai.tests.model_server import ModelServer


@pytest.fixture
def served(tmp_path: Path, model_server: ModelServer) -> Iterator[tuple[str, list[str]]]:
    """The runtime over HTTP, on the playbooks' store: its address, and the requests that it gets."""
    requests: list[str] = []

    class Handler(WSGIRequestHandler):
        def log_request(self, code: object = "-", size: object = "-") -> None:
            requests.append(f"{self.command} {self.path}")

    settings = runtime.Settings(store=str(tmp_path / "runtime.db"), base_url=model_server.base_url)
    app: Any = runtime.create_app(settings)
    with make_server("127.0.0.1", 0, app, handler_class=Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
        server.shutdown()
