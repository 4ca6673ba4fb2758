# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a runner writes under its lease, and what its readers get."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from threadworks_runtime import documents, lifecycle
from threadworks_runtime.leases import held_for
from threadworks_runtime.lifecycle import Parts
from threadworks_runtime.owners import new_owner
from threadworks_runtime.records import AssistantRecord, RunRecord
from threadworks_runtime.runner import ledger as ledger_module
from threadworks_runtime.runner.ledger import Ledger, Stopped
from threadworks_runtime.runner.pulse import Pulse
from threadworks_runtime.runner.subscription import DeltaEvent, StreamEvent, Subscription
from threadworks_runtime.settings import Settings
from threadworks_runtime.status import RunStatus
from threadworks_runtime.store import Store, open_store, rows, runs
from threadworks_runtime.store.tables import RUNS, THREADS

_OWNER = new_owner()


class _Trace:
    """Takes note of the events."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def event(self, event: Any) -> None:
        self.names.append(event[0])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with a queued run."""
    store = open_store(Settings(store=str(tmp_path / "runtime.db")))
    assistant = AssistantRecord(1, "asst_1", *documents.assistant("asst_1", {"model": "m"}))
    thread = documents.thread("thread_1", {})
    document, private = documents.run("run_1", thread, assistant, {}, 600)
    with store.writing() as connection:
        rows.insert(connection, THREADS, thread)
        of_run = {"thread_id": "thread_1", "status": "queued", "expires_at": document["expires_at"]}
        rows.insert(connection, RUNS, document, private, **of_run)
    yield store
    store.close()


def _ledger(store: Store, *subscriptions: Subscription, owner: str = _OWNER) -> Ledger:
    ledger = Ledger(store, "run_1", owner, Settings("", run_expiry=500), None, _Trace())  # type: ignore[arg-type]
    for subscription in subscriptions:
        ledger.subscribe(subscription)
    return ledger


def _stored(store: Store) -> RunRecord:
    with store.reading() as connection:
        return rows.find(connection, RUNS, "run_1")


def _request(store: Store, change: Callable[[RunRecord], lifecycle.Change]) -> None:
    """Change the run, as a request of a client does."""
    with store.writing() as connection:
        runs.apply(connection, change(runs.lock_run(connection, "thread_1", "run_1")))


async def _events(subscription: Subscription) -> list[StreamEvent]:
    """Return the events so far, and end them."""
    subscription.close()
    return [event async for events in subscription for event in events]


async def _names(subscription: Subscription) -> list[Any]:
    return [event if isinstance(event, bytes) else event[0] for event in await _events(subscription)]


async def _is_stopped(work: Awaitable[object]) -> bool:
    try:
        await work
    except Stopped:
        return True
    return False


def _nothing(_connection: Connection, _run: RunRecord) -> list[StreamEvent]:
    return []


def test_one_runner_claims_a_run(store: Store) -> None:
    async def work() -> None:
        reader = Subscription()
        first, second = _ledger(store, reader), _ledger(store, owner="another")
        run = await first.claim()
        assert (run.status, run.lease_owner) == ("in_progress", _OWNER)
        assert first.expires == pytest.approx(time.monotonic() + 500, abs=5)
        assert await _is_stopped(second.claim())
        assert (first.over.is_set(), second.over.is_set()) == (False, True)
        assert await _names(reader) == first.trace.names == ["thread.run.in_progress"]  # type: ignore[attr-defined]

    asyncio.run(work())
    assert _stored(store).lease_owner == _OWNER


def test_what_is_written_is_sent_until_the_run_has_ended(store: Store) -> None:
    async def work() -> None:
        reader = Subscription()
        ledger = _ledger(store, reader)
        await ledger.claim()
        await ledger.write(lambda _connection, run: [("one", {"id": run.id}), b"two"])
        await ledger.end(RunStatus.FAILED, {"code": "server_error", "message": "No."})
        assert ledger.over.is_set()
        assert await _is_stopped(ledger.write(_nothing))
        ledger.send(("late", {}))
        ledger.send_delta(bytes, b"late")
        expected = ["thread.run.in_progress", "one", "thread.run.failed"]
        assert ledger.trace.names == expected  # type: ignore[attr-defined]
        assert await _names(reader) == [*expected[:2], b"two", expected[2]]

    asyncio.run(work())
    assert _stored(store).document["last_error"] == {"code": "server_error", "message": "No."}


@pytest.mark.parametrize("lost", ["lease", "end"])
def test_a_runner_that_has_lost_its_run_writes_nothing(store: Store, lost: str) -> None:
    async def work() -> None:
        ledger, written = _ledger(store), []

        def write(_connection: Connection, run: RunRecord) -> list[StreamEvent]:
            written.append(run)
            return []

        await ledger.claim()
        if lost == "lease":
            _request(store, lambda run: lifecycle.begin(run, held_for("another", 30), 600))
        else:
            _request(store, lambda run: lifecycle.end(run, Parts(), RunStatus.EXPIRED))
        assert await _is_stopped(ledger.write(write))
        assert (written, ledger.over.is_set()) == ([], True)

    asyncio.run(work())


