# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which idempotency keys are valid, which requests are the same, and how long a key is kept."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from threadworks_runtime.errors import IdempotencyKeyReused, InvalidIdempotencyKey
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store, rows
from threadworks_runtime.store.idempotency import Ticket, once, ticket
from threadworks_runtime.store.tables import THREADS, idempotency

_DAY = 24 * 3600


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "ü"])
def test_keys_that_are_not_valid(key: str) -> None:
    with pytest.raises(InvalidIdempotencyKey):
        ticket(key, "/threads", {})


@pytest.mark.parametrize("key", ["x", "x" * 255, "with space"])
def test_keys_that_are_valid(key: str) -> None:
    assert ticket(key, "/threads", {}).key == key


def test_without_a_key_nothing_is_compared() -> None:
    assert ticket(None, "/threads", {}) == (None, "")


def test_only_stream_and_the_order_of_fields_do_not_matter() -> None:
    same = {ticket("k", "/threads", body) for body in ({"a": 1, "b": 2}, {"b": 2, "stream": True, "a": 1})}
    other = {ticket("k", "/threads", {"a": 1}), ticket("k", "/assistants", {"a": 1, "b": 2}), *same}
    assert (len(same), len(other)) == (1, 3)


@pytest.mark.parametrize(("age", "is_kept"), [(0, True), (_DAY - 60, True), (_DAY + 60, False)])
def test_a_key_is_kept_for_a_day(tmp_path: Path, age: int, is_kept: bool) -> None:
    def make(id: str) -> dict[str, object]:
        return rows.insert(connection, THREADS, {"id": id, "metadata": {}})

    with open_store(Settings(store=str(tmp_path / "runtime.db"))).writing() as connection:
        first, is_new = once(connection, THREADS, Ticket("k", "same"), make)
        assert is_new
        connection.execute(idempotency.update().values(created_at=int(time.time()) - age))
        if is_kept:
            assert once(connection, THREADS, Ticket("k", "same"), make) == (first, False)
            with pytest.raises(IdempotencyKeyReused):
                once(connection, THREADS, Ticket("k", "other"), make)
        else:
            second, is_new = once(connection, THREADS, Ticket("k", "other"), make)
            assert is_new
            assert second["id"] != first["id"]


def test_the_key_of_a_deleted_object_can_be_used_again(tmp_path: Path) -> None:
    def make(id: str) -> dict[str, object]:
        return rows.insert(connection, THREADS, {"id": id, "metadata": {}})

    with open_store(Settings(store=str(tmp_path / "runtime.db"))).writing() as connection:
        first, _is_new = once(connection, THREADS, Ticket("k", "same"), make)
        rows.remove(connection, THREADS, rows.find(connection, THREADS, str(first["id"])))
        second, is_new = once(connection, THREADS, Ticket("k", "other"), make)
        assert (is_new, second["id"] != first["id"]) == (True, True)
        assert once(connection, THREADS, Ticket("k", "other"), make) == (second, False)
