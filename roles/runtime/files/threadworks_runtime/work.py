# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker: executes the queued runs of a PostgreSQL store, on any machine, without serving requests."""

from __future__ import annotations

import asyncio
import logging
import logging.config
import os
import signal
import sys
from collections.abc import Sequence

from .descriptors import allow_descriptors
from .ending import end_after
from .errors import StoreError
from .interpreter import tune_interpreter
from .logs import CONFIG
from .model.sdk import import_sdk
from .queue import open_queue
from .runner.pool import Pool
from .store import open_store
from .systemd import notify, watchdog_interval
from .telemetry.trace import new_tracer
from .work_options import read_options

_LOG = logging.getLogger("threadworks.runtime")
_FURTHER_DESCRIPTORS = 256  # for the store, the log and the libraries


def main(arguments: Sequence[str] | None = None) -> None:
    """Work until SIGTERM. A second signal ends the wait for active runs.

    Args:
        arguments: The command line, or None for the one of this process.

    Raises:
        SystemExit: The worker cannot be started.
    """
    tune_interpreter()
    settings, grace = read_options(arguments, os.environ)
    logging.config.dictConfig(CONFIG)
    allow_descriptors(settings.concurrent_runs + _FURTHER_DESCRIPTORS)
    try:
        store = open_store(settings)
        queue = open_queue(store, settings)
    except StoreError as error:
        sys.exit(str(error))
    if queue is None:
        store.close()
        sys.exit("A worker needs a PostgreSQL store. With SQLite, the server itself executes the runs.")
    import_sdk()
    try:
        asyncio.run(_work(Pool(settings, store, queue, new_tracer()), grace))
    finally:
        store.close()


async def _work(pool: Pool, grace: float) -> None:
    stopping = asyncio.Event()
    hurrying = asyncio.Event()

    def stop() -> None:
        (hurrying if stopping.is_set() else stopping).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    pool.open()
    _LOG.info("the worker has started, for %d runs at the same time", pool.concurrent_runs)
    notify("READY=1")
    alive = asyncio.create_task(_show_life(), name="watchdog")
    await stopping.wait()
    notify("STOPPING=1")
    _LOG.info("the worker stops")
    end_after(grace)
    hurry = asyncio.create_task(_hurry(pool, hurrying), name="hurry")
    await pool.stop(grace)
    for task in (hurry, alive):
        task.cancel()


async def _show_life() -> None:
    """Tell systemd that the event loop works. Otherwise it restarts the worker."""
    interval = watchdog_interval()
    while interval is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)


async def _hurry(pool: Pool, hurrying: asyncio.Event) -> None:
    await hurrying.wait()
    end_after(0)
    await pool.stop(0)