@pytest.mark.parametrize(("is_asked", "rounds"), [(True, 1), (False, 0)])
def test_a_run_that_is_being_cancelled_ends_with_the_next_write(store: Store, is_asked: bool, rounds: int) -> None:
    async def work() -> None:
        reader = Subscription()
        ledger = _ledger(store, reader)
        await ledger.claim()
        ledger.progress.is_asked = is_asked
        await ledger.look()
        _request(store, lambda run: lifecycle.cancel(run, Parts()))
        assert await _is_stopped(ledger.look())
        assert ledger.over.is_set()
        names = [f"thread.run.{status}" for status in ("in_progress", "cancelling", "cancelled")]
        assert await _names(reader) == names

    asyncio.run(work())
    run = _stored(store)
    assert (run.status, run.private["details"]["rounds"]) == ("cancelled", rounds)


def test_a_write_that_fails_can_be_repeated(store: Store) -> None:
    """The parts in memory are those of the store again."""

    async def work() -> None:
        ledger = _ledger(store)
        await ledger.claim()

        def fail(_connection: Connection, _run: RunRecord) -> list[StreamEvent]:
            ledger.progress.step_ids.append("step_1")
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            await ledger.write(fail)
        assert (ledger.progress.step_ids, ledger.over.is_set()) == ([], False)
        await ledger.write(_nothing)

    asyncio.run(work())


@pytest.mark.parametrize("until", ["space", "lease", "stop"])
def test_a_full_disk_ends_a_run_only_after_its_lease(store: Store, monkeypatch: pytest.MonkeyPatch, until: str) -> None:
    monkeypatch.setattr(ledger_module, "_AGAIN", 0.0)
    failures = itertools.repeat(True) if until != "space" else iter([True, True])

    def write(_connection: Connection, _run: RunRecord) -> list[StreamEvent]:
        if next(failures, False):
            raise OperationalError("", None, sqlite3.OperationalError("database or disk is full"))
        return [("one", {})]

    async def work() -> None:
        settings = Settings("", lease=0.2 if until == "lease" else 3600)
        ledger = Ledger(store, "run_1", _OWNER, settings, None)
        await ledger.claim()
        if until == "space":
            await ledger.write(write)
            return
        writing = asyncio.create_task(ledger.write(write))
        await asyncio.wait([writing], timeout=0.01)
        assert not writing.done()
        # The pulse does not wait meanwhile.
        await asyncio.wait_for(ledger.look(), 300)
        ledger.is_hurried = until == "stop"
        with pytest.raises(OperationalError):
            await asyncio.wait_for(writing, 300)

    asyncio.run(work())
    assert next(failures, False) == (until != "space")


def test_a_run_whose_end_cannot_be_stored_is_looked_at_again() -> None:
    """The leases of the other runs are renewed."""
    execution: Any = SimpleNamespace(ledger=SimpleNamespace(over=asyncio.Event()))

    async def fail() -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database or disk is full"))

    asyncio.run(Pulse._end(execution, fail()))


def test_runs_whose_leases_cannot_be_renewed_are_given_up_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        cut = asyncio.Event()
        execution: Any = SimpleNamespace(ledger=SimpleNamespace(over=asyncio.Event()), cut=cut.set)

        async def fail(*_arguments: object) -> Any:
            raise OperationalError("", None, sqlite3.OperationalError("database or disk is full"))

        broken: Any = SimpleNamespace(read=fail, write=fail)
        pulse = Pulse(broken, _OWNER, 0.01, {"run_1": execution}, {}, lambda _run_id: None, fail)
        pulse.start()
        await asyncio.wait_for(cut.wait(), 300)
        await pulse.stop()
        assert execution.ledger.over.is_set()

    asyncio.run(work())
    assert caplog.messages == ["leases cannot be renewed (OperationalError), number of runs given up: 1"]


def test_each_reader_gets_deltas_as_it_wants(store: Store) -> None:
    async def work() -> None:
        full, brief, gone, last = Subscription(), Subscription(has_deltas=False), Subscription(), Subscription()
        encoded: list[bytes] = []

        def encode(delta: bytes) -> bytes:
            encoded.append(delta)
            return DeltaEvent(delta)

        ledger = _ledger(store)
        ledger.send_delta(encode, b"nobody")
        assert (ledger.has_deltas, encoded) == (False, [])
        ledger.subscribe(brief)
        ledger.send_delta(encode, b"brief")
        assert (ledger.has_deltas, encoded) == (False, [])
        for reader in (full, gone, last):
            ledger.subscribe(reader)
        gone.close()
        assert ledger.has_deltas
        ledger.send_delta(encode, b"a")
        ledger.send(DeltaEvent(b"b"))
        ledger.send(("thread.run.queued", {}))
        assert encoded == [b"a"]
        assert await _names(full) == await _names(last) == [b"a", b"b", "thread.run.queued"]
        assert (await _names(brief), brief._deltas) == (["thread.run.queued"], 2)
        assert await _names(gone) == []

    asyncio.run(work())


def test_a_reader_that_has_left_gets_no_deltas(store: Store) -> None:
    async def work() -> None:
        left = Subscription()
        ledger = _ledger(store, left)
        assert ledger.has_deltas
        ledger.report_waiting(True)
        assert left.is_waiting
        ledger.close()
        assert (ledger.has_deltas, left.is_closed) == (False, True)

    asyncio.run(work())
