# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old runs are removed with their steps. Messages and active runs are kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update
from threadworks_runtime.runner.retention import Retention
from threadworks_runtime.store.tables import RUNS, STEPS, idempotency

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation

_DAY = 86400


def _age(talk: Conversation, run: dict[str, Any], days: float) -> None:
    old = int(run["created_at"] - days * _DAY)
    with talk.server.app.context.store.writing() as connection:
        connection.execute(update(RUNS.table).where(RUNS.table.c.id == run["id"]).values(created_at=old))


def test_old_runs_are_removed(talk: Conversation, model_server: ModelServer) -> None:
    store = talk.server.app.context.store
    old, new = talk.finish(), talk.finish()
    failed = Conversation(talk.wire, talk.server)
    model_server.script([{"error": 400}])
    bad = failed.finish()
    model_server.script([{"hold": True}])
    other = Conversation(talk.wire, talk.server)
    active = other.start()
    wait_for(lambda: other.read(active)["status"] == "in_progress")
    for each in (old, bad, active):
        _age(talk, each, 31)
    with store.writing() as connection:
        values = {"fingerprint": "", "object_id": "run_1", "created_at": old["created_at"] - 2 * _DAY}
        connection.execute(idempotency.insert(), [{"key": str(number), **values} for number in range(150)])
    assert talk.server.call(Retention(store, 30).remove()) == 2
    assert [each["id"] for each in talk.wire.get(talk.runs).json()["data"]] == [new["id"]]
    assert failed.wire.get(failed.runs).json()["data"] == []
    assert other.read(active)["status"] == "in_progress"
    assert len(talk.wire.get(f"/threads/{talk.thread}/messages").json()["data"]) == 3, "messages are kept"
    (usage,) = talk.wire.get("/usage").json()["data"]
    assert usage["runs"] == 3, "the usage of removed runs is kept"
    with store.reading() as connection:
        kept = connection.execute(select(STEPS.table.c.run_id).distinct()).scalars().all()
        assert set(kept) <= {new["id"], active["id"]}
        assert connection.execute(select(func.count()).select_from(idempotency)).scalar() == 0
    model_server.release()
