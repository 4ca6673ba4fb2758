# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer of an SQLite store. Functions that wait while it commits share the next transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from .kept import KeptConnection

_T = TypeVar("_T")
_Work = Callable[[Connection], Any]
_Job = tuple[_Work, "Future[Any]"]
_Outcome = Callable[[], None]

_MOST = 64  # maximum number of functions in a transaction


class GroupWriter:
    """Writes in a separate thread, in order.

    A durable commit takes milliseconds, regardless of its size. Each function has a savepoint. If it fails, only its
    own changes are discarded. Results are returned after the commit.

    Args:
        engine: The engine of the store, with write transactions.
    """

    def __init__(self, engine: Engine) -> None:
        self._connection = KeptConnection(engine)
        self._waiting: deque[_Job] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    def write(self, work: Callable[[Connection], _T]) -> Future[_T]:
        """Queue a function that writes.

        Args:
            work: Called with the connection, in the writer's thread.

        Returns:
            A future for the function's result, after the commit.
        """
        future: Future[_T] = Future()
        self._waiting.append((work, future))
        self._thread.submit(self._write_waiting)
        return future

    def close(self) -> None:
        """Write the queued functions, and end the thread."""
        self._thread.shutdown()
        self._connection.close()

    def _write_waiting(self) -> None:
        jobs: list[_Job] = []
        while self._waiting and len(jobs) < _MOST:
            job = self._waiting.popleft()
            if job[1].set_running_or_notify_cancel():
                jobs.append(job)
        # If there is none, an earlier call has written the jobs.
        if jobs:
            for deliver in self._written(jobs):
                deliver()

    def _written(self, jobs: list[_Job]) -> list[_Outcome]:
        """Write in one transaction.

        Returns:
            The result of each job.
        """
        outcomes: list[_Outcome] = []
        try:
            with self._connection.transaction() as connection:
                if len(jobs) == 1:
                    ((work, future),) = jobs
                    outcomes.append(_succeeded(future, work(connection)))
                else:
                    outcomes += [_outcome(connection, *job) for job in jobs]
        except BaseException as error:  # noqa: BLE001, it is passed to the waiting callers
            return [_failed(future, error) for _work, future in jobs]
        return outcomes


def _outcome(connection: Connection, work: _Work, future: Future[Any]) -> _Outcome:
    database: Any = connection.connection.driver_connection
    database.execute("SAVEPOINT work")
    try:
        result = work(connection)
    except Exception as error:
        # If space or memory runs out, SQLite rolls back the whole transaction.
        if not database.in_transaction:
            raise
        database.execute("ROLLBACK TO work")
        outcome = _failed(future, error)
    else:
        outcome = _succeeded(future, result)
    database.execute("RELEASE work")
    return outcome


def _succeeded(future: Future[Any], result: Any) -> _Outcome:
    return lambda: future.set_result(result)


def _failed(future: Future[Any], error: BaseException) -> _Outcome:
    return lambda: future.set_exception(error)
