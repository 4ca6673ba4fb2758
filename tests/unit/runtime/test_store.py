# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening a store: made, found, migrated, or refused with a reason."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from threadworks_runtime.app import create_app
from threadworks_runtime.errors import StoreError
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import Store, engine, migrations, open_store, rows, wording
from threadworks_runtime.store.idempotency import Ticket, once
from threadworks_runtime.store.tables import ASSISTANTS, THREADS, idempotency
from threadworks_runtime.store.wording import Trouble

from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, raw_client


def _refusal(store: object) -> str:
    with pytest.raises(StoreError) as refused:
        open_store(Settings(store=str(store)))
    return str(refused.value)


def test_a_new_store_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "runtime.db"
    with open_store(Settings(store=str(path))).writing() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}})
        modes = [stat.S_IMODE(entry.stat().st_mode) for entry in (path.parent, *path.parent.iterdir())]
    assert modes[0] == 0o700
    assert set(modes[1:]) == {0o600}
    assert len(modes) > 2, "the write-ahead log too"


def test_an_existing_store_is_found_as_path_and_as_url(tmp_path: Path) -> None:
    path = tmp_path / "runtime.db"
    with open_store(Settings(store=str(path))).writing() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {"a": "b"}})
    with open_store(Settings(store=f"sqlite:///{path}")).reading() as connection:
        assert rows.find(connection, THREADS, "thread_1").document["metadata"] == {"a": "b"}


def test_a_single_row_is_read_in_the_event_loop_unless_the_database_is_locked(tmp_path: Path) -> None:
    store = open_store(Settings(store=str(tmp_path / "runtime.db")))
    with store.writing() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}})
    loop, is_locked = threading.get_ident(), False

    def find(connection: Connection) -> tuple[str, bool]:
        if is_locked and threading.get_ident() == loop:
            raise OperationalError("SELECT", None, sqlite3.OperationalError("database is locked"))
        return rows.find(connection, THREADS, "thread_1").id, threading.get_ident() == loop

    assert asyncio.run(store.get(find)) == ("thread_1", True)
    is_locked = True
    assert asyncio.run(store.get(find)) == ("thread_1", False)
    is_locked = False
    assert asyncio.run(store.get(find)) == ("thread_1", True)
    store.close()


def test_what_cannot_be_a_store(tmp_path: Path) -> None:
    assert "Is a directory" in _refusal(tmp_path)
    text = tmp_path / "text"
    text.write_text("this is no database\n" * 100)
    assert "file is not a database" in _refusal(text)
    assert str(text) in _refusal(text)
    assert "Not a directory" in _refusal(text / "runtime.db") or "File exists" in _refusal(text / "runtime.db")
    assert "/proc/none" in _refusal("/proc/none/runtime.db")
    assert "empty" in _refusal("")
    assert "mysql" in _refusal("mysql://host/db")
    assert "in memory" in _refusal("sqlite://")
    assert "neither a path nor a database URL" in _refusal("://x")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE messages (text)")
    assert "another program: it has a table messages" in _refusal(tmp_path / "other.db")


def test_an_unreachable_postgresql_is_said_without_its_password() -> None:
    refusal = _refusal("postgresql://user:s3cret@127.0.0.1:1/db")
    assert "127.0.0.1" in refusal
    assert "s3cret" not in refusal
    assert "\n" not in refusal
    assert not refusal.endswith("?.")


@pytest.mark.parametrize("query", ["password=s3cret", "sslpassword=s3cret", "passfile=/s3cret", "PASSWORD=s3cret"])
def test_a_secret_in_the_query_is_not_shown(query: str) -> None:
    url = f"postgresql+psycopg://user@127.0.0.1:1/db?{query}&connect_timeout=3"
    assert wording.shown(url) == "postgresql+psycopg://user@127.0.0.1:1/db?connect_timeout=3"
    assert "s3cret" not in _refusal(url)
    assert wording.shown("/a/b.db") == wording.shown("sqlite:////a/b.db") == "/a/b.db"


def test_a_store_without_space_says_so() -> None:
    assert _refusal("/dev/full") == f"The store /dev/full cannot be used. {wording.NO_SPACE}"


