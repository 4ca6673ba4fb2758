# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one writer of an SQLite store: what waits while it is at the disk shares its next transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

_T = TypeVar("_T")
_Work = Callable[[Connection], Any]
_Job = tuple[_Work, "Future[Any]"]
_Outcome = Callable[[], None]

_MOST = 64  # works in one transaction: none waits for more of the others


class GroupWriter:
    """Writes in a thread of its own, in order.

    A durable commit takes milliseconds, however little is written. Each work has a savepoint: where it fails, nothing
    of it is written, and the others are. Nobody hears of a work before the commit.

    Args:
        engine: The store, whose transactions write.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[_Job] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")

    def write(self, work: Callable[[Connection], _T]) -> Future[_T]:
        """Let a function write, soon.

        Args:
            work: Takes the connection; runs in the writer's thread.

        Returns:
            What the function returns, once it is committed.
        """
        future: Future[_T] = Future()
        self._waiting.append((work, future))
        self._thread.submit(self._write_waiting)
        return future

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._thread.shutdown()

    def _write_waiting(self) -> None:
        jobs: list[_Job] = []
        while self._waiting and len(jobs) < _MOST:
            job = self._waiting.popleft()
            if job[1].set_running_or_notify_cancel():
                jobs.append(job)
        # Where there is none, an earlier call has written it.
        if jobs:
            for tell in self._written(jobs):
                tell()

    def _written(self, jobs: list[_Job]) -> list[_Outcome]:
        """Write in one transaction.

        Returns:
            What tells each of the jobs how it went.
        """
        outcomes: list[_Outcome] = []
        try:
            with self._engine.begin() as connection:
                if len(jobs) == 1:
                    ((work, future),) = jobs
                    outcomes.append(_succeeded(future, work(connection)))
                else:
                    outcomes += [_outcome(connection, *job) for job in jobs]
        except BaseException as error:  # noqa: BLE001, it is told to those who wait for it
            return [_failed(future, error) for _work, future in jobs]
        return outcomes


def _outcome(connection: Connection, work: _Work, future: Future[Any]) -> _Outcome:
    database: Any = connection.connection.driver_connection
    database.execute("SAVEPOINT work")
    try:
        result = work(connection)
    except Exception as error:
        # Without space or memory SQLite ends the transaction by itself, with all that is in it.
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
