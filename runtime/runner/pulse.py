# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A runner's second thread: it shows that the runner lives, and notices what the first cannot while it waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ..store import Store
from ..store.tables import RUNS
from .ledger import Ledger, Stopped

_LOOK = 0.3  # seconds between two looks: what a cancellation waits at most


def beat(store: Store, ledger: Ledger, run_id: str, lease: float, on_stop: Callable[[], None]) -> None:
    """Keep a run's lease, and end the run when it is cancelled or its time is over. Returns at once.

    :param store: the store.
    :param ledger: the runner's.
    :param run_id: the run.
    :param lease: seconds the lease lasts.
    :param on_stop: frees the runner from whatever it waits for, once the run is not its own any more.
    """
    runs = RUNS.table
    look = select(runs.c.status, runs.c.expires_at).where(runs.c.id == run_id)

    def watch() -> None:
        renewed = time.monotonic()
        while not ledger.over.wait(min(_LOOK, lease / 6)):
            try:
                with store.read() as connection:
                    row = connection.execute(look).first()
                if row is not None and time.time() >= row.expires_at:
                    ledger.end("expired")
                elif row is None or row.status != "in_progress" or time.monotonic() - renewed > lease / 6:
                    # Whatever it has become, the ledger knows what follows from it.
                    ledger.renew()
                    renewed = time.monotonic()
                    continue
                else:
                    continue
            except Stopped:
                pass
            except SQLAlchemyError:
                # The store is busy or away. When the lease is over, others may have ended the run.
                if time.monotonic() - renewed < lease:
                    continue
                ledger.over.set()
            on_stop()

    threading.Thread(target=watch, name=f"pulse-{run_id}", daemon=True).start()
