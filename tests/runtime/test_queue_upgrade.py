# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of procrastinate are upgraded while workers of the previous version execute runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from threadworks_runtime.queue.schema import prepare
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import open_store

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Worker, talking

pytestmark = pytest.mark.stores("postgresql")


def _tables(settings: Settings) -> set[str]:
    with psycopg.connect(settings.store) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'probe%'").fetchall()
    return {name for (name,) in found}


def test_what_the_previous_version_needs_is_removed_one_version_later(
    settings: Settings, model_server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in Path(SchemaManager.get_migrations_path()).glob("*.sql"):
        (tmp_path / file.name).write_text("SELECT 1 / 0")  # it is not applied again
    monkeypatch.setattr(SchemaManager, "get_migrations_path", staticmethod(lambda: str(tmp_path)))
    with psycopg.connect(settings.store) as connection:
        connection.execute("CREATE TABLE probe_old ()")
    store = open_store(settings)
    with talking(replace(settings, executes=False)) as talk, Worker(settings.store, model_server.base_url):
        (tmp_path / "99.00.00_01_pre_add.sql").write_text("CREATE TABLE probe_new (a int)")
        (tmp_path / "99.00.00_50_post_remove.sql").write_text("DROP TABLE probe_old")
        prepare(store.engine)
        assert _tables(settings) == {"probe_old", "probe_new"}
        assert talk.finish()["status"] == "completed"
        (tmp_path / "99.01.00_01_pre_add.sql").write_text("CREATE TABLE probe_newest ()")
        prepare(store.engine)
        assert _tables(settings) == {"probe_new", "probe_newest"}
        assert talk.finish()["status"] == "completed"
    store.close()
