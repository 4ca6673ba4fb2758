# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an SQLite store: private, only those of this program, and with clear errors if they cannot be used."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from threadworks_runtime.errors import StoreError
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import Store, open_store, rows
from threadworks_runtime.store.tables import THREADS


def _open(store: object) -> Store:
    return open_store(Settings(store=str(store)))


def _refusal(store: object) -> str:
    with pytest.raises(StoreError) as refused:
        _open(store)
    return str(refused.value)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_new_folders_are_private_with_any_umask(tmp_path: Path, mask: int) -> None:
    path = tmp_path / "a" / "b" / "c" / "runtime.db"
    with _umask(mask):
        _open(path).close()
    assert [_mode(folder) for folder in (path, path.parent, path.parents[1], path.parents[2])] == [0o600] + [0o700] * 3


def test_a_folder_that_exists_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o755)
    _open(folder / "runtime.db").close()
    assert _mode(folder) == 0o755


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606])
def test_a_store_that_others_can_read_becomes_private(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "runtime.db"
    first = _open(path)
    with first.writing() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}})
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3, "the write-ahead log and its index too"
    for file in files:
        file.chmod(mode)
    second = _open(path)
    assert [_mode(file) for file in files] == [0o600] * 3
    first.close()
    second.close()


def _other(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def _state(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {file.name: (_mode(file), file.read_bytes()) for file in folder.iterdir()}


# Leaves a journal beside the database for ever, with its beginning overwritten.
_KEPT = ["PRAGMA journal_mode = PERSIST"]


@pytest.mark.parametrize(
    ("statements", "sign"),
    [
        (["CREATE TABLE contacts (name)"], "it has a table contacts"),
        (["CREATE TABLE messages (text)"], "it has a table messages"),
        (["CREATE TABLE store_version (version TEXT)"], "it has a table store_version"),
        (["PRAGMA journal_mode = WAL", "CREATE TABLE contacts (name)"], "it has a table contacts"),
        (["PRAGMA application_id = 252006673", "CREATE TABLE x (y)"], "its application id is 0x0f055111"),
        (["PRAGMA application_id = -1", "VACUUM"], "its application id is 0xffffffff"),
        (["PRAGMA page_size = 512", *_KEPT, "CREATE TABLE contacts (name)"], "it has a table contacts"),
        (["PRAGMA page_size = 1024", *_KEPT, "CREATE TABLE contacts (name)"], "it has a table contacts"),
        (
            ["PRAGMA page_size = 512", *_KEPT, "PRAGMA application_id = 4660", "CREATE TABLE x (y)"],
            "its application id",
        ),
    ],
)
def test_the_database_of_another_program_is_not_changed(tmp_path: Path, statements: list[str], sign: str) -> None:
    path = tmp_path / "other.db"
    _other(path, *statements)
    path.chmod(0o644)
    before = _state(tmp_path)
    refusal = _refusal(path)
    assert refusal.startswith(f"The store {path} belongs to another program: {sign}")
    assert refusal.endswith("It was not changed. Choose another path.")
    assert _state(tmp_path) == before


def test_the_database_that_another_program_is_using_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE contacts (name)")
        database.commit()
        before = {name: content for name, content in _state(tmp_path).items() if not name.endswith("-shm")}
        assert len(before) == 2, "its table is in the write-ahead log only"
        assert "it has a table contacts" in _refusal(path)
        after = _state(tmp_path)
    assert {name: after[name] for name in before} == before


def test_what_another_program_has_left_behind_is_not_changed(tmp_path: Path) -> None:
    used, path = tmp_path / "used.db", tmp_path / "left" / "other.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(used)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE contacts (name)")
        database.commit()
        for end in ("", "-wal"):
            shutil.copy(f"{used}{end}", f"{path}{end}")
    before = _state(path.parent)
    assert "it has a table contacts" in _refusal(path)
    after = _state(path.parent)
    assert {name: after[name] for name in before} == before


def test_what_another_program_was_killed_with_is_not_changed(tmp_path: Path) -> None:
    used, path = tmp_path / "used.db", tmp_path / "left" / "other.db"
    path.parent.mkdir()
    _other(used, "PRAGMA page_size = 512", "CREATE TABLE contacts (name)", "INSERT INTO contacts VALUES ('a')")
    with closing(sqlite3.connect(used)) as database:
        database.execute("BEGIN")
        database.execute("CREATE TABLE more (name)")
        shutil.copy(used, path)
        shutil.copy(f"{used}-journal", f"{path}-journal")
    journal = path.with_name("other.db-journal")
    journal.write_bytes(bytes.fromhex("d9d505f920a163d7") + journal.read_bytes()[8:])
    assert path.stat().st_size <= 4096
    before = _state(path.parent)
    assert "it has a table contacts" in _refusal(path)
    assert _state(path.parent) == before


@pytest.mark.parametrize("content", [b"", b"\0" * 4096], ids=["empty", "a page"])
def test_a_store_whose_making_was_interrupted_is_made(tmp_path: Path, content: bytes) -> None:
    """A process that was killed at the first write leaves the page and a journal, which says that there was none."""
    path = tmp_path / "runtime.db"
    path.write_bytes(content)
    if content:
        header = bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", 0, 1, 0, 512, 4096)
        path.with_name("runtime.db-journal").write_bytes(header.ljust(512, b"\0"))
    store = _open(path)
    with store.writing() as connection:
        rows.insert(connection, THREADS, {"id": "thread_1", "metadata": {}})
    store.close()
    assert [file.name for file in tmp_path.iterdir()] == ["runtime.db"]


def test_a_pipe_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o644)
    mode = _mode(path)
    assert _refusal(path) == f"The store {path} is a pipe or a device, not a file. Choose another path."
    assert _mode(path) == mode


@pytest.mark.parametrize("path", ["/dev/null", "/proc/self/mem"])
def test_what_keeps_nothing_is_named(path: str) -> None:
    assert _refusal(path).startswith(f"The store {os.path.realpath(path)} cannot be ")


def test_one_file_is_one_store_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "runtime.db"
    link = tmp_path / "link.db"
    link.symlink_to(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    names = [path, f"sqlite:///{path}", f"sqlite+pysqlite:///{path}", "runtime.db", "sqlite:///runtime.db"]
    names += [link, f"sqlite:///{link}", "~/runtime.db", tmp_path / "x" / ".." / "runtime.db"]
    stores = [_open(name) for name in names]
    assert {str(store.engine.url) for store in stores} == {f"sqlite:///{path}"}
    for store in stores:
        store.close()


@pytest.mark.parametrize("name", ["a b", "a?b=c", "a#b", "a%20b", "file:a", "ü☃", "\udcff"])
def test_unusual_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for _time in range(2):
        _open(path).close()
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a\0b", "/tmp/\0", "sqlite:////tmp/a\0b", "postgresql://user@host/a\0b"])
def test_a_null_character_is_named(name: str) -> None:
    assert "contains a null character" in _refusal(name)


def test_a_path_that_no_file_can_have(tmp_path: Path) -> None:
    assert "cannot be opened: File name too long" in _refusal(tmp_path / ("x" * 300))
    assert "is not valid on this system" in _refusal(f"{tmp_path}/\ud800")


@pytest.mark.parametrize("query", ["mode=ro", "timeout=5&uri=true"])
def test_options_of_an_sqlite_url_are_refused(tmp_path: Path, query: str) -> None:
    assert "Set only the path" in _refusal(f"sqlite:///{tmp_path}/runtime.db?{query}")
    assert not (tmp_path / "runtime.db").exists()
