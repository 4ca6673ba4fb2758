# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores of older and newer versions, and files of other programs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from chapter import Chapter, Options
from clear import unclear
from paths import ROOT
from stage import Stage, stage

from ansible_collections.threadworks.openai.tests.playbook import Outcome, play
from ansible_collections.threadworks.openai.tests.runtime.harness import Local, raw_client

Json = dict[str, Any]

# A store of version 0.1.0, with objects that this version could store but not read.
_OLD = ROOT / "tests" / "unit" / "runtime" / "store_0_1_0.sql"
_LATEST = 2**31


def run(options: Options) -> Chapter:
    """Open an old store, and try to open files that must be refused."""
    chapter = Chapter()
    chapter.none("what cannot be read of a store of 0.1.0", _old(options.folder / "old.db"))
    changed: list[str] = []
    unclearly: list[str] = []
    with stage(options.folder / "others") as here:
        others = dict(list(_others(here.playbook.folder).items())[:: 6 if options.short else 1])
        before = {name: _digest(path) for name, path in others.items()}
        outcome = _played(here, others)
        failed = {task.name for task in outcome.tasks if task.status == "failed"}
        for name, path in others.items():
            message = str(outcome.results.get(name, {}).get("msg"))
            if name not in failed:
                unclearly.append(f"{name}: it was used")
            elif problem := unclear(message):
                unclearly.append(f"{name}: {problem}: {message}")
            elif path.name not in message:
                unclearly.append(f"{name}: the error does not name the store: {message}")
            if _digest(path) != before[name]:
                changed.append(f"{name}: the file has changed")
            if not _has_log(path):
                changed += [f"{name}: {each.name} was made" for each in path.parent.glob(f"{path.name}-*")]
    chapter.none("files of others that were changed", changed)
    chapter.none("errors that are not clear", unclearly)
    return chapter


def _old(path: Path) -> list[str]:
    """Read all objects of a store of 0.1.0 with this version, and return the failures."""
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.executescript(_OLD.read_text())
        counts = {
            table: store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("assistants", "threads", "messages", "runs")
        }
    wrong = []
    found = dict.fromkeys(counts, 0)
    with Local(str(path), idle_timeout=600) as runtime, raw_client(runtime) as wire:

        def read(address: str) -> list[Json]:
            answer = wire.get(f"{address}?limit=100")
            if answer.status_code != 200:
                wrong.append(f"{address}: {answer.status_code}, {answer.text}")
                return []
            data: list[Json] = json.loads(answer.content.decode())["data"]
            return data

        found["assistants"] = len(read("/assistants"))
        for thread in read("/threads"):
            found["threads"] += 1
            found["messages"] += len(read(f"/threads/{thread['id']}/messages"))
            for run in read(f"/threads/{thread['id']}/runs"):
                found["runs"] += 1
                read(f"/threads/{thread['id']}/runs/{run['id']}/steps")
            answer = wire.post(f"/threads/{thread['id']}/messages", json={"role": "user", "content": "New"})
            # A thread with an active run does not accept messages.
            if answer.status_code != 200 and "while a run" not in answer.text:
                wrong.append(f"{thread['id']} takes no message: {answer.text}")
    return wrong + [
        f"{found[table]} of {count} {table} were found" for table, count in counts.items() if found[table] != count
    ]


def _others(folder: Path) -> dict[str, Path]:
    """Create files that are not stores of this version."""
    text, empty_folder = folder / "text.db", folder / "folder.db"
    text.write_text("This is not a database.\n" * 100)
    empty_folder.mkdir()
    made = {
        "a store of a newer version": _database(
            folder, "newer", f"UPDATE store_version SET version = {_LATEST}", old=True
        ),
        "a text": text,
        "a folder": empty_folder,
        "a database of another program": _database(folder, "other", "CREATE TABLE bookmarks (id INTEGER, url TEXT)"),
        "a database with tables of our names": _database(folder, "names", "CREATE TABLE threads (id INTEGER)"),
        "a database with a version table": _database(folder, "versioned", "CREATE TABLE store_version (version TEXT)"),
        "a store that was cut off": _cut(_database(folder, "cut", "", old=True)),
    }
    with contextlib.closing(sqlite3.connect(made["a database of another program"])) as database:
        database.execute("INSERT INTO bookmarks VALUES (1, 'https://example.org')")
        database.commit()
    return made


def _database(folder: Path, name: str, statement: str, *, old: bool = False) -> Path:
    path = folder / f"{name}.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        if old:
            database.executescript(_OLD.read_text())
            database.execute("PRAGMA journal_mode = WAL")  # as all stores are
        database.execute(statement)
        database.commit()
    return path


def _cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 100])
    return path


def _played(here: Stage, stores: dict[str, Path]) -> Outcome:
    """Run a playbook with a task for each of these stores."""
    return here.playbook(
        play(
            [
                {"name": name, "openai_thread": {"key": "T", "runtime_store": str(path)}, "ignore_errors": True}
                for name, path in stores.items()
            ]
        )
    )


def _has_log(path: Path) -> bool:
    """Return whether it is a database with a write-ahead log. Opening such a database creates the files of the log."""
    return path.is_file() and path.read_bytes()[18:20] == b"\2\2"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder"
