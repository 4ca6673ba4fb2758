# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store of version 0.1.0, in which a model server has left what is neither Unicode nor JSON, is used as any other."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    AppServer,
    raw_client,
    told_by_requests,
    wait_for,
)

pytestmark = pytest.mark.stores("sqlite")

_OLD = Path(__file__).resolve().parents[1] / "unit" / "runtime" / "store_0_1_0.sql"


@pytest.fixture
def old(either: Settings) -> Settings:
    Path(either.store).unlink(missing_ok=True)
    with closing(sqlite3.connect(either.store)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(_OLD.read_text(encoding="utf-8"))
    return either


def _read(wire: httpx2.Client, path: str) -> Any:
    answer = wire.get(path)
    assert answer.status_code == 200, answer.text
    # Whoever reads strictly can read it, and can write it in UTF-8.
    found = json.loads(answer.content.decode("utf-8"), parse_constant=pytest.fail)
    json.dumps(found, ensure_ascii=False).encode()
    return found["data"] if found.get("object") == "list" else found


def test_its_thread_is_read_and_its_run_goes_on(old: Settings, model_server: ModelServer) -> None:
    settings, told = told_by_requests(old)
    with AppServer(create_app(settings)) as server, raw_client(server, **told) as wire:
        (thread,) = _read(wire, "/threads?metadata[ansible_key]=old")
        path = f"/threads/{thread['id']}"
        texts = [each["content"][0]["text"]["value"] for each in _read(wire, f"{path}/messages?order=asc")]
        assert texts == ["Hello \N{SNOWMAN}", "half \N{REPLACEMENT CHARACTER} and \N{GRINNING FACE}"]
        waiting, ended = _read(wire, f"{path}/runs?include[]=messages")
        assert (waiting["status"], ended["status"]) == ("requires_action", "completed")
        assert ended["messages"][0]["content"][0]["text"]["value"] == texts[1]
        for run in (waiting, ended):
            assert len(_read(wire, f"{path}/runs/{run['id']}/steps")) == 1
        (call,) = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
        outputs = {"tool_outputs": [{"tool_call_id": call["id"], "output": "90%"}]}
        assert wire.post(f"{path}/runs/{waiting['id']}/submit_tool_outputs", json=outputs).status_code == 200
        wait_for(lambda: _read(wire, f"{path}/runs/{waiting['id']}")["status"] == "completed")
        again = wire.post(f"{path}/runs", json={"assistant_id": waiting["assistant_id"]}).json()
        wait_for(lambda: _read(wire, f"{path}/runs/{again['id']}")["status"] == "completed")
    sent = json.dumps(model_server.runs[-1], ensure_ascii=False)
    assert "half \N{REPLACEMENT CHARACTER} and" in sent
