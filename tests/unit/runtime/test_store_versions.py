# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores of other versions, and what an older version has stored."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadworks_runtime.errors import StoreError
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import Store, encoding, files, migrations, open_store, rows
from threadworks_runtime.store.tables import ASSISTANTS, MESSAGES, RUNS, THREADS

from ansible_collections.threadworks.openai.tests.unit.runtime.old_store import make_old_store, schema


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of version 0.1.0."""
    return make_old_store(tmp_path / "old.db")


@pytest.fixture
def upgraded(old: Path) -> Iterator[Store]:
    store = open_store(Settings(store=str(old)))
    yield store
    store.close()


def test_an_upgraded_store_is_like_a_new_one(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    for path in (old, new):
        open_store(Settings(store=str(path))).close()
    expected = schema(new)
    assert schema(old) == expected
    assert expected["version"] == [(migrations.VERSION,)]
    assert expected["application_id"] == (files.APPLICATION_ID,)
    assert expected["partial"] == [("runs_active",), ("runs_by_status",), ("runs_held",), ("runs_queued",)]


def test_nothing_is_lost(upgraded: Store) -> None:
    with upgraded.reading() as connection:
        found = [len(rows.all_of(connection, kind)) for kind in (ASSISTANTS, THREADS, MESSAGES, RUNS)]
        named, _more = rows.list_page(connection, THREADS, rows.Page(metadata={"ansible_key": "old"}))
        thread = named[0].id
        (assistant,) = rows.all_of(connection, ASSISTANTS)
        by_name, _more = rows.list_page(connection, ASSISTANTS, rows.Page(), name=assistant.document["name"])
        by_metadata, _more = rows.list_page(connection, MESSAGES, rows.Page(metadata={"number": "1"}), thread_id=thread)
    assert found == [1, 1, 2, 2]
    assert len(named) == 1
    assert [row.id for row in by_name] == [assistant.id]
    assert [row.document["metadata"] for row in by_metadata] == [{"number": "1"}]


def test_what_was_stored_can_be_sent(upgraded: Store) -> None:
    with upgraded.reading() as connection:
        question, reply = rows.all_of(connection, MESSAGES)
        run = rows.all_of(connection, RUNS)[0]
    assert question.document["content"][0]["text"]["value"] == "Hello \N{SNOWMAN}"
    assert reply.document["content"][0]["text"]["value"] == "half \N{REPLACEMENT CHARACTER} and \N{GRINNING FACE}"
    assert reply.private == {"score": None, "inner": [None, None, 1.5]}
    for document in (reply.document, reply.private, run.private):
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"a": [math.nan, math.inf, -math.inf, 1.5, True, None]}, {"a": [None, None, None, 1.5, True, None]}),
        ({"\ud800": "\udfffx"}, {"\ufffd": "\ufffdx"}),
        ({"a": "\ude00\ud83d"}, {"a": "\ufffd\ufffd"}),
        ({"a": "\\ud800 \0 \U0001f600 ü"}, {"a": "\\ud800 \0 \U0001f600 ü"}),
    ],
)
def test_any_written_value_can_be_read(value: dict[str, Any], read: dict[str, Any]) -> None:
    stored = encoding.dump(value)
    assert stored.isascii()
    assert encoding.load(stored) == encoding.load(stored.encode()) == read
    json.dumps(encoding.load(stored), ensure_ascii=False, allow_nan=False).encode()


@settings(deadline=None, database=None)
@given(st.text(st.sampled_from('\ud800\udbff\udc00\udfff\\"ud8\0\nü\U0001f600'), max_size=12))
def test_any_text_is_read_as_unicode(text: str) -> None:
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert encoding.load(encoding.dump({text: [text]})) == {whole: [whole]}


def test_a_newer_store_is_not_changed(old: Path) -> None:
    with closing(sqlite3.connect(old)) as database:
        database.execute("UPDATE store_version SET version = 99")
        database.commit()
    before = old.read_bytes()
    with pytest.raises(StoreError) as refused:
        open_store(Settings(store=str(old)))
    known = f"version 99, but this runtime only supports version {migrations.VERSION}"
    assert str(refused.value) == f"The store {old} has {known}. Upgrade the collection threadworks.openai."
    assert old.read_bytes() == before


def test_a_backup_of_an_older_version_can_be_put_back(old: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    shutil.copy(old, backup)
    open_store(Settings(store=str(old))).close()
    shutil.copy(backup, old)
    open_store(Settings(store=str(old))).close()
    assert schema(old)["version"] == [(migrations.VERSION,)]