def test_a_folder_without_space_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(engine.os, "open", full)
        refusal = _refusal(tmp_path / "x")
    assert refusal == f"The store {tmp_path / 'x'} cannot be opened. {wording.NO_SPACE}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("database or disk is full", True), ("disk I/O error", True), ("database is locked", False)],
)
def test_python_3_10_has_the_texts_only(text: str, expected: bool) -> None:
    assert wording.is_out_of_space(sqlite3.OperationalError(text)) is expected
    assert not wording.is_out_of_space(ValueError(text))


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("database or disk is full", Trouble.FULL, wording.NO_SPACE),
        (
            "attempt to write a readonly database",
            Trouble.READ_ONLY,
            "The file or the directory of the store is read-only. Make both writable.",
        ),
        (
            "unable to open database file",
            Trouble.READ_ONLY,
            "The file or the directory of the store is read-only. Make both writable.",
        ),
        (
            "database disk image is malformed",
            Trouble.UNAVAILABLE,
            "The file of the store is damaged. Stop the runtime, and restore a backup.",
        ),
        ("database is locked", Trouble.UNAVAILABLE, "The store cannot be reached or is busy. Try again later."),
    ],
)
def test_trouble_with_a_store_that_was_in_order(text: str, kind: Trouble, said: str) -> None:
    assert wording.trouble(sqlite3.OperationalError(text)) == (kind, said)


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "runtime.db"
    open_store(Settings(store=str(path)))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE store_version SET version = version + 1")
    assert "Upgrade the collection" in _refusal(path)


