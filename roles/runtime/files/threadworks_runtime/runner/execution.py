# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run, executed: what the model server's answer does to the wire's objects (Assistants wire, sections 7, 8, 11)."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import SQLAlchemyError

from .. import lifecycle
from ..documents import Document, answer, step
from ..ids import new_id
from ..leases import NOBODY
from ..model import LimitReached, ModelError, ModelServers, converse, events
from ..settings import ModelOptions
from ..store import Store, rows
from ..store.tables import ASSISTANTS, MESSAGES, RUNS, STEPS, Kind
from .draft import Calls, Draft, begun
from .ledger import Entry, Ledger, Stopped

_LOG = logging.getLogger("threadworks.runtime")


class Execution:
    """A runner: it takes a queued run and brings it to rest.

    Args:
        store: The run's store.
        run_id: The run.
        servers: The model servers.
        options: Which of them, and how it is asked.
        ledger: Writes the run, and sends its events.
    """

    def __init__(self, store: Store, run_id: str, servers: ModelServers, options: ModelOptions, ledger: Ledger) -> None:
        self.run_id = run_id
        self.ledger = ledger
        self._store, self._servers, self._options = store, servers, options
        self._made: list[tuple[Kind, str]] = []
        self._task: asyncio.Task[None] | None = None

    def start(self, ended: Callable[[], None]) -> None:
        """Execute the run in a task of its own.

        Args:
            ended: Called when the task has ended, however it did.
        """
        self._task = asyncio.create_task(self.run(), name=self.run_id)
        self._task.add_done_callback(lambda _task: ended())

    def cut(self) -> None:
        """Stop waiting for the model server: the run is not this runner's any more."""
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Execute the run. Returns when it is at rest, or is not this runner's any more; raises no error."""
        try:
            await self._converse(await self.ledger.claim())
        except Stopped:
            pass
        except ModelError as error:
            await self._end("failed", usage=error.usage, error={"code": error.code, "message": error.message})
        except LimitReached as limit:
            await self._end("incomplete", reason=limit.reason)
        except ImportError as error:
            # The SDK is imported when it is needed first: the runtime starts without it.
            message = (
                f"A library of the runtime cannot be imported: {error}. Install what the collection's requirements.txt "
                f"lists for the Python that the runtime uses: {sys.executable}"
            )
            await self._end("failed", error={"code": "server_error", "message": message})
        except Exception as error:
            _LOG.error("run %s: unexpected %s", self.run_id, type(error).__name__)
            message = f"The runner failed unexpectedly ({type(error).__name__})."
            await self._end("failed", error={"code": "server_error", "message": message})
        finally:
            self.ledger.over.set()

    async def hand_over(self) -> None:
        """Give the run back to the queue without what this round has made; whoever takes it up restarts the round."""

        def give_back(entry: Entry) -> None:
            for kind, id in self._made:
                made = rows.get(entry.connection, kind, id)
                if made is not None:
                    rows.remove(entry.connection, kind, made)
            run = {**entry.row.document, "status": "queued"}
            rows.save(entry.connection, RUNS, entry.row, run, status="queued", **NOBODY)

        try:
            await self.ledger.write(give_back, last=True)
        except Stopped:
            return

    async def _end(self, status: str, *, usage: dict[str, int] | None = None, **details: Any) -> None:
        def end(entry: Entry) -> None:
            if usage:
                self._count(entry, usage)
            self.ledger.end_within(entry, status, **details)

        try:
            await self.ledger.write(end, last=True)
        except Stopped:
            pass
        except SQLAlchemyError as error:
            # It stays as it is until the lease is over; then it is found dead.
            _LOG.error("run %s: its end cannot be written (%s)", self.run_id, type(error).__name__)

    async def _converse(self, row: Row[Any]) -> None:
        run, private = row.document, row.private

        def read(connection: Connection) -> tuple[Row[Any] | None, list[Document]]:
            assistant = rows.get(connection, ASSISTANTS, run["assistant_id"])
            return assistant, [found.document for found in rows.all_of(connection, MESSAGES, thread_id=row.thread_id)]

        assistant, messages = await self._store.read(read)
        if assistant is None and not private["items"]:
            gone = f"The assistant '{run['assistant_id']}' was deleted before the run started."
            await self._end("failed", error={"code": "server_error", "message": gone})
            return
        # What was not asked for is not sent, although the wire shows its default.
        asked = {**run, "temperature": None, "top_p": None, **private["sampling"]}
        # The run's own messages are among the items of its earlier rounds.
        history = [message for message in messages if message["run_id"] != run["id"]]
        server = self._servers.get(self._options)
        round_ = converse(server, asked, history, private=private, items=private["items"], used=private["usage"])
        async with aclosing(round_):
            async for event in round_:
                await self._handle(event)

    async def _handle(self, event: events.Event) -> None:
        match event:
            case events.TextStarted():
                await self._begin_message()
            case events.TextDelta() | events.RefusalDelta() | events.Citation():
                self.ledger.send(begun(self.ledger.draft).add(event))
            case events.TextFinished(content):
                begun(self.ledger.draft).finish(content)
            case events.CallStarted(index, call):
                await self._begin_call(index, call)
            case events.CallDelta(index, arguments):
                self.ledger.send(begun(self.ledger.calls).extend(index, arguments))
            case events.CallFinished(index, call):
                begun(self.ledger.calls).finish(index, call)
            case events.Finished():
                await self._finish(event)

    async def _begin_message(self) -> None:
        def begin(entry: Entry) -> None:
            self._close_parts(entry)
            message = answer(new_id(MESSAGES.prefix), entry.row.document)
            details = {"type": "message_creation", "message_creation": {"message_id": message["id"]}}
            step_id = self._begin_step(entry, details)
            rows.insert(entry.connection, MESSAGES, message, thread_id=message["thread_id"], run_id=self.run_id)
            entry.events += [("thread.message.created", message), ("thread.message.in_progress", message)]
            self._made.append((MESSAGES, message["id"]))
            self.ledger.draft = Draft(message["id"], step_id)

        await self.ledger.write(begin)

    async def _begin_call(self, index: int, call: Document) -> None:
        def begin(entry: Entry) -> None:
            self._close_parts(entry)
            if self.ledger.calls is None:
                self.ledger.calls = Calls(self._begin_step(entry, _no_calls()))

        if self.ledger.calls is None or self.ledger.draft is not None:
            await self.ledger.write(begin)
        self.ledger.send(begun(self.ledger.calls).begin(index, call))

    async def _finish(self, event: events.Finished) -> None:
        def finish(entry: Entry) -> None:
            entry.row.private["items"] += event.items
            self._note(entry, event)
            self._count(entry, event.usage)
            functions = self.ledger.calls.functions() if self.ledger.calls else []
            if functions and event.reason is None:
                self._close_parts(entry)
                self.ledger.keep_calls(entry)
                asked = [
                    {**call, "function": {**call["function"], "problem": event.problems[call["id"]]}}
                    for call in functions
                ]
                entry.events.append(lifecycle.wait(entry.connection, entry.row, asked))
            else:
                self.ledger.end_within(entry, "incomplete" if event.reason else "completed", reason=event.reason)

        await self.ledger.write(finish, last=True)

    def _begin_step(self, entry: Entry, details: Document) -> str:
        begun = step(new_id(STEPS.prefix), entry.row.document, details)
        rows.insert(entry.connection, STEPS, begun, run_id=self.run_id)
        entry.events += [("thread.run.step.created", begun), ("thread.run.step.in_progress", begun)]
        self._made.append((STEPS, begun["id"]))
        return str(begun["id"])

    def _close_parts(self, entry: Entry) -> None:
        """Complete what the next part follows on: a message, or tool calls that wait for nobody."""
        draft = self.ledger.draft
        if draft is not None:
            message = rows.find(entry.connection, MESSAGES, draft.message_id)
            made = rows.find(entry.connection, STEPS, draft.step_id)
            entry.events.append(lifecycle.close_message(entry.connection, message, "completed", draft.content()))
            entry.events.append(lifecycle.close_step(entry.connection, made, "completed"))
            self.ledger.draft = None
        calls = self.ledger.calls
        if calls is not None and not calls.functions():
            self.ledger.keep_calls(entry)
            called = rows.find(entry.connection, STEPS, calls.step_id)
            entry.events.append(lifecycle.close_step(entry.connection, called, "completed"))
            self.ledger.calls = None

    def _note(self, entry: Entry, event: events.Finished) -> None:
        """Put what may have gone wrong unseen with the step that is the round's last."""
        last = self._last_step()
        if last is None:
            # An answer without any output; what there is to say of it needs a place all the same.
            last = self._begin_step(entry, _no_calls())
        row = rows.find(entry.connection, STEPS, last)
        warnings = {f"warning_{number}": text[:512] for number, text in enumerate(event.warnings[:16], 1)}
        rows.save(entry.connection, STEPS, row, {**row.document, "metadata": warnings})

    def _count(self, entry: Entry, usage: dict[str, int]) -> None:
        """Add the round's usage to the run's, and put it with the step that is the round's last."""
        private = entry.row.private
        private["usage"] = {name: count + usage.get(name, 0) for name, count in private["usage"].items()}
        if last := self._last_step():
            row = rows.find(entry.connection, STEPS, last)
            rows.save(entry.connection, STEPS, row, row.document, {"usage": usage})

    def _last_step(self) -> str | None:
        return next((id for kind, id in reversed(self._made) if kind is STEPS), None)


def _no_calls() -> Document:
    return {"type": "tool_calls", "tool_calls": []}
