# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that there is room for is taken up by the transaction that makes it or continues it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import rows
from threadworks_runtime.store.tables import RUNS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import TERMINAL, Conversation, talking, wait_for

_CALL = {"name": "disk", "arguments": "{}"}


def test_a_new_run_is_in_progress_as_soon_as_it_can_be_read(either: Settings, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    with talking(replace(either, concurrent_runs=1)) as talk:
        first = talk.start()
        assert first["status"] == "queued"
        assert talk.read(first)["status"] == "in_progress"
        other = Conversation(talk.wire, talk.server)
        second = other.start()
        assert other.read(second)["status"] == "queued", "there is room for one"
        model_server.release()
        assert talk.until(first, *TERMINAL)["status"] == "completed"
        assert other.until(second, *TERMINAL)["status"] == "completed"


def test_a_run_that_goes_on_is_in_progress_as_soon_as_it_can_be_read(
    talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"calls": [_CALL]}, {"hold": True}])
    run = talk.finish()
    wait_for(lambda: talk.server.app.context.executor.running() == 0)
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert talk.submit(run, (call["id"], "ok")).json()["status"] == "queued"
    assert talk.read(run)["status"] == "in_progress"
    model_server.release()
    assert talk.until(run, *TERMINAL)["status"] == "completed"


def test_a_refused_run_leaves_its_room(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"calls": [_CALL]}])
    talk.finish()
    pool = talk.server.app.context.executor
    pool.concurrent_runs = 1
    for _time in range(3):
        assert talk.wire.post(talk.runs, json={"assistant_id": talk.assistant}).status_code == 400
    other = Conversation(talk.wire, talk.server)
    assert other.finish()["status"] == "completed"


def test_a_run_that_is_made_while_the_runtime_stops_is_given_up(
    either: Settings, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    with talking(either) as talk:
        context = talk.server.app.context
        write, stopping = context.store.write, []

        async def stop_behind(work: Callable[..., Any], **options: Any) -> Any:
            monkeypatch.undo()
            made = await write(work, **options)
            stopping.append(asyncio.create_task(context.executor.stop(0)))
            await asyncio.sleep(0)  # it has begun
            return made

        monkeypatch.setattr(context.store, "write", stop_behind)
        run = talk.start()
        wait_for(lambda: context.executor.stopped)
        with context.store.reading() as connection:
            found = rows.find(connection, RUNS, run["id"])
    expected = "queued" if either.executor == "served" else "failed"
    assert (found.status, found.lease_owner) == (expected, None)


@pytest.mark.stores("sqlite")
def test_a_write_that_fails_in_the_middle_ends_the_run(
    talk: Conversation, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = talk.server.app.context.store
    write = store.write

    async def lose(work: Callable[..., Any], **options: Any) -> Any:
        def then_fail(connection: Any) -> Any:
            done = work(connection)
            if "thread.message.created" in str(done):
                # As if the disk were broken for another work of the same transaction.
                monkeypatch.undo()
                raise OperationalError("INSERT", None, sqlite3.OperationalError("database disk image is malformed"))
            return done

        return await write(then_fail, **options)

    monkeypatch.setattr(store, "write", lose)
    run = talk.finish()
    assert (run["status"], run["last_error"]["message"]) == (
        "failed",
        "The runner failed unexpectedly (OperationalError).",
    )
