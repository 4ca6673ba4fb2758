# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run, executed: what the model server's answer does to the wire's objects (Assistants wire, sections 7, 8, 11)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from .. import lifecycle
from ..documents import Document, answer, step
from ..ids import new_id
from ..model import LimitReached, ModelError, ModelServer, converse, events
from ..settings import Settings
from ..store import Store, rows
from ..store.tables import ASSISTANTS, MESSAGES, RUNS, STEPS, Kind
from .draft import Calls, Draft, begun
from .ledger import Entry, Ledger, Stopped
from .pulse import beat

_LOG = logging.getLogger("threadworks.runtime")


class Execution:
    """A runner: it takes a queued run and brings it to rest.

    :param store: the run's store.
    :param settings: the model server.
    :param run_id: the run.
    :param tell: takes each event of the wire.
    """

    def __init__(self, store: Store, settings: Settings, run_id: str, tell: Callable[[str, Document], None]) -> None:
        self._store, self._settings, self._run_id = store, settings, run_id
        self._ledger = Ledger(store, run_id, settings.lease, tell)
        self._server: ModelServer | None = None
        self._calls: Calls | None = None
        self._made: list[tuple[Kind, str]] = []
        self.over = self._ledger.over

    def run(self) -> None:
        """Execute the run. Returns when it is at rest, or is not this runner's any more; never raises."""
        try:
            self._converse(self._ledger.claim())
        except Stopped:
            pass
        except ModelError as error:
            self._end("failed", error={"code": error.code, "message": error.message})
        except LimitReached as limit:
            self._end("incomplete", reason=limit.reason)
        except Exception as error:
            _LOG.error("run %s: unexpected %s", self._run_id, type(error).__name__)
            message = f"The runner failed unexpectedly ({type(error).__name__})."
            self._end("failed", error={"code": "server_error", "message": message})
        finally:
            self.over.set()

    def hand_over(self) -> None:
        """Give the run back to the queue without what this round has made: it is begun anew by whoever takes it up."""
        try:
            with self._ledger.writing(last=True) as entry:
                for kind, id in self._made:
                    made = rows.get(entry.connection, kind, id)
                    if made is not None:
                        rows.remove(entry.connection, kind, made)
                run = {**entry.row.document, "status": "queued"}
                rows.save(entry.connection, RUNS, entry.row, run, status="queued", lease_owner=None, lease_until=None)
        except Stopped:
            return
        if self._server is not None:
            self._server.close()

    def _end(self, status: str, **details: Any) -> None:
        try:
            self._ledger.end(status, **details)
        except Stopped:
            pass
        except SQLAlchemyError as error:
            # It stays as it is until the lease is over; then it is found dead.
            _LOG.error("run %s: its end cannot be written (%s)", self._run_id, type(error).__name__)

    def _converse(self, row: Row) -> None:
        run, private = row.document, row.private
        with self._store.read() as connection:
            assistant = rows.get(connection, ASSISTANTS, run["assistant_id"])
            messages = [found.document for found in rows.all_of(connection, MESSAGES, thread_id=row.thread_id)]
        if assistant is None and not private["items"]:
            gone = f"The assistant '{run['assistant_id']}' was deleted before the run started."
            self._end("failed", error={"code": "server_error", "message": gone})
            return
        server = self._server = ModelServer(
            base_url=self._settings.base_url,
            api_key=self._settings.api_key,
            organization=self._settings.organization,
            project=self._settings.project,
            timeout=self._settings.timeout,
            max_retries=self._settings.max_retries,
        )
        beat(self._store, self._ledger, self._run_id, self._settings.lease, on_stop=server.close)
        try:
            # What was not asked for is not sent, although the wire shows its default.
            asked = {**run, "temperature": None, "top_p": None, **private["sampling"]}
            # The run's own messages are among the items of its earlier rounds.
            history = [message for message in messages if message["run_id"] != run["id"]]
            for event in converse(
                server, asked, history, private=private, items=private["items"], used=private["usage"]
            ):
                self._handle(event)
        finally:
            server.close()

    def _handle(self, event: events.Event) -> None:
        match event:
            case events.TextStarted():
                self._begin_message()
            case events.TextDelta() | events.RefusalDelta() | events.Citation():
                self._ledger.tell(begun(self._ledger.draft).add(event))
            case events.TextFinished(content):
                begun(self._ledger.draft).finish(content)
            case events.CallStarted(index, call):
                self._begin_call(index, call)
            case events.CallDelta(index, arguments):
                self._ledger.tell(begun(self._calls).extend(index, arguments))
            case events.CallFinished(index, call):
                self._finish_call(index, call)
            case events.Finished():
                self._finish(event)

    def _begin_message(self) -> None:
        with self._ledger.writing() as entry:
            self._close_parts(entry)
            message = answer(new_id(MESSAGES.prefix), entry.row.document)
            details = {"type": "message_creation", "message_creation": {"message_id": message["id"]}}
            step_id = self._begin_step(entry, details)
            rows.insert(entry.connection, MESSAGES, message, thread_id=message["thread_id"], run_id=self._run_id)
            entry.events += [("thread.message.created", message), ("thread.message.in_progress", message)]
            self._made.append((MESSAGES, message["id"]))
            self._ledger.draft = Draft(message["id"], step_id)

    def _begin_call(self, index: int, call: Document) -> None:
        if self._calls is None or self._ledger.draft is not None:
            with self._ledger.writing() as entry:
                self._close_parts(entry)
                if self._calls is None:
                    self._calls = Calls(self._begin_step(entry, {"type": "tool_calls", "tool_calls": []}))
        self._ledger.tell(self._calls.begin(index, call))

    def _finish_call(self, index: int, call: Document) -> None:
        calls = begun(self._calls)
        calls.finish(index, call)
        with self._ledger.writing() as entry:
            row = rows.find(entry.connection, STEPS, calls.step_id)
            row.document["step_details"]["tool_calls"] = calls.all()
            rows.save(entry.connection, STEPS, row, row.document)

    def _finish(self, event: events.Finished) -> None:
        with self._ledger.writing(last=True) as entry:
            private = entry.row.private
            private["usage"] = {name: count + event.usage.get(name, 0) for name, count in private["usage"].items()}
            private["items"] += event.items
            self._note(entry, event)
            functions = self._calls.functions() if self._calls else []
            if functions and event.reason is None:
                self._close_parts(entry)
                entry.events.append(lifecycle.wait(entry.connection, entry.row, functions))
            else:
                self._ledger.end_within(entry, "incomplete" if event.reason else "completed", reason=event.reason)

    def _begin_step(self, entry: Entry, details: Document) -> str:
        begun = step(new_id(STEPS.prefix), entry.row.document, details)
        rows.insert(entry.connection, STEPS, begun, run_id=self._run_id)
        entry.events += [("thread.run.step.created", begun), ("thread.run.step.in_progress", begun)]
        self._made.append((STEPS, begun["id"]))
        return begun["id"]

    def _close_parts(self, entry: Entry) -> None:
        """Complete what the next part follows on: a message, or tool calls that wait for nobody."""
        draft = self._ledger.draft
        if draft is not None:
            message = rows.find(entry.connection, MESSAGES, draft.message_id)
            made = rows.find(entry.connection, STEPS, draft.step_id)
            entry.events.append(lifecycle.close_message(entry.connection, message, "completed", draft.content()))
            entry.events.append(lifecycle.close_step(entry.connection, made, "completed"))
            self._ledger.draft = None
        if self._calls is not None and not self._calls.functions():
            called = rows.find(entry.connection, STEPS, self._calls.step_id)
            entry.events.append(lifecycle.close_step(entry.connection, called, "completed"))
            self._calls = None

    def _note(self, entry: Entry, event: events.Finished) -> None:
        """Put the round's usage, and what may have gone wrong unseen, with the step that is its last."""
        last = next((id for kind, id in reversed(self._made) if kind is STEPS), None)
        if last is not None:
            row = rows.find(entry.connection, STEPS, last)
            warnings = {f"warning_{number}": text[:512] for number, text in enumerate(event.warnings[:16], 1)}
            noted = {**row.document, "metadata": warnings}
            rows.save(entry.connection, STEPS, row, noted, {"usage": event.usage})
