# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store of version 0.1.0, and the schema of a store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

_DUMP = Path(__file__).with_name("store_0_1_0.sql")


def make_old_store(path: Path) -> Path:
    """Create a store of version 0.1.0."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(_DUMP.read_text(encoding="utf-8"))
    return path


def schema(path: Path) -> dict[str, Any]:
    """Return the columns, indexes and foreign keys by table, and the application id and version of the file."""
    with closing(sqlite3.connect(path)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, Any] = {
            f"{what} {table}": sorted(row[1:] for row in database.execute(f"PRAGMA {what}({table})"))
            for what in ("table_info", "index_list", "foreign_key_list")
            for table in tables
        }
        found["partial"] = sorted(database.execute("SELECT name FROM sqlite_master WHERE sql LIKE '% WHERE %'"))
        for mark in ("application_id", "journal_mode"):
            found[mark] = database.execute(f"PRAGMA {mark}").fetchone()
        found["version"] = database.execute("SELECT version FROM store_version").fetchall()
    return found
