# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passes the events of runs from the process that executes them to the processes whose clients read them.

A process whose client follows a run of another process asks all processes for its events. The one that executes the
run, or will execute it, sends them until nobody asks any more. A run that nobody follows costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from ..ending import end_tasks
from ..runner.execution import Execution
from ..runner.feed import Feed
from ..runner.subscription import Subscription
from ..store import Store
from .payloads import decode, encode

_LOG = logging.getLogger("threadworks.runtime")
_QUESTIONS = "threadworks_follow"
_HERE = "here"  # a process announces that it listens. Others understand this as a question about no runs
_AGAIN = 5.0  # seconds between two questions
_ASKED = 15.0  # seconds for which a question is answered
_AT_ONCE = 200  # ids in a question
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


class Exchange:
    """The exchange of one process.

    Args:
        store: The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._channel = f"threadworks_{secrets.token_hex(8)}"
        self._feeds: dict[str, list[Feed]] = defaultdict(list)
        self._executions: dict[str, Execution] = {}
        # By run and channel: until when its events are wanted, and the tasks that send them.
        self._wanted: dict[str, dict[str, float]] = defaultdict(dict)
        self._sending: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start. Called in the event loop."""
        self._tasks = [
            asyncio.create_task(self._listen(), name="exchange"),
            asyncio.create_task(self._ask_again(), name="questions"),
        ]

    async def stop(self) -> None:
        """Stop, after all events have been sent."""
        await asyncio.gather(*self._sending.values(), return_exceptions=True)
        await end_tasks(self._tasks)

    @contextlib.contextmanager
    def feed(self, run_id: str) -> Iterator[Feed]:
        """Follow a run.

        Args:
            run_id: The run.

        Yields:
            Its events, from the process that executes it.
        """
        feed = Feed()
        self._feeds[run_id].append(feed)
        question = asyncio.create_task(self._ask([run_id]), name="question")
        try:
            yield feed
        finally:
            question.cancel()
            self._feeds[run_id].remove(feed)
            if not self._feeds[run_id]:
                del self._feeds[run_id]

    def begin(self, execution: Execution) -> None:
        """Send the events of a run that this process is about to execute, to those who want them."""
        self._executions[execution.run_id] = execution
        self._answer(execution.run_id)

    def end(self, execution: Execution) -> None:
        """Forget a run that this process has executed."""
        if self._executions.get(execution.run_id) is execution:
            del self._executions[execution.run_id]

    async def _listen(self) -> None:
        options = self._store.connection_options()
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**options, autocommit=True) as connection:
                    for channel in (_QUESTIONS, self._channel):
                        await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
                    await connection.execute("SELECT pg_notify(%s, %s)", [_QUESTIONS, _HERE])
                    async for notification in connection.notifies():
                        self._take(notification)
            except psycopg.Error as error:
                _LOG.warning("the events of other processes are not received (%s)", type(error).__name__)
            for feed in [feed for feeds in self._feeds.values() for feed in feeds]:
                feed.lose()
            await asyncio.sleep(1)

    def _take(self, notification: psycopg.Notify) -> None:
        if notification.payload == _HERE:
            # This process has started to listen, or another one, which may execute what is followed here.
            task = asyncio.create_task(self._ask(list(self._feeds)), name="question")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        elif notification.channel == _QUESTIONS:
            channel, *run_ids = notification.payload.split(" ")
            for run_id in run_ids:
                self._wanted[run_id][channel] = time.monotonic() + _ASKED
                self._answer(run_id)
        else:
            payload = decode(notification.payload)
            for feed in self._feeds.get(payload.run_id, ()):
                feed.send(payload.number, payload.events, is_complete=payload.is_complete)

    def _answer(self, run_id: str) -> None:
        execution = self._executions.get(run_id)
        if execution is None:
            return
        for channel in self._wanted.get(run_id, ()):
            key = (run_id, channel)
            if key not in self._sending and self._is_wanted(*key):
                subscription = Subscription()
                execution.ledger.subscribe(subscription)
                self._sending[key] = asyncio.create_task(self._send(*key, subscription), name="events")

    def _is_wanted(self, run_id: str, channel: str) -> bool:
        return self._wanted.get(run_id, {}).get(channel, 0) > time.monotonic()

    async def _send(self, run_id: str, channel: str, subscription: Subscription) -> None:
        number = 0
        try:
            async with contextlib.aclosing(aiter(subscription)) as batches:
                async for events in batches:
                    if not self._is_wanted(run_id, channel):
                        return
                    payloads = list(encode(run_id, number, events))
                    number += len(payloads)
                    if payloads:
                        await self._notify(channel, payloads)
        except SQLAlchemyError as error:
            _LOG.warning("run %s: its events cannot be sent (%s)", run_id, type(error).__name__)
        finally:
            del self._sending[run_id, channel]

    async def _ask_again(self) -> None:
        while True:
            await asyncio.sleep(_AGAIN)
            now = time.monotonic()
            for run_id, channels in list(self._wanted.items()):
                if all(until < now for until in channels.values()):
                    del self._wanted[run_id]
            await self._ask(list(self._feeds))

    async def _ask(self, run_ids: Sequence[str]) -> None:
        pages = [run_ids[start : start + _AT_ONCE] for start in range(0, len(run_ids), _AT_ONCE)]
        if pages:
            with contextlib.suppress(SQLAlchemyError):  # it is asked again
                await self._notify(_QUESTIONS, [" ".join((self._channel, *page)) for page in pages])

    async def _notify(self, channel: str, payloads: Sequence[str]) -> None:
        values = [{"channel": channel, "payload": payload} for payload in payloads]

        def write(connection: Connection) -> None:
            for each in values:
                connection.execute(_NOTIFY, each)

        await self._store.write(write)
