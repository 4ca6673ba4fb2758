# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes of an SQLite store that wait for each other: one commit for all, and each of them whole or not at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import engine as engine_module
from threadworks_runtime.store import open_store, rows
from threadworks_runtime.store import writer as writer_module
from threadworks_runtime.store.engine import instant_engine, open_engine, writing_engine
from threadworks_runtime.store.tables import THREADS
from threadworks_runtime.store.writer import GroupWriter


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    path = str(tmp_path / "runtime.db")
    open_store(Settings(store=path)).close()
    reading = open_engine(path, lease=30)
    engines = writing_engine(reading), instant_engine(reading, writing=True)
    yield engines
    for engine in (*engines, reading):
        engine.dispose()


@pytest.fixture(params=[False, True], ids=["thread", "loop"])
def is_brief(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def _make(id: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        rows.insert(connection, THREADS, {"id": id, "metadata": {"a": "b"}})
        return id

    return work


def _make_half(connection: Connection) -> None:
    _make("thread_half")(connection)
    raise LookupError("half")


def _threads(engines: tuple[Engine, Engine]) -> list[str]:
    with engines[0].begin() as connection:
        return [record.id for record in rows.all_of(connection, THREADS)]


def _listen(engines: tuple[Engine, Engine], act: Callable[[Connection], object]) -> None:
    for engine in engines:
        event.listen(engine, "commit", act)


def _together(
    engines: tuple[Engine, Engine], *works: Callable[[Connection], object], is_brief: bool
) -> tuple[list[asyncio.Future[object]], int]:
    """Write while the thread is busy, so that all wait; return how it went, and the number of commits."""

    async def write() -> list[asyncio.Future[object]]:
        writer, begun, go = GroupWriter(*engines), threading.Event(), threading.Event()

        def keep(_connection: Connection) -> None:
            begun.set()
            assert go.wait(300)

        kept = writer.write(keep)
        await asyncio.to_thread(begun.wait, 300)
        futures = [writer.write(work, is_brief=is_brief) for work in works]
        go.set()
        await asyncio.wait([kept, *futures], timeout=300)
        writer.close()
        return futures

    commits: list[Connection] = []
    _listen(engines, commits.append)
    return asyncio.run(write()), len(commits) - 1


def test_what_waits_is_committed_together(engines: tuple[Engine, Engine], is_brief: bool) -> None:
    names = [f"thread_{number}" for number in range(16)]
    futures, commits = _together(engines, *map(_make, names), is_brief=is_brief)
    assert [future.result() for future in futures] == names == _threads(engines)
    assert commits == 1


def test_brief_functions_run_in_the_event_loop_in_small_groups(engines: tuple[Engine, Engine]) -> None:
    works = [lambda _connection: threading.current_thread()] * 20
    futures, commits = _together(engines, *works, is_brief=True)
    assert {future.result() for future in futures} == {threading.main_thread()}
    assert commits == 2
    futures, commits = _together(engines, *works, is_brief=False)
    assert threading.main_thread() not in {future.result() for future in futures}
    assert commits == 1


def test_all_are_written_in_order(engines: tuple[Engine, Engine]) -> None:
    async def write() -> None:
        writer = GroupWriter(*engines)
        await asyncio.gather(*(writer.write(_make(f"thread_{n}"), is_brief=n % 3 > 0) for n in range(9)))
        writer.close()

    asyncio.run(write())
    assert _threads(engines) == [f"thread_{number}" for number in range(9)]


def test_the_event_loop_does_not_wait_for_another_writer(engines: tuple[Engine, Engine]) -> None:
    async def write() -> object:
        writer = GroupWriter(*engines)
        with engines[0].begin() as other:
            _make("thread_1")(other)
            written = writer.write(_make("thread_2"), is_brief=True)
            # If the event loop waited, the other transaction would not end.
            await asyncio.wait([written], timeout=0.05)
            assert not written.done()
        await asyncio.wait_for(written, 300)
        writer.close()

    asyncio.run(write())
    assert _threads(engines) == ["thread_1", "thread_2"]


@pytest.mark.parametrize("long", [0.0, 3600.0])
def test_another_process_that_writes_for_too_long_delays_all_alike(
    engines: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch, is_brief: bool, long: float
) -> None:
    monkeypatch.setattr(writer_module, "_LONG", long)
    options = engines[0].get_execution_options()
    patient = engine_module._sqlite_engine(engines[0].url, options, writing=True, wait=cast(int, 0.1))

    async def write() -> bool:
        writer = GroupWriter(patient, engines[1])
        first = writer.write(_make("thread_1"), is_brief=is_brief)
        await asyncio.sleep(0)  # it is being written
        others = [writer.write(_make(f"thread_{number}"), is_brief=is_brief) for number in (2, 3)]
        with pytest.raises(OperationalError):
            await first
        are_done = all(future.done() for future in others)
        assert all(isinstance(each, OperationalError) for each in await asyncio.gather(*others, return_exceptions=True))
        writer.close()
        return are_done

    with engines[0].begin():
        assert asyncio.run(write()) == (long == 0)
    patient.dispose()


def test_each_is_written_whole_or_not_at_all(engines: tuple[Engine, Engine], is_brief: bool) -> None:
    works = (_make("thread_1"), _make_half, _make("thread_1"), _make("thread_2"))
    futures, commits = _together(engines, *works, is_brief=is_brief)
    assert [type(future.exception()).__name__ for future in futures] == [
        "NoneType",
        "LookupError",
        "IntegrityError",
        "NoneType",
    ]
    assert _threads(engines) == ["thread_1", "thread_2"]
    assert commits == 1


def test_one_that_fails_alone_is_not_written(engines: tuple[Engine, Engine], is_brief: bool) -> None:
    futures, commits = _together(engines, _make_half, is_brief=is_brief)
    assert isinstance(futures[0].exception(), LookupError)
    assert (_threads(engines), commits) == ([], 0)


def test_nobody_hears_of_what_is_not_committed(engines: tuple[Engine, Engine], is_brief: bool) -> None:
    def fail(_connection: Connection) -> None:
        raise OSError("the disk is gone")

    async def write() -> None:
        writer = GroupWriter(*engines)
        with pytest.raises(OSError, match="the disk is gone"):
            await writer.write(_make("thread_0"), is_brief=is_brief)
        for engine in engines:
            event.remove(engine, "commit", fail)
        assert await writer.write(_make("thread_1"), is_brief=is_brief) == "thread_1"
        writer.close()

    _listen(engines, fail)
    asyncio.run(write())
    assert _threads(engines) == ["thread_1"]


def test_without_space_all_that_was_in_the_transaction_fails(engines: tuple[Engine, Engine], is_brief: bool) -> None:
    def fill(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        rows.insert(connection, THREADS, {"id": "thread_large", "metadata": {}, "large": "x" * 1_000_000})

    futures, commits = _together(engines, _make("thread_1"), fill, _make("thread_2"), is_brief=is_brief)
    failed = [future for future in futures if future.exception()]
    assert all(isinstance(future.exception(), DBAPIError) for future in failed)
    assert futures[1] in failed
    written = _threads(engines)
    assert written == [future.result() for future in futures if future not in failed]
    assert commits == (1 if written else 0)


def test_what_was_cancelled_is_not_written(engines: tuple[Engine, Engine], is_brief: bool) -> None:
    async def write() -> None:
        writer = GroupWriter(*engines)
        cancelled, kept = (writer.write(_make(f"thread_{number}"), is_brief=is_brief) for number in (1, 2))
        cancelled.cancel()
        assert await kept == "thread_2"
        writer.close()

    asyncio.run(write())
    assert _threads(engines) == ["thread_2"]


def test_what_is_queued_is_written_before_the_end(engines: tuple[Engine, Engine], is_brief: bool) -> None:
    async def write() -> None:
        writer = GroupWriter(*engines)
        futures = [writer.write(_make(f"thread_{number}"), is_brief=is_brief) for number in (1, 2)]
        await asyncio.sleep(0)  # the first one is being committed
        futures.append(writer.write(_make("thread_3"), is_brief=is_brief))
        writer.close()
        assert [await future for future in futures] == ["thread_1", "thread_2", "thread_3"]
        with pytest.raises(RuntimeError, match="closed"):
            writer.write(_make("thread_4"), is_brief=is_brief)

    asyncio.run(write())
    assert _threads(engines) == ["thread_1", "thread_2", "thread_3"]


def test_a_writer_outlives_an_event_loop(engines: tuple[Engine, Engine], is_brief: bool) -> None:
    writer = GroupWriter(*engines)

    async def begin() -> None:
        writer.write(_make("thread_1"), is_brief=is_brief)
        await asyncio.sleep(0)

    async def write() -> str:
        return await asyncio.wait_for(writer.write(_make("thread_2"), is_brief=is_brief), 300)

    asyncio.run(begin())
    assert asyncio.run(write()) == "thread_2"
    writer.close()
    assert _threads(engines) == ["thread_1", "thread_2"]
