# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening a store: made, found, migrated, or refused with a reason."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ansible_collections.threadworks.openai.runtime import Settings, StoreError
from ansible_collections.threadworks.openai.runtime.store import migrations, open_store, rows
from ansible_collections.threadworks.openai.runtime.store.tables import ASSISTANTS, THREADS


def _refusal(store: object) -> str:
    with pytest.raises(StoreError) as refused:
        open_store(Settings(store=str(store)))
    return str(refused.value)


def test_a_new_store_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "runtime.db"
    with open_store(Settings(store=str(path))).write() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}})
        modes = [stat.S_IMODE(entry.stat().st_mode) for entry in (path.parent, *path.parent.iterdir())]
    assert modes[0] == 0o700
    assert set(modes[1:]) == {0o600}
    assert len(modes) > 2, "the write-ahead log too"


def test_an_existing_store_is_found_as_path_and_as_url(tmp_path: Path) -> None:
    path = tmp_path / "runtime.db"
    with open_store(Settings(store=str(path))).write() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {"a": "b"}})
    with open_store(Settings(store=f"sqlite:///{path}")).read() as connection:
        assert rows.find(connection, THREADS, "thread_1").document["metadata"] == {"a": "b"}


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
    assert "another program's: it has a table messages" in _refusal(tmp_path / "other.db")


def test_an_unreachable_postgresql_is_said_without_its_password() -> None:
    refusal = _refusal("postgresql://user:s3cret@127.0.0.1:1/db")
    assert "127.0.0.1" in refusal
    assert "s3cret" not in refusal


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "runtime.db"
    open_store(Settings(store=str(path)))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE store_version SET version = version + 1")
    assert "must be upgraded" in _refusal(path)


def test_an_older_store_is_brought_up_to_date_or_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "runtime.db"
    with open_store(Settings(store=str(path))).write() as connection:
        rows.insert(connection, ASSISTANTS, {"id": "asst_1", "metadata": {}})

    def broken(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE assistants ADD COLUMN later INTEGER DEFAULT 5")
        connection.exec_driver_sql("SELECT nonsense")

    def right(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE assistants ADD COLUMN later INTEGER DEFAULT 5")

    monkeypatch.setattr(migrations, "VERSION", migrations.VERSION + 1)
    monkeypatch.setitem(migrations.MIGRATIONS, migrations.VERSION, broken)
    assert "nonsense" in _refusal(path)
    monkeypatch.setitem(migrations.MIGRATIONS, migrations.VERSION, right)
    for _time in range(2):
        with open_store(Settings(store=str(path))).read() as connection:
            assert connection.exec_driver_sql("SELECT id, later FROM assistants").all() == [("asst_1", 5)]
            assert connection.exec_driver_sql("SELECT version FROM store_version").all() == [(migrations.VERSION,)]


def _open_and_write(path: str, number: int) -> None:
    store = open_store(Settings(store=path))
    for part in range(5):
        with store.write() as connection:
            rows.insert(connection, THREADS, {"id": f"thread_{number}_{part}", "metadata": {}})


def test_many_processes_make_and_write_one_store(tmp_path: Path) -> None:
    path = str(tmp_path / "runtime.db")
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=_open_and_write, args=(path, number)) for number in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 6
    with open_store(Settings(store=path)).read() as connection:
        assert len(rows.all_of(connection, THREADS)) == 30


def test_a_failing_transaction_leaves_nothing(tmp_path: Path) -> None:
    store = open_store(Settings(store=str(tmp_path / "runtime.db")))
    document = {"id": "thread_1", "metadata": {"a": "b"}}
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(THREADS.table.insert(), [{"id": "x", "document": document, "private": {}}] * 2)
    with store.read() as connection:
        assert rows.all_of(connection, THREADS) == []
