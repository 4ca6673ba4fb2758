# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes of an SQLite store that wait for each other: one commit for all, and each of them whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store, rows
from threadworks_runtime.store.engine import open_engine, writing_engine
from threadworks_runtime.store.tables import THREADS
from threadworks_runtime.store.writer import GroupWriter


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    path = str(tmp_path / "runtime.db")
    open_store(Settings(store=path)).close()
    reading = open_engine(path, lease=30)
    engine = writing_engine(reading)
    yield engine
    engine.dispose()
    reading.dispose()


def _make(id: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        rows.insert(connection, THREADS, {"id": id, "metadata": {"a": "b"}})
        return id

    return work


def _make_half(connection: Connection) -> None:
    _make("thread_half")(connection)
    raise LookupError("half")


def _threads(engine: Engine) -> list[str]:
    with engine.begin() as connection:
        return [record.id for record in rows.all_of(connection, THREADS)]


def _together(engine: Engine, *works: Callable[[Connection], object]) -> tuple[list[Future[object]], int]:
    """Write while another work keeps the writer, so that all wait; return how it went, and the number of commits."""
    writer, begun, go, commits = GroupWriter(engine), threading.Event(), threading.Event(), []

    def keep(_connection: Connection) -> None:
        begun.set()
        assert go.wait(30)

    event.listen(engine, "commit", commits.append)
    writer.write(keep)
    assert begun.wait(30)
    futures = [writer.write(work) for work in works]
    go.set()
    writer.close()
    return futures, len(commits) - 1


def test_what_waits_is_committed_together(engine: Engine) -> None:
    names = [f"thread_{number}" for number in range(20)]
    futures, commits = _together(engine, *map(_make, names))
    assert [future.result() for future in futures] == names == _threads(engine)
    assert commits == 1


def test_each_is_written_whole_or_not_at_all(engine: Engine) -> None:
    futures, commits = _together(engine, _make("thread_1"), _make_half, _make("thread_1"), _make("thread_2"))
    assert [type(future.exception()).__name__ for future in futures] == [
        "NoneType",
        "LookupError",
        "IntegrityError",
        "NoneType",
    ]
    assert _threads(engine) == ["thread_1", "thread_2"]
    assert commits == 1


def test_nobody_hears_of_what_is_not_committed(engine: Engine) -> None:
    def fail(_connection: Connection) -> None:
        raise OSError("the disk is gone")

    event.listen(engine, "commit", fail)
    writer = GroupWriter(engine)
    with pytest.raises(OSError, match="the disk is gone"):
        writer.write(_make("thread_0")).result(30)
    writer.close()
    event.remove(engine, "commit", fail)
    assert _threads(engine) == []


def test_without_space_all_that_was_in_the_transaction_fails(engine: Engine) -> None:
    def fill(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        rows.insert(connection, THREADS, {"id": "thread_large", "metadata": {}, "large": "x" * 1_000_000})

    futures, commits = _together(engine, _make("thread_1"), fill, _make("thread_2"))
    failed = [future for future in futures if future.exception()]
    assert all(isinstance(future.exception(), DBAPIError) for future in failed)
    assert futures[1] in failed
    written = _threads(engine)
    assert written == [future.result() for future in futures if future not in failed]
    assert commits == (1 if written else 0)


def test_what_was_cancelled_is_not_written(engine: Engine) -> None:
    writer, begun, go = GroupWriter(engine), threading.Event(), threading.Event()

    def keep(_connection: Connection) -> None:
        begun.set()
        assert go.wait(30)

    writer.write(keep)
    assert begun.wait(30)
    cancelled, kept = writer.write(_make("thread_1")), writer.write(_make("thread_2"))
    assert cancelled.cancel()
    go.set()
    writer.close()
    assert kept.result() == "thread_2"
    assert _threads(engine) == ["thread_2"]
