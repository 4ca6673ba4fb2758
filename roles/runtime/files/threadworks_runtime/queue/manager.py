# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""procrastinate's job manager for a worker that outlives a restart of its database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime
from functools import partial

import psycopg
from procrastinate.connector import BaseConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback

from ..ending import cancellable

_PAUSE = 0.5  # seconds between two attempts


class PatientManager(JobManager):
    """Waits for a database that cannot be reached. procrastinate's worker would stop, and wait for its active jobs.

    Args:
        connector: The connection to the database.
        patience: The seconds after which the worker stops, because others have taken over its jobs.
        has_room: Whether a job would start at once. Otherwise it is left to other workers.
    """

    def __init__(self, connector: BaseConnector, patience: float, has_room: Callable[[], bool]) -> None:
        super().__init__(connector)
        self._patience = patience
        self._has_room = has_room
        self._is_hurried = False
        self._lost: float | None = None
        self._new_id: int | None = None

    def hurry(self) -> None:
        """Do not wait for the database any more, because the process stops."""
        self._is_hurried = True

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Fetch a job, or none if there is no room or the database does not answer. It is then asked again."""
        if not self._has_room():
            return None
        async with self._suppressed():
            try:
                return await super().fetch_job(queues, self._new_id or worker_id)
            except ConnectorException as error:
                if not isinstance(error.__cause__, psycopg.errors.ForeignKeyViolation):
                    raise
                # Others have taken this worker for dead, and have removed it. procrastinate's worker would stop.
                self._new_id = await self.register_worker()
                return await super().fetch_job(queues, self._new_id)
        await asyncio.sleep(_PAUSE)
        return None

    async def update_heartbeat(self, worker_id: int) -> None:
        """Report that the worker is alive."""
        async with self._suppressed():
            # procrastinate's worker cancels this and the next one only once, and waits until they have ended.
            await cancellable(super().update_heartbeat(self._new_id or worker_id))

    async def unregister_worker(self, worker_id: int) -> None:
        """Report that the worker has stopped."""
        await super().unregister_worker(self._new_id or worker_id)

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Listen until the task is cancelled. Jobs that come while nobody listens are found by asking."""
        while True:
            async with self._suppressed():
                await cancellable(super().listen_for_jobs(on_notification=on_notification, queues=queues))
            await asyncio.sleep(_PAUSE)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # procrastinate's
        """Report the end of a job."""
        await self._report(partial(super().finish_job, job, status, delete_job))

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Give a job back to the queue."""
        await self._report(partial(super().retry_job, job, retry_at, priority, queue, lock))

    async def _report(self, report: Callable[[], Awaitable[None]]) -> None:
        """Report something about a job, as soon as the database can be reached.

        Nobody takes over the job of a living worker, so a job that is not reported would stay in the queue. Two cases
        are left out: this process stops, or another worker has reported the job, because it took this one for dead.
        """
        while True:
            try:
                return await report()
            except ConnectorException as error:
                if isinstance(error.__cause__, psycopg.errors.RaiseException):
                    return None
                if self._is_hurried or not isinstance(error.__cause__, psycopg.OperationalError):
                    raise
            await asyncio.sleep(_PAUSE)

    @contextlib.asynccontextmanager
    async def _suppressed(self) -> AsyncIterator[None]:
        """Suppress the errors of a database that cannot be reached, as long as the patience lasts."""
        try:
            yield
            self._lost = None
        except (ConnectorException, psycopg.OperationalError) as error:
            if not isinstance(error.__cause__ or error, psycopg.OperationalError):
                raise
            self._lost = self._lost or time.monotonic()
            if self._is_hurried or time.monotonic() - self._lost > self._patience:
                raise
