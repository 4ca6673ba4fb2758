# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of runs in a PostgreSQL store: jobs of procrastinate, which workers on any machine execute.

The row of a run is the truth: its status, and the lease of the runner that holds it. A job says only that a run is
queued. It is written in the transaction that queues the run, and deleted when the run has been executed. A job that
comes twice or too late does nothing.

procrastinate and psycopg are optional libraries. Only modules of this package import them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import StoreError
from ..settings import Settings
from ..store import Store
from ..store.wording import shown

if TYPE_CHECKING:
    from .worker import Queue


def open_queue(store: Store, settings: Settings) -> Queue | None:
    """Open the queue of a served runtime's store. It is created if it does not exist, and upgraded if it is older.

    Args:
        store: The store.
        settings: The settings of the runtime.

    Returns:
        The queue, or None if the runs are executed by the processes of one machine without a queue.

    Raises:
        StoreError: A library is missing, or the database cannot be used.
    """
    if settings.executor != "served" or store.engine.dialect.name != "postgresql":
        return None
    try:
        from .schema import prepare
        from .worker import Queue
    except ImportError as error:
        missing = "needs libraries that are not installed: pip install procrastinate 'psycopg[binary]'"
        raise StoreError(f"The store {shown(settings.store)} {missing}.") from error
    prepare(store.engine)
    return Queue(store, settings)