def test_an_older_store_is_brought_up_to_date_or_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "runtime.db"
    with open_store(Settings(store=str(path))).writing() as connection:
        rows.insert(connection, ASSISTANTS, {"id": "asst_1", "metadata": {}})

    def broken(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE assistants ADD COLUMN later INTEGER DEFAULT 5")
        connection.exec_driver_sql("SELECT nonsense")

    def right(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE assistants ADD COLUMN later INTEGER DEFAULT 5")

    monkeypatch.setattr(migrations, "VERSION", migrations.VERSION + 1)
    monkeypatch.setitem(migrations.MIGRATIONS, migrations.VERSION, (broken,))
    assert "nonsense" in _refusal(path)
    monkeypatch.setitem(migrations.MIGRATIONS, migrations.VERSION, (right,))
    for _time in range(2):
        with open_store(Settings(store=str(path))).reading() as connection:
            assert connection.exec_driver_sql("SELECT id, later FROM assistants").all() == [("asst_1", 5)]
            assert connection.exec_driver_sql("SELECT version FROM store_version").all() == [(migrations.VERSION,)]


def test_commits_are_durable(tmp_path: Path) -> None:
    """What has been committed is on the disk, also when the power fails the next moment."""
    store = open_store(Settings(store=str(tmp_path / "runtime.db")))
    for transaction in (store.reading, store.writing):
        with transaction() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2, "FULL"
            assert connection.exec_driver_sql("PRAGMA fullfsync").scalar_one() == 1
    store.close()


def test_a_failing_transaction_leaves_nothing(store: Store) -> None:
    document = {"id": "thread_1", "metadata": {"a": "b"}}
    with pytest.raises(IntegrityError), store.writing() as connection:
        connection.execute(THREADS.table.insert(), [{"id": "x", "document": document, "private": {}}] * 2)
    with store.reading() as connection:
        assert rows.all_of(connection, THREADS) == []


@pytest.fixture
def store(store_address: str) -> Iterator[Store]:
    store = open_store(Settings(store=store_address))
    yield store
    store.close()


def _thread(id: str) -> Callable[[Connection], None]:
    def insert(connection: Connection) -> None:
        rows.insert(connection, THREADS, {"id": id, "metadata": {}})

    return insert


def _ids(connection: Connection) -> list[str]:
    return [row.id for row in rows.all_of(connection, THREADS)]


def test_neither_readers_nor_the_event_loop_wait_for_a_writer(store: Store) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        _thread("thread_1")(connection)
        writing.set()
        assert go_on.wait(300)

    async def work() -> None:
        writer = asyncio.create_task(store.write(slow))
        while not writing.is_set():
            await asyncio.sleep(0.01)
        assert await store.read(_ids) == []
        go_on.set()
        await writer
        assert await store.read(_ids) == ["thread_1"]

    asyncio.run(work())


@pytest.mark.stores("sqlite")
def test_writers_come_in_their_order(store: Store) -> None:
    async def work() -> None:
        await asyncio.gather(*(store.write(_thread(f"thread_{number}")) for number in range(50)))
        assert await store.read(_ids) == [f"thread_{number}" for number in range(50)]

    asyncio.run(work())


def test_a_failing_writer_leaves_nothing_and_the_next_one_works(store: Store) -> None:
    def broken(connection: Connection) -> None:
        _thread("thread_1")(connection)
        raise ValueError("no")

    async def work() -> None:
        with pytest.raises(ValueError, match="no"):
            await store.write(broken)
        await store.write(_thread("thread_2"))
        assert await store.read(_ids) == ["thread_2"]

    asyncio.run(work())


def test_a_closed_store_leaves_no_threads(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    store = open_store(Settings(store=str(tmp_path / "runtime.db")))

    async def work() -> None:
        await store.write(_thread("thread_1"))
        await store.read(_ids)

    asyncio.run(work())
    assert len(set(threading.enumerate()) - before) == 2
    store.close()
    assert set(threading.enumerate()) <= before


def test_a_full_store_is_said(tmp_path: Path) -> None:
    app = create_app(Settings(store=str(tmp_path / "runtime.db")))

    def leave_no_space(connection: Connection) -> None:
        # It cannot become smaller than the store is already.
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    for each in (app.context.store._writing, app.context.store._instant_writing):
        event.listen(each, "begin", leave_no_space)

    with AppServer(app) as server, raw_client(server) as wire:
        answers = [wire.post("/threads", json={"metadata": {"a": "x" * 500}}) for _number in range(200)]
        assert answers[-1].status_code == 503
        assert answers[-1].json()["error"]["message"] == wording.NO_SPACE
        assert wire.get("/threads").status_code == 200


_GONE = "The file of the store was removed or replaced. Restart the runtime."


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_store_whose_file_is_gone_is_not_used_any_more(tmp_path: Path, is_replaced: bool) -> None:
    path, new = tmp_path / "runtime.db", tmp_path / "new.db"
    open_store(Settings(store=str(new))).close()
    with AppServer(create_app(Settings(store=str(path)))) as server, raw_client(server) as wire:
        one = f"/threads/{wire.post('/threads', json={}).json()['id']}"
        assert wire.get(one).status_code == 200
        if is_replaced:
            new.replace(path)
        else:
            path.unlink()
        for path_of_api in (one, "/threads", f"{server.url}/../healthz"):
            _assert_refused(wire.get(path_of_api))
        _assert_refused(wire.post("/threads", json={}))
    assert path.exists() == is_replaced, "a new connection does not create a file"


def _assert_refused(answer: httpx2.Response) -> None:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["message"]) == (503, "store_unavailable", _GONE)


@pytest.mark.parametrize("is_brief", [False, True])
def test_nothing_is_acknowledged_that_is_written_to_a_file_that_is_gone(tmp_path: Path, is_brief: bool) -> None:
    path = tmp_path / "runtime.db"
    store = open_store(Settings(store=str(path)))

    def work(_connection: Connection) -> None:
        path.unlink()

    with pytest.raises(OperationalError, match=_GONE):
        asyncio.run(store.write(work, is_brief=is_brief))
    store.close()


def test_old_keys_are_free_and_are_removed_a_few_at_a_time(store: Store) -> None:
    def create(key: str) -> str:
        with store.writing() as connection:

            def make(id: str) -> dict[str, Any]:
                return rows.insert(connection, THREADS, {"id": id, "metadata": {}})

            return once(connection, THREADS, Ticket(key, "fingerprint"), make)[0]["id"]

    def left() -> int:
        with store.reading() as connection:
            return connection.execute(select(func.count()).select_from(idempotency)).scalar_one()

    first = create("key-1")
    assert create("key-1") == first
    many = [{"key": f"old-{n}", "fingerprint": "", "object_id": "", "created_at": n} for n in range(1000)]
    with store.writing() as connection:
        connection.execute(idempotency.insert(), many)
        connection.execute(idempotency.update().values(created_at=idempotency.c.created_at - 24 * 3600 - 1))
    second = create("key-1")
    assert second != first, "a day is over"
    assert create("key-1") == second
    assert 850 < left() < 1000
    for number in range(20):
        create(f"new-{number}")
    assert left() == 21
