# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thirty mixed tasks: foretold, done, and done already; on the local and on a served runtime."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome
from ansible_collections.threadworks.openai.tests.runtime.harness import Served

_PLAYBOOK = Path(__file__).with_name("thirty_tasks.yml")


@contextlib.contextmanager
def _runtime(way: str, playbook: AnsiblePlaybook, model: ModelServer) -> Iterator[tuple[dict[str, str], Any]]:
    """Yield the environment that names the runtime, and what counts its changing requests: its log has them."""

    def changing(log: str) -> int:
        return len(re.findall('"method": "(?:POST|DELETE)"', log))

    if way == "local":
        log = playbook.store.with_name("runtime.db.log")
        yield {"OPENAI_BASE_URL": model.base_url}, lambda: changing(log.read_text())
        return
    with Served(str(playbook.store), model.base_url) as served:
        yield {"OPENAI_RUNTIME_URL": f"http://127.0.0.1:{served.port}/v1"}, lambda: changing(served.log)


def _objects(store: Path) -> list[str]:
    """All that is in a store."""
    if not store.exists():
        return []
    with contextlib.closing(sqlite3.connect(store)) as connection:
        return [line for line in connection.iterdump() if line.startswith("INSERT") and "store_version" not in line]


def _changed(outcome: Outcome) -> dict[str, bool]:
    assert outcome.rc == 0, outcome
    return {task.name: bool(task.result["changed"]) for task in outcome.tasks}


def _diffs(outcome: Outcome) -> dict[str, Any]:
    """What each task shows of its change; an id that is not known yet is like any other."""
    text = json.dumps({task.name: [each["diff"] for each in _items(task.result)] for task in outcome.tasks})
    return json.loads(re.sub(r"(asst|thread|msg|run)_\w{20,}|\(known after apply( \d+)?\)", "*", text))


def _items(result: dict[str, Any]) -> list[dict[str, Any]]:
    return result.get("results", [result])


@pytest.mark.parametrize("way", ["local", "served"])
def test_thirty_tasks(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, way: str) -> None:
    assert model_server.hosted is not None
    model_server.hosted.answer("POST", "/v1/vector_stores", b'{"name": "manuals"}', "application/json")
    with _runtime(way, ansible_playbook, model_server) as (env, changing):
        foretold = ansible_playbook(_PLAYBOOK, "--check", "--diff", env=env)
        assert (len(foretold.tasks), changing(), model_server.runs) == (30, 0, [])
        assert _objects(ansible_playbook.store) == []

        done = ansible_playbook(_PLAYBOOK, "--diff", env=env)
        assert _changed(done) == _changed(foretold)
        diffs = _diffs(done)
        for name, diff in _diffs(foretold).items():
            assert diffs[name] == diff, name
        assert len(model_server.runs) == 12
        before, seen = _objects(ansible_playbook.store), changing()
        assert seen > 12

        again = ansible_playbook(_PLAYBOOK, env=env)
        assert (again.rc, again.changed) == (0, 0), again
        assert _objects(ansible_playbook.store) == before
        assert (changing(), len(model_server.runs)) == (seen, 12)
