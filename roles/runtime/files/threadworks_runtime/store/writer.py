# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer of an SQLite store. Functions that wait while it commits share the next transaction."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from .kept import KeptConnection
from .wording import is_busy

_T = TypeVar("_T")
_Work = Callable[[Connection], Any]
_Outcome = Callable[[], None]

_MOST = 64  # maximum number of functions in a transaction
_MOST_BRIEF = 16  # of functions that the event loop runs without a break
# Seconds after which a function fails together with one that has waited too long for another process. Otherwise, each
# group would wait as long as the one before it.
_LONG = 20.0


class _Job(NamedTuple):
    """A function that writes, and the future for its result."""

    work: _Work
    future: asyncio.Future[Any]
    is_brief: bool
    since: float


class GroupWriter:
    """Writes for one event loop, in order.

    A durable commit takes milliseconds, regardless of its size, so a thread waits for it. The thread also runs the
    functions, except for brief ones: Python runs one thread at a time, so the event loop would have to wait anyway, and
    the two threads would take turns for each statement.

    Each function has a savepoint. If it fails, only its own changes are discarded. Results are returned after the
    commit.

    Args:
        engine: The engine of the store, with write transactions.
        instant: The same for transactions that do not wait for other processes.
    """

    def __init__(self, engine: Engine, instant: Engine) -> None:
        self._connection, self._instant = KeptConnection(engine), KeptConnection(instant)
        self._waiting: deque[_Job] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._loop: asyncio.AbstractEventLoop
        self._is_busy = self._is_closed = False

    def write(self, work: Callable[[Connection], _T], *, is_brief: bool = False) -> asyncio.Future[_T]:
        """Queue a function that writes.

        Args:
            work: Called with the connection.
            is_brief: Whether it is called in the event loop, unless another process is writing.

        Returns:
            A future for the function's result, after the commit.

        Raises:
            RuntimeError: The writer is closed.
        """
        if self._is_closed:
            raise RuntimeError("The store is closed.")
        self._loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = self._loop.create_future()
        self._waiting.append(_Job(work, future, is_brief, time.monotonic()))
        self._loop.call_soon(self._begin)
        return future

    def close(self) -> None:
        """Write the queued functions, and end the thread."""
        self._is_closed = True
        self._thread.shutdown()
        while jobs := self._next():
            _deliver(self._written(jobs))
        self._connection.close()
        self._instant.close()

    def _begin(self) -> None:
        """Write the queued functions, unless others are being written."""
        if self._is_busy or self._is_closed:
            return
        jobs = self._next()
        if jobs:
            self._is_busy = True
            write = self._begun(jobs) if jobs[0].is_brief else None
            self._thread.submit(self._end, write or partial(self._written, jobs))

    def _end(self, write: Callable[[], list[_Outcome]]) -> None:
        outcomes = write()
        self._is_busy = False
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            self._loop.call_soon_threadsafe(self._ended, outcomes)

    def _ended(self, outcomes: list[_Outcome]) -> None:
        _deliver(outcomes)
        self._begin()

    def _next(self) -> list[_Job]:
        """Return the first functions that can share a transaction."""
        jobs: list[_Job] = []
        while self._waiting and len(jobs) < (_MOST_BRIEF if self._waiting[0].is_brief else _MOST):
            if jobs and self._waiting[0].is_brief != jobs[0].is_brief:
                break
            job = self._waiting.popleft()
            if not job.future.done():  # it has not been cancelled
                jobs.append(job)
        return jobs

    def _begun(self, jobs: Sequence[_Job]) -> Callable[[], list[_Outcome]] | None:
        """Write in one transaction, without its commit.

        Returns:
            A function that commits and returns the result of each job, or None if nothing can be written at once.
        """
        stack = ExitStack()
        try:
            connection = stack.enter_context(self._instant.transaction())
        except SQLAlchemyError:  # another process is writing, or there is a problem that the thread will report
            return None
        try:
            with stack:
                outcomes = _outcomes(connection, jobs)
                transaction = stack.pop_all()
        except Exception as error:  # noqa: BLE001, it is passed to the waiting callers
            return partial(_all_failed, jobs, error)
        return partial(_committed, transaction, jobs, outcomes)

    def _written(self, jobs: Sequence[_Job]) -> list[_Outcome]:
        """Write in one transaction.

        Returns:
            The result of each job.
        """
        try:
            with self._connection.transaction() as connection:
                outcomes = _outcomes(connection, jobs)
        except BaseException as error:  # noqa: BLE001, it is passed to the waiting callers
            return _all_failed([*jobs, *self._overdue(error)], error)
        return outcomes

    def _overdue(self, error: BaseException) -> Iterator[_Job]:
        """Remove the queued functions that have waited for the same process. At the end, remove all of them."""
        latest = math.inf if self._is_closed else time.monotonic() - _LONG
        while is_busy(getattr(error, "orig", None)) and self._waiting and self._waiting[0].since <= latest:
            yield self._waiting.popleft()


def _committed(transaction: ExitStack, jobs: Sequence[_Job], outcomes: list[_Outcome]) -> list[_Outcome]:
    """Commit, and return the result of each job."""
    try:
        transaction.close()
    except BaseException as error:  # noqa: BLE001, it is passed to the waiting callers
        return _all_failed(jobs, error)
    return outcomes


def _outcomes(connection: Connection, jobs: Sequence[_Job]) -> list[_Outcome]:
    """Run functions, and return the result of each one."""
    if len(jobs) == 1:
        return [_succeeded(jobs[0].future, jobs[0].work(connection))]
    return [_outcome(connection, job) for job in jobs]


def _outcome(connection: Connection, job: _Job) -> _Outcome:
    database: Any = connection.connection.driver_connection
    database.execute("SAVEPOINT work")
    try:
        result = job.work(connection)
    except Exception as error:
        # If space or memory runs out, SQLite rolls back the whole transaction.
        if not database.in_transaction:
            raise
        database.execute("ROLLBACK TO work")
        outcome = _failed(job.future, error)
    else:
        outcome = _succeeded(job.future, result)
    database.execute("RELEASE work")
    return outcome


def _deliver(outcomes: Sequence[_Outcome]) -> None:
    for outcome in outcomes:
        outcome()


def _all_failed(jobs: Sequence[_Job], error: BaseException) -> list[_Outcome]:
    return [_failed(job.future, error) for job in jobs]


def _succeeded(future: asyncio.Future[Any], result: Any) -> _Outcome:
    return lambda: None if future.done() else future.set_result(result)


def _failed(future: asyncio.Future[Any], error: BaseException) -> _Outcome:
    return lambda: None if future.done() else future.set_exception(error)
