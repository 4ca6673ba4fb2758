# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as rows: found by id and owner, changed, and listed in pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from threadworks_runtime.errors import CursorNotFound, NotFound
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store, rows
from threadworks_runtime.store.rows import New, Page
from threadworks_runtime.store.tables import ASSISTANTS, MESSAGES, THREADS


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A store with a thread of the messages m0 to m9, and another one with x0. Every third message has metadata."""
    store = open_store(Settings(store=str(tmp_path / "runtime.db")))
    with store.writing() as connection:
        rows.insert_all(connection, THREADS, [{"id": id, "metadata": {}} for id in ("thread_1", "thread_2")])
        rows.insert_each(connection, MESSAGES, [_message(f"m{number}", number) for number in range(10)])
        rows.insert_each(connection, MESSAGES, [_message("x0", 0, "thread_2")])
        yield connection
    store.close()


def _message(id: str, number: int, thread_id: str = "thread_1") -> New:
    metadata = {"third": "yes", "number": str(number)} if number % 3 == 0 else {}
    columns = {"thread_id": thread_id, "run_id": f"run_{number % 2}"}
    return New({"id": id, "metadata": metadata}, {"secret": number}, columns)


def _listed(connection: Connection, **page: Any) -> tuple[str, bool]:
    found, has_more = rows.list_page(connection, MESSAGES, Page(**page), thread_id="thread_1")
    return "".join(message.id for message in found).replace("m", ""), has_more


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({}, ("9876543210", False)),
        ({"order": "asc"}, ("0123456789", False)),
        ({"limit": 10}, ("9876543210", False)),
        ({"limit": 9}, ("987654321", True)),
        ({"limit": 2, "order": "asc"}, ("01", True)),
        ({"after": "m4"}, ("3210", False)),
        ({"after": "m4", "limit": 3}, ("321", True)),
        ({"after": "m4", "order": "asc"}, ("56789", False)),
        ({"before": "m4"}, ("98765", False)),
        ({"before": "m4", "limit": 2}, ("65", True)),
        ({"before": "m4", "limit": 2, "order": "asc"}, ("23", True)),
        ({"before": "m4", "limit": 4, "order": "asc"}, ("0123", False)),
        ({"after": "m8", "before": "m4"}, ("765", False)),
        ({"after": "m8", "before": "m4", "limit": 2}, ("76", True)),
        ({"after": "m2", "before": "m6", "order": "asc"}, ("345", False)),
        ({"metadata": {"third": "yes"}}, ("9630", False)),
        ({"metadata": {"third": "yes"}, "limit": 2, "after": "m9"}, ("63", True)),
        ({"metadata": {"third": "yes", "number": "3"}}, ("3", False)),
        ({"metadata": {"third": "no"}}, ("", False)),
    ],
)
def test_pages(connection: Connection, page: dict[str, Any], expected: tuple[str, bool]) -> None:
    assert _listed(connection, **page) == expected


def test_a_page_has_20_objects_by_default(connection: Connection) -> None:
    rows.insert_each(connection, MESSAGES, [_message(f"m{number}", number) for number in range(10, 21)])
    found, has_more = rows.list_page(connection, MESSAGES, Page(), thread_id="thread_1")
    assert ([each.id for each in found], has_more) == ([f"m{number}" for number in range(20, 0, -1)], True)


@pytest.mark.parametrize("parameter", ["after", "before"])
def test_a_cursor_must_be_in_the_list(connection: Connection, parameter: str) -> None:
    for cursor in ("x0", "none", "\0"):
        with pytest.raises(CursorNotFound):
            _listed(connection, **{parameter: cursor})


def test_an_object_is_found_with_its_owner_only(connection: Connection) -> None:
    found = rows.find(connection, MESSAGES, "m3", thread_id="thread_1")
    assert (found.id, found.thread_id, found.private) == ("m3", "thread_1", {"secret": 3})
    assert rows.get(connection, MESSAGES, "m3") == found
    for id, thread_id in (("m3", "thread_2"), ("none", "thread_1"), ("m3\0", "thread_1"), ("m3", "thread_1\0")):
        assert rows.get(connection, MESSAGES, id, thread_id=thread_id) is None
        with pytest.raises(NotFound):
            rows.find(connection, MESSAGES, id, thread_id=thread_id)


def test_several_are_found_by_their_ids(connection: Connection) -> None:
    assert rows.with_ids(connection, MESSAGES, []) == {}
    found = rows.with_ids(connection, MESSAGES, ["m1", "none", "x0"])
    assert {id: record.thread_id for id, record in found.items()} == {"m1": "thread_1", "x0": "thread_2"}


def test_all_of_an_owner(connection: Connection) -> None:
    assert [each.id for each in rows.all_of(connection, MESSAGES, thread_id="thread_2")] == ["x0"]
    assert [each.id for each in rows.all_of(connection, MESSAGES, thread_id="thread_1", run_id="run_1")] == [
        f"m{number}" for number in (1, 3, 5, 7, 9)
    ]
    assert [each.id for each in rows.of_runs(connection, ["run_1"])] == ["m1", "m3", "m5", "m7", "m9"]
    assert len(rows.of_runs(connection, ["run_0", "run_1"])) == 11


@pytest.mark.parametrize(("number", "expected"), [(0, True), (9, True), (10, False)])
def test_whether_there_are_more_than_a_number(connection: Connection, number: int, expected: bool) -> None:
    assert rows.has_more_than(connection, MESSAGES, number, thread_id="thread_1") is expected


def test_a_saved_object_is_found_by_its_new_metadata_only(connection: Connection) -> None:
    record = rows.find(connection, MESSAGES, "m3")
    changed = {"id": "m3", "metadata": {"third": "no"}}
    assert rows.save(connection, MESSAGES, record, changed) == changed
    assert _listed(connection, metadata={"third": "yes"}) == ("960", False)
    assert _listed(connection, metadata={"third": "no"}) == ("3", False)
    saved = rows.find(connection, MESSAGES, "m3")
    assert (saved.document, saved.private, saved.seq) == (changed, {"secret": 3}, record.seq)
    rows.save(connection, MESSAGES, saved, changed, {})
    assert rows.find(connection, MESSAGES, "m3").private == {}
    assert _listed(connection, metadata={"third": "no"}) == ("3", False)


def test_a_new_name_is_searched(connection: Connection) -> None:
    rows.insert(connection, ASSISTANTS, {"id": "asst_1", "name": "A", "metadata": {}}, {"sampling": []})
    record = rows.find(connection, ASSISTANTS, "asst_1")
    assert record.private == {"sampling": []}
    assert [each.id for each in rows.all_of(connection, ASSISTANTS, name="A")] == ["asst_1"]
    rows.save(connection, ASSISTANTS, record, {"id": "asst_1", "name": "B", "metadata": {}})
    assert rows.all_of(connection, ASSISTANTS, name="A") == []
    assert [each.id for each in rows.all_of(connection, ASSISTANTS, name="B")] == ["asst_1"]


def test_a_thread_is_deleted_with_its_messages(connection: Connection) -> None:
    rows.remove(connection, THREADS, rows.find(connection, THREADS, "thread_1"))
    assert rows.all_of(connection, MESSAGES, thread_id="thread_1") == []
    assert [each.id for each in rows.all_of(connection, THREADS)] == ["thread_2"]
    assert rows.get(connection, MESSAGES, "x0") is not None


def test_no_objects_are_no_error(connection: Connection) -> None:
    rows.insert_all(connection, MESSAGES, [], thread_id="thread_1")
    assert _listed(connection)[0] == "9876543210"
