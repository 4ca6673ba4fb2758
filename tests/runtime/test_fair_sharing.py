# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Owners of queued runs take turns. The jobs are fetched as procrastinate's workers fetch them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, text
from threadworks_runtime.queue.jobs import put
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    TERMINAL,
    Conversation,
    Worker,
    talking,
)

pytestmark = pytest.mark.stores("postgresql")

_FETCH = text("SELECT args ->> 'run_id' FROM procrastinate_fetch_job_v2(NULL, NULL)")


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    """A transaction of a store with an empty queue."""
    store = open_store(settings)
    with store.writing() as connection:
        yield connection
    store.close()


def _put(connection: Connection, owner: str, *names: str, started: int | None = None, **metadata: str) -> None:
    for name in names:
        run: Any = {"id": name, "assistant_id": owner, "metadata": metadata, "started_at": started}
        put(connection, run)


def _fetch(connection: Connection, number: int) -> str:
    return "".join(connection.execute(_FETCH).scalar_one() for _each in range(number))


def test_an_owner_waits_for_one_run_of_each_other_owner(connection: Connection) -> None:
    _put(connection, "first", *"a" * 50)
    _put(connection, "second", *"b" * 3)
    _put(connection, "third", "c")
    assert _fetch(connection, 9) == "abcababaa"
    # The others have had their turns.
    _put(connection, "fourth", "d", "d")
    _put(connection, "third", "c")
    assert _fetch(connection, 6) == "adcada"


def test_an_owner_that_queues_runs_all_the_time_does_not_stop_the_others(connection: Connection) -> None:
    _put(connection, "first", *"a" * 50)
    fetched = ""
    for _time in range(20):
        _put(connection, "second", "b")
        fetched += _fetch(connection, 1)
    assert (fetched.count("a"), fetched.count("b")) == (10, 10)


def test_the_runs_of_an_owner_keep_their_order(connection: Connection) -> None:
    _put(connection, "first", *"abcdef")
    assert _fetch(connection, 2) == "ab"
    _put(connection, "first", *"gh")
    assert _fetch(connection, 6) == "cdefgh"


def test_a_run_that_has_started_does_not_wait_for_the_others_of_its_owner(connection: Connection) -> None:
    _put(connection, "first", *"abcdef")
    assert _fetch(connection, 2) == "ab"
    _put(connection, "first", "a", started=1)
    assert _fetch(connection, 4) == "cade"


def test_the_metadata_names_the_owner(connection: Connection) -> None:
    odd = "team \0 \ud800 " + "x" * 500
    _put(connection, "first", *"ab", runtime_owner=odd)
    _put(connection, "second", *"cd", runtime_owner=odd)
    _put(connection, "second", "e")
    assert _fetch(connection, 5) == "aebcd"


def test_priorities_and_queues_come_first(connection: Connection) -> None:
    _put(connection, "first", *"ab")
    _put(connection, "second", "c", runtime_priority="-100")
    _put(connection, "first", *"de", runtime_priority="100")
    # The turns of one queue do not depend on another queue.
    _put(connection, "first", "f", runtime_queue="gpu")
    assert _fetch(connection, 6) == "deafbc"


def test_a_worker_executes_the_runs_in_turn(settings: Settings, model_server: ModelServer) -> None:
    with talking(replace(settings, executes=False)) as talk:
        other = Conversation(talk.wire)
        for _each in range(5):
            body = {"assistant_id": talk.assistant, "thread": {}, "model": "busy"}
            assert talk.wire.post("/threads/runs", json=body).json()["status"] == "queued"
        run = other.start(model="single")
        with Worker(settings.store, model_server.base_url, "--concurrency", "1"):
            other.until(run, *TERMINAL)
        assert [each["model"] for each in model_server.runs[:2]] == ["busy", "single"]
