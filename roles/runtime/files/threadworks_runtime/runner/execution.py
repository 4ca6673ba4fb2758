# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execute one run: apply the model server's answer to the objects of the API (Assistants wire, sections 7, 8, 11)."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from ..documents import SAMPLING
from ..model import LimitReached, ModelError, ModelServers, Waiting, events, execute_round
from ..model.messages import CALLS
from ..model.types import ResponseRequest
from ..model.usage import Reported
from ..objects import Document, MessageObject, RunError, Usage
from ..records import AssistantRecord, RunRecord
from ..settings import ModelOptions
from ..status import RunStatus
from ..store import Store, rows
from ..store.history import read_calls, read_history
from ..store.tables import ASSISTANTS
from ..usage.budget import BudgetReached
from ..usage.details import Price
from ..usage.money import LARGEST_ROUND
from ..usage.prices import Pricing
from .admission import Admission
from .ledger import Ledger, Stopped
from .recorder import Recorder
from .shutdowns import ShutdownDate
from .slot import Put

_LOG = logging.getLogger("threadworks.runtime")
_PAUSE = 0.5  # seconds between two attempts to reach the store


class Execution:
    """A runner. It executes a queued run until it ends or waits.

    Args:
        store: The run's store.
        run_id: The run.
        servers: The model servers.
        options: The address and the options of the model server.
        ledger: Writes the run and sends its events.
        put: Queues the run if it is handed over, or None if waiting runs are found by a search.

    Attributes:
        is_queued: Whether the run is still queued, because it could not be claimed.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        servers: ModelServers,
        options: ModelOptions,
        ledger: Ledger,
        put: Put | None = None,
    ) -> None:
        self.run_id = run_id
        self.ledger = ledger
        self.is_queued = True
        self._store, self._servers, self._options, self._put = store, servers, options, put
        self._recorder = Recorder(ledger)
        self._pricing: Pricing | None = None
        self._shutdown: ShutdownDate | None = None
        self._asked_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self, ended: Callable[[], None], claimed: RunRecord | None) -> None:
        """Execute the run in a new task.

        Args:
            ended: Called when the task has ended in any way.
            claimed: The run, if it is already claimed.
        """
        self._task = asyncio.create_task(self.run(claimed), name=self.run_id)
        self._task.add_done_callback(lambda _task: ended())

    def cut(self) -> None:
        """Stop waiting for the model server, because the run no longer belongs to this runner."""
        if self._task is not None:
            self._task.cancel()

    async def run(self, claimed: RunRecord | None = None) -> None:
        """Execute the run until it ends, waits, or no longer belongs to this runner. Raises no errors.

        Args:
            claimed: The run, if it is already claimed.
        """
        try:
            await self._execute_round(await self._begin(claimed))
        except Stopped:
            self.is_queued = False
        except ModelError as error:
            await self._fail(error.code, error.message, error.usage, error.served)
        except LimitReached as limit:
            await self._end(self._recorder.end(RunStatus.INCOMPLETE, reason=limit.reason))
        except BudgetReached as reached:
            end = self._recorder.end(RunStatus.INCOMPLETE, reason="budget_exceeded", message=reached.message)
            await self._end(end)
        except ImportError as error:
            # The SDK is imported when it is first needed, so that the runtime starts faster.
            message = (
                f"A library of the runtime cannot be imported: {error}. Install the libraries in the collection's "
                f"requirements.txt for the Python that runs the runtime: {sys.executable}"
            )
            await self._fail("server_error", message)
        except Exception as error:  # noqa: BLE001  # a run always ends, with an error
            _LOG.error("run %s: unexpected %s", self.run_id, type(error).__name__)
            if self._has_lost_store(error):
                await self._return()
            else:
                await self._fail("server_error", f"The runner failed unexpectedly ({type(error).__name__}).")
        finally:
            self.ledger.over.set()
            self.ledger.trace.end()

    async def hand_over(self) -> None:
        """Return the run to the queue without the data of this round. The next runner restarts the round.

        If the store fails, the lease of the run expires.
        """
        with contextlib.suppress(Stopped, SQLAlchemyError):
            await self._recorder.hand_over(self._put)

    async def _begin(self, claimed: RunRecord | None) -> RunRecord:
        if claimed is not None:
            self.ledger.begin(claimed)
        else:
            claimed = await self.ledger.claim()
        self.is_queued = False
        return claimed

    def _has_lost_store(self, error: Exception) -> bool:
        """Return whether another runner can restart the round, because only the connection to the store was lost."""
        is_lost = isinstance(error, (OperationalError, InterfaceError)) or (
            isinstance(error, DBAPIError) and error.connection_invalidated
        )
        return self._put is not None and is_lost

    async def _return(self) -> None:
        """Return the run to the queue as soon as the store answers. Otherwise its lease expires."""
        if self.is_queued:
            return
        while not self.ledger.over.is_set():
            try:
                await self._recorder.hand_over(self._put, has_failed=True)
            except Stopped:
                return
            except SQLAlchemyError:
                await asyncio.sleep(_PAUSE)

    async def _fail(self, code: str, message: str, usage: Usage | None = None, served: Reported | None = None) -> None:
        error: RunError = {"code": code, "message": message}
        price = await self._price(served) if served else None
        await self._end(self._recorder.end(RunStatus.FAILED, error=error, usage=usage, served=served, price=price))

    async def _price(self, served: Reported) -> Price | None:
        price = None if self._pricing is None else await self._pricing.price(served)
        # A larger cost is a mistake in the prices or in the numbers of the model server.
        return None if price is None or price.cost > LARGEST_ROUND else price

    async def _end(self, end: Awaitable[None]) -> None:
        try:
            await end
        except Stopped:
            pass
        except SQLAlchemyError as error:
            # It is unchanged until the lease expires. Then it is found dead.
            _LOG.error("run %s: its result cannot be stored (%s)", self.run_id, type(error).__name__)
            if self._has_lost_store(error):
                await self._return()

    async def _execute_round(self, record: RunRecord) -> None:
        run, private = record.document, record.private

        server = self._servers.get(self._options)
        self._shutdown = shutdown = ShutdownDate(self._store, server, run["model"])

        def read(connection: Connection) -> tuple[AssistantRecord | None, list[MessageObject]]:
            shutdown.read(connection)
            assistant = rows.get(connection, ASSISTANTS, run["assistant_id"])
            messages = read_history(connection, record)
            calls = read_calls(connection, record, messages)
            told = [{**message.document, CALLS: calls.get(message.id, [])} for message in messages]
            return assistant, cast("list[MessageObject]", told)

        assistant, history = await self._store.read(read)
        if assistant is None and not private["items"]:
            gone = f"The assistant '{run['assistant_id']}' was deleted before the run started."
            await self._fail("server_error", gone)
            return
        # Unset options are not sent, although the API returns their defaults.
        asked: Document = {**run, **{name: None for name in SAMPLING if name not in private["sampling"]}}
        # The messages of the run itself are in the items of its earlier rounds.
        own = private.get("terms", {}).get("prices", {})
        self._pricing = pricing = Pricing(run["model"], self._options.base_url, own)
        answer = execute_round(
            server,
            asked,
            history,
            private=private,
            items=private["items"],
            used=private["usage"],
            admit=functools.partial(self._admit, Admission(self._store, self.ledger, pricing), record),
            waiting=Waiting(self.ledger.expires, self.ledger.report_waiting),
        )
        async with aclosing(answer):
            async for batch in answer:
                if self.ledger.progress.first is None:
                    self.ledger.progress.first = round(time.monotonic() - self._asked_at, 3)
                    pricing.prepare()
                last = batch[-1]
                if isinstance(last, events.AnswerFinished):
                    self.ledger.trace.answered(last.served, last.reason)
                    await self._recorder.record(batch, await self._price(last.served), self._shutdown)
                else:
                    await self._handle(batch)

    async def _admit(self, admission: Admission, record: RunRecord, body: ResponseRequest) -> None:
        """Wait until the round may start."""
        await admission.wait(record, body)
        if self._shutdown:
            self._shutdown.ask()
        self.ledger.trace.asked(record.document, self._options.base_url)
        self.ledger.progress.is_asked = True
        self._asked_at = time.monotonic()

    async def _handle(self, batch: list[events.AnswerEvent]) -> None:
        """Pass events on while the answer goes on, those of the deltas without waiting for the store."""
        for event in batch:
            if isinstance(event, events.DELTAS):
                self.ledger.send_delta(self._recorder.encode, event)
            elif self._recorder.is_note(event):
                for sent in self._recorder.note(event):
                    self.ledger.send(sent)
            else:
                await self._recorder.record([event])
