# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Executes the jobs of the queue in this process, and takes over the runs of workers that have died."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable

from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ..ending import end_tasks
from ..objects import RunObject
from ..settings import Settings
from ..store import Store
from .exchange import Exchange
from .jobs import TASK, put
from .manager import PatientManager
from .rescue import rescue

_LOG = logging.getLogger("threadworks.runtime")
_AGAIN = 1  # seconds until a job is tried again that this process could not execute
_ASK = 2.0  # seconds between two questions for jobs, if no notification comes
_CONNECTIONS = 3  # besides the one that listens
_NEVER = 1e9
Execute = Callable[[str], Awaitable[None]]


class Queue:
    """The queue of a store, and a worker of procrastinate in the event loop of this process.

    Attributes:
        exchange: Passes events of runs to other processes.

    Args:
        store: The store.
        settings: Whether this process takes jobs, of which queues, how many at a time, and the duration of a lease.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self.exchange = Exchange(store)
        self._store, self._settings = store, settings
        self._watching: asyncio.Task[None] | None = None
        self._working: asyncio.Task[None] | None = None
        self._app: App | None = None
        self._worker: Worker | None = None
        self._manager: PatientManager | None = None
        self._is_finishing = False

    def put(self, connection: Connection, run: RunObject) -> None:
        """Queue a run in the transaction that queues it in the store.

        Args:
            connection: The transaction.
            run: The run.
        """
        put(connection, run)

    def start(self, execute: Execute, has_room: Callable[[], bool]) -> None:
        """Start to take jobs. Called in the event loop.

        Args:
            execute: Executes a run until it ends or waits. If it raises an error, the job is tried again.
            has_room: Whether a run would start at once.
        """
        self.exchange.start()
        self._watching = asyncio.create_task(self._watch(), name="watch")
        if self._settings.executes:
            self._working = asyncio.create_task(self._work(execute, has_room), name="worker")

    def finish(self) -> None:
        """Take no more jobs."""
        self._is_finishing = True
        if self._worker is not None:
            self._worker.stop()  # type: ignore[no-untyped-call]
        elif self._working is not None:
            self._working.cancel()  # it waits for the database

    async def finished(self) -> None:
        """Wait until the results of all jobs are stored, unless the database cannot be reached. Call `finish` first."""
        if self._manager is not None:
            self._manager.hurry()
        if self._working is not None:
            await asyncio.gather(self._working, return_exceptions=True)
        await end_tasks([self._watching] if self._watching else [])
        await self.exchange.stop()

    async def _work(self, execute: Execute, has_room: Callable[[], bool]) -> None:
        while not self._is_finishing:
            app = self._make_app(execute, has_room)
            try:
                await app.open_async()
                await self._run_worker(app)
            except Exception as error:  # noqa: BLE001  # the database may be away for hours
                _LOG.error("the worker has stopped (%s), and starts again", _name(error))
            finally:
                await app.close_async()  # also if this task was cancelled while the connections were opened
            if not self._is_finishing:
                await asyncio.sleep(_AGAIN)

    async def _run_worker(self, app: App) -> None:
        # Before Python 3.12, asyncio.wait_for, with which connections are opened, can lose the cancellation.
        if self._is_finishing:
            return
        self._app = app
        self._worker = Worker(
            app,
            queues=list(self._settings.queues) if self._settings.queues else None,
            concurrency=self._settings.concurrent_runs,
            fetch_job_polling_interval=_ASK,
            abort_job_polling_interval=_NEVER,  # runs are cancelled in the store
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=self._settings.lease / 6,
            stalled_worker_timeout=self._settings.lease,
        )
        try:
            await self._worker.run()  # type: ignore[no-untyped-call]
        finally:
            self._app = self._worker = None

    def _make_app(self, execute: Execute, has_room: Callable[[], bool]) -> App:
        options = self._store.connection_options()
        limit = self._settings.lease / 3
        connector = PsycopgConnector(kwargs=options, min_size=1, max_size=_CONNECTIONS, timeout=limit)
        app = App(connector=connector)
        app.job_manager = self._manager = PatientManager(connector, self._settings.lease, has_room)

        @app.task(name=TASK, retry=RetryStrategy(wait=_AGAIN))
        async def run(run_id: str, **_others: object) -> None:  # a newer version may add some
            await execute(run_id)

        return app

    async def _watch(self) -> None:
        lease = self._settings.lease
        while True:
            # Not all workers at once.
            await asyncio.sleep(lease / 6 * random.uniform(0.8, 1.2))  # noqa: S311
            try:
                await rescue(self._store)
                if self._app is not None:
                    await self._retry_stalled(JobManager(self._app.connector))
            except (SQLAlchemyError, ConnectorException, PoolTimeout) as error:
                _LOG.warning("the runs of dead workers cannot be found (%s)", _name(error))

    async def _retry_stalled(self, manager: JobManager) -> None:
        """Queue jobs again whose worker has died before it has claimed the run."""
        stalled = await manager.get_stalled_jobs(task_name=TASK, seconds_since_heartbeat=self._settings.lease)
        for job in stalled:
            with contextlib.suppress(ConnectorException):  # another worker was faster
                await manager.retry_job(job)


def _name(error: Exception) -> str:
    return type(error.__cause__ or error).__name__
