# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make new stores cheap: most tests have one, and its creation would take longer than the rest of the test."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Hashable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from threadworks_runtime.settings import Settings
from threadworks_runtime.store import engine as engines
from threadworks_runtime.store import open_store


class _Compiled(dict[tuple[Hashable, ...], Any]):
    """Compiled statements of all stores. SQLAlchemy's keys contain the dialect, of which each store has its own."""

    def get(self, key: tuple[Hashable, ...], default: Any = None) -> Any:
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[Hashable, ...], value: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), value)


def share_compiled_statements() -> None:
    """Let all stores of this process use the same compiled statements."""
    create, compiled = engines.create_engine, _Compiled()

    def create_engine(url: Any, execution_options: dict[str, Any] | None = None, **options: Any) -> Engine:
        shared = {**(execution_options or {}), "compiled_cache": compiled}
        return create(url, execution_options=shared, **options)

    engines.create_engine = create_engine


def make_sqlite(path: Path) -> str:
    """Make an empty SQLite store if there is none: a copy of one that was made before.

    Args:
        path: Its path.

    Returns:
        Its address.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_bytes(_empty())
    return str(path)


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runtime.db"
        with closing(open_store(Settings(store=str(path)))):
            pass
        return path.read_bytes()
