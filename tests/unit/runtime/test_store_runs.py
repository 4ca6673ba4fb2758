# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the store: claimed by one runner, restarted without their last round, and ended with what they have used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from threadworks_runtime import documents, lifecycle
from threadworks_runtime.errors import NotFound
from threadworks_runtime.leases import held_for
from threadworks_runtime.lifecycle import Change, Parts
from threadworks_runtime.records import AssistantRecord, RunRecord
from threadworks_runtime.settings import Settings
from threadworks_runtime.status import RunStatus
from threadworks_runtime.store import budgets, open_store, rows, runs
from threadworks_runtime.store.tables import (
    MESSAGES,
    RUNS,
    STEPS,
    THREADS,
    run_budgets,
    run_reservations,
    run_usage,
)
from threadworks_runtime.usage.budget import Amount, Reservation
from threadworks_runtime.usage.runs import with_cut_round

_LEASE = held_for("runner", 30)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A store with the queued runs `run_1` and `run_2` on two threads."""
    store = open_store(Settings(store=str(tmp_path / "runtime.db")))
    assistant = AssistantRecord(1, "asst_1", *documents.assistant("asst_1", {"model": "m"}))
    budget = {"name": "team", "scope": "client", "per": "day", "play": "", "tokens": 1000, "cost": None}
    with store.writing() as connection:
        for number in (1, 2):
            thread = rows.insert(connection, THREADS, documents.thread(f"thread_{number}", {}))
            document, private = documents.run(f"run_{number}", thread, assistant, {}, 600)
            columns: dict[str, Any] = {"thread_id": thread["id"], "status": "queued", "expires_at": 1}
            rows.insert(connection, RUNS, document, {**private, "terms": {"budgets": [budget]}}, **columns)
        yield connection
    store.close()


def _find(connection: Connection, id: str = "run_1") -> RunRecord:
    return rows.find(connection, RUNS, id)


def _say(connection: Connection, id: str, run_id: str = "run_1", status: str = "in_progress") -> None:
    """Write a message and its step."""
    message = {"id": f"msg_{id}", "status": status, "metadata": {}}
    rows.insert(connection, MESSAGES, message, thread_id=f"thread_{run_id[-1]}", run_id=run_id)
    rows.insert(connection, STEPS, {"id": f"step_{id}", "status": status, "metadata": {}}, run_id=run_id)


def _said(connection: Connection, run_id: str = "run_1") -> tuple[list[str], list[str]]:
    messages = rows.all_of(connection, MESSAGES, run_id=run_id)
    return [each.id for each in messages], [each.id for each in rows.all_of(connection, STEPS, run_id=run_id)]


def test_a_run_is_found_on_its_thread_only(connection: Connection) -> None:
    assert runs.lock_run(connection, "thread_1", "run_1").id == "run_1"
    for thread_id, run_id in (("thread_2", "run_1"), ("none", "run_1"), ("thread_1", "none")):
        with pytest.raises(NotFound):
            runs.lock_run(connection, thread_id, run_id)
    found = runs.lock_by_id(connection, "run_2")
    assert (found and found.thread_id) == "thread_2"
    assert runs.lock_by_id(connection, "none") is None


def test_a_queued_run_is_claimed_once(connection: Connection) -> None:
    run = runs.claim(connection, "run_1", _LEASE, 600)
    assert run is not None
    assert (run.status, run.lease_owner) == ("in_progress", "runner")
    stored = _find(connection)
    assert (stored.status, stored.lease_owner, stored.document) == (run.status, run.lease_owner, run.document)
    assert "kept" not in run.private
    assert runs.claim(connection, "run_1", held_for("another", 30), 600) is None
    assert _find(connection).lease_owner == "runner"
    assert runs.claim(connection, "none", _LEASE, 600) is None
    assert _find(connection, "run_2").status == "queued"


def test_the_first_round_is_restarted_without_its_messages(connection: Connection) -> None:
    run = runs.claim(connection, "run_1", _LEASE, 600)
    assert run is not None
    _say(connection, "a")
    _say(connection, "b", "run_2")
    runs.drop_round(connection, run)
    assert _said(connection) == ([], [])
    assert _said(connection, "run_2") == (["msg_b"], ["step_b"])


def test_a_later_round_is_restarted_without_its_messages(connection: Connection) -> None:
    """Those of the earlier rounds are kept."""
    _say(connection, "a", status="completed")
    _say(connection, "other", "run_2")
    run = lifecycle.with_items(_find(connection), [{"type": "message"}])
    runs.apply(connection, Change(run))
    claimed = runs.claim(connection, "run_1", _LEASE, 600)
    assert claimed is not None
    _say(connection, "b")
    runs.drop_round(connection, claimed)
    assert _said(connection) == (["msg_a"], ["step_a"])
    assert _said(connection, "run_2") == (["msg_other"], ["step_other"])


def test_a_later_round_without_earlier_messages(connection: Connection) -> None:
    _say(connection, "other", "run_2")
    runs.apply(connection, Change(lifecycle.with_items(_find(connection), [{"type": "message"}])))
    claimed = runs.claim(connection, "run_1", _LEASE, 600)
    assert claimed is not None
    assert claimed.private["kept"] == {"messages": 0, "steps": 0}


def test_what_is_open(connection: Connection) -> None:
    for number, status in enumerate(("completed", "in_progress", "in_progress", "failed")):
        _say(connection, str(number), status=status)
    _say(connection, "other", "run_2")
    parts = runs.open_parts(connection, "run_1")
    assert [each.id for each in parts.messages] == ["msg_1", "msg_2"]
    assert [each.id for each in parts.steps] == ["step_1", "step_2"]


def test_each_part_of_a_change_is_written(connection: Connection) -> None:
    _say(connection, "1")
    parts = runs.open_parts(connection, "run_1")
    changed = [lifecycle.close_message(parts.messages[0], RunStatus.COMPLETED)]
    events = runs.write_parts(connection, [*changed, *parts.steps])
    assert [name for name, _data in events] == ["thread.message.completed"]
    assert rows.find(connection, MESSAGES, "msg_1").document["status"] == "completed"
    assert rows.find(connection, STEPS, "step_1").document["status"] == "in_progress"
    change = lifecycle.end(_find(connection), runs.open_parts(connection, "run_1"), RunStatus.CANCELLED)
    assert [name for name, _data in runs.apply(connection, change)] == [
        "thread.run.step.cancelled",
        "thread.run.cancelled",
    ]
    assert rows.find(connection, STEPS, "step_1").document["status"] == "cancelled"
    assert (_find(connection).status, _find(connection).document) == ("cancelled", change.run.document)


@pytest.mark.parametrize(
    ("status", "is_reserved", "is_counted"),
    [
        ("in_progress", True, False),
        ("cancelling", True, False),
        ("queued", False, False),
        ("requires_action", False, False),
        ("completed", False, True),
        ("failed", False, True),
    ],
)
def test_what_a_round_has_reserved_is_settled_when_it_ends(
    connection: Connection, status: str, is_reserved: bool, is_counted: bool
) -> None:
    run = runs.claim(connection, "run_1", _LEASE, 600)
    assert run is not None
    budgets.reserve(connection, run, Reservation(Amount(70)))
    # Nobody knows what the round has used.
    runs.apply(connection, _becomes(with_cut_round(run), RunStatus(status)))
    reserved = connection.execute(select(func.sum(run_reservations.c.tokens))).scalar() or 0
    used = connection.execute(select(func.sum(run_budgets.c.tokens))).scalar()
    assert (reserved, used) == ((70, 0) if is_reserved else (0, 70))
    assert connection.execute(select(func.count()).select_from(run_usage)).scalar() == int(is_counted)


def _becomes(run: RunRecord, status: RunStatus) -> Change:
    if status == RunStatus.IN_PROGRESS:
        return Change(run)
    if status == RunStatus.CANCELLING:
        return lifecycle.cancel(run, Parts())
    if status == RunStatus.QUEUED:
        return lifecycle.give_back(run)
    if status == RunStatus.REQUIRES_ACTION:
        return lifecycle.wait(run, Parts(), [])
    return lifecycle.end(run, Parts(), status)
