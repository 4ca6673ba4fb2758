# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paying for everything at once, at a moment of the caller's choice."""

from __future__ import annotations

import gc
from functools import cache


@cache
def preload() -> None:
    """Import all that a run needs and build the TLS context: once, in a process that forks the ones that need it.

    It opens no file of the user's and no socket, and starts no thread.
    """
    import falcon
    from sqlalchemy import create_engine, event, text

    from . import app  # noqa: F401
    from .model.server import preload as preload_model
    from .runner import detached  # noqa: F401

    preload_model()
    # What the libraries put off until their first use: the files of MIME types, the classes of events, of dialects.
    falcon.App()
    engine = create_engine("sqlite://")
    event.listen(engine, "begin", lambda _connection: None)
    event.listen(engine, "connect", lambda _connection, _record: None)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
    # The collections that these imports have called for would otherwise fall due in each process forked from here.
    gc.collect()
