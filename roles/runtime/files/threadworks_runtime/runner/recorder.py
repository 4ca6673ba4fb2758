# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the messages, steps and the end of a round."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from .. import lifecycle
from ..documents import answer, step
from ..ids import new_id
from ..lifecycle import WireEvent
from ..model import events
from ..model.parts import CALL_INPUTS, reasoning_summaries
from ..model.types import ContentPart
from ..model.usage import Reported
from ..objects import Document, RunError, Usage
from ..records import RunRecord
from ..status import RunStatus
from ..store import rows, runs
from ..store.tables import MESSAGES, STEPS
from ..usage.details import Price, Round
from ..usage.runs import with_cut_round, with_round, with_usage
from .draft import Calls, Draft, begun
from .ledger import Ledger
from .shutdowns import ShutdownDate
from .slot import Put
from .subscription import DeltaEvent, StreamEvent

_MOST_WARNINGS = 16  # the maximum number of metadata pairs
_LONGEST_WARNING = 512  # characters


class Recorder:
    """The writes of one round.

    Args:
        ledger: The ledger of the run.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._progress = ledger.progress

    def is_note(self, event: events.AnswerEvent) -> bool:
        """Return whether an event of the answer changes nothing in the store yet."""
        if isinstance(event, events.ToolCallStarted):
            return self._progress.calls is not None and self._progress.draft is None
        return not isinstance(event, (events.MessageStarted, events.AnswerFinished))

    def note(self, event: events.AnswerEvent) -> list[StreamEvent]:
        """Take an event that changes nothing in the store yet.

        Args:
            event: The event.

        Returns:
            The events for readers.
        """
        progress = self._progress
        match event:
            case events.MessageFinished(content):
                begun(progress.draft).finish(content)
            case events.ToolCallStarted(index, call):
                return [begun(progress.calls).begin(index, call)]
            case events.ToolCallFinished(index, call):
                begun(progress.calls).finish(index, call)
        return []

    def encode(self, delta: events.Delta) -> bytes:
        """Return the event for a delta."""
        if isinstance(delta, events.ToolCallDelta):
            return begun(self._progress.calls).encode(delta)
        return begun(self._progress.draft).encode(delta)

    async def record(
        self,
        batch: Sequence[events.AnswerEvent],
        price: Price | None = None,
        shutdown: ShutdownDate | None = None,
    ) -> None:
        """Store events of the answer with one commit. The last one may end the run, or let it wait for tool outputs.

        Args:
            batch: The events.
            price: The cost of the answer, if it is complete, or None if it is unknown.
            shutdown: The date on which the model will be shut down.

        Raises:
            Stopped: The run no longer belongs to this runner.
        """
        has_deltas = self._ledger.has_deltas

        def write(connection: Connection, run: RunRecord) -> list[StreamEvent]:
            sent: list[StreamEvent] = []
            for event in batch:
                if isinstance(event, events.DELTAS):
                    if has_deltas:
                        sent.append(DeltaEvent(self.encode(event)))
                    continue
                if isinstance(event, events.MessageStarted):
                    sent += self._begin_message(connection, run, event.content)
                elif isinstance(event, events.AnswerFinished):
                    sent += self._finish(connection, run, event, price, shutdown)
                elif not self.is_note(event):
                    sent += self._begin_calls(connection, run)
                sent += self.note(event)
            return sent

        await self._ledger.write(write, last=isinstance(batch[-1], events.AnswerFinished))

    def _begin_message(
        self, connection: Connection, run: RunRecord, content: Callable[[], list[ContentPart]]
    ) -> list[WireEvent]:
        """Start a message, and complete the previous part."""
        ended = runs.write_parts(connection, self._progress.close_parts(connection))
        message = answer(new_id(MESSAGES.prefix), run.document)
        details = {"type": "message_creation", "message_creation": {"message_id": message["id"]}}
        step_id, begun = self._begin_step(connection, run, details)
        rows.insert(connection, MESSAGES, message, thread_id=run.thread_id, run_id=run.id)
        self._progress.draft = Draft(message["id"], step_id, content)
        return [*ended, *begun, *lifecycle.begun_events("thread.message", message)]

    def _begin_calls(self, connection: Connection, run: RunRecord) -> list[WireEvent]:
        """Start tool calls, unless there is an open step for them."""
        ended = runs.write_parts(connection, self._progress.close_parts(connection))
        if self._progress.calls is not None:
            return ended
        step_id, begun = self._begin_step(connection, run, _no_calls())
        self._progress.calls = Calls(step_id)
        return [*ended, *begun]

    def _finish(
        self,
        connection: Connection,
        run: RunRecord,
        finished: events.AnswerFinished,
        price: Price | None,
        shutdown: ShutdownDate | None,
    ) -> list[WireEvent]:
        """Finish the answer. The run then ends or waits for the outputs of its function calls."""
        is_first = not run.private["items"]
        run = with_usage(lifecycle.with_items(run, finished.items), finished.usage)
        run = lifecycle.with_summaries(run, reasoning_summaries(finished.items))
        date = shutdown.known if shutdown else None
        run = with_round(run, self._round(finished.served, price, finished.items, date))
        begun: list[WireEvent] = []
        warnings = _metadata([*finished.warnings, *(shutdown.warnings() if shutdown and is_first else [])])
        if warnings and not self._progress.step_ids:
            # An answer without output still needs a step for its usage and warnings.
            step_id, begun = self._begin_step(connection, run, _no_calls())
            self._progress.calls = Calls(step_id)
        parts = self._progress.open_parts(connection, finished.usage, warnings)
        functions = self._progress.calls.functions() if self._progress.calls else []
        if functions and finished.reason is None:
            asked = [
                {**call, "function": {**call["function"], "problem": finished.problems[call["id"]]}}
                for call in functions
            ]
            change = lifecycle.wait(run, parts, asked)
        else:
            status = RunStatus.INCOMPLETE if finished.reason else RunStatus.COMPLETED
            change = lifecycle.end(run, parts, status, reason=finished.reason)
        return [*begun, *runs.apply(connection, change)]

    async def end(
        self,
        status: RunStatus,
        *,
        error: RunError | None = None,
        reason: str | None = None,
        message: str | None = None,
        usage: Usage | None = None,
        served: Reported | None = None,
        price: Price | None = None,
    ) -> None:
        """End the run before the model's answer is complete.

        Args:
            status: The terminal status.
            error: The ``last_error`` for ``failed``.
            reason: Why the run is ``incomplete``.
            message: An explanation of the reason.
            usage: The usage of an answer that cannot be used, if known.
            served: What this answer reports about itself.
            price: The cost of this answer, or None if it is unknown.

        Raises:
            Stopped: The run no longer belongs to this runner.
        """

        def write(connection: Connection, run: RunRecord) -> list[StreamEvent]:
            run = with_usage(run, usage) if usage else run
            if served:
                run = with_round(run, self._round(served, price))
            elif self._progress.first is not None:
                # A request that is refused, or that does not arrive, has used nothing.
                run = with_cut_round(run)
            parts = self._progress.open_parts(connection, usage)
            ended = lifecycle.end(run, parts, status, error=error, reason=reason, message=message)
            return [*runs.apply(connection, ended)]

        await self._ledger.write(write, last=True)

    async def hand_over(self, put: Put | None, *, has_failed: bool = False) -> None:
        """Return the run to the queue without the data of this round. The next runner restarts the round.

        Args:
            put: Queues the run in the transaction, or None if waiting runs are found by a search.
            has_failed: Whether the store has failed.

        Raises:
            Stopped: The run no longer belongs to this runner.
        """

        def write(connection: Connection, run: RunRecord) -> list[StreamEvent]:
            runs.drop_round(connection, run)
            change = lifecycle.give_back(self._progress.with_cut_round(run), has_failed=has_failed)
            runs.apply(connection, change)
            if put is not None:
                put(connection, change.run.document)
            return []

        await self._ledger.write(write, last=True)

    def _round(
        self, served: Reported, price: Price | None, items: Sequence[Document] = (), date: str | None = None
    ) -> Round:
        calls = sum(item.get("type") in CALL_INPUTS for item in items)
        return Round(served, calls, self._progress.first, price, date)

    def _begin_step(self, connection: Connection, run: RunRecord, details: Document) -> tuple[str, list[WireEvent]]:
        begun = step(new_id(STEPS.prefix), run.document, details)
        rows.insert(connection, STEPS, begun, run_id=run.id)
        self._progress.step_ids.append(begun["id"])
        return begun["id"], lifecycle.begun_events("thread.run.step", begun)


def _no_calls() -> Document:
    return {"type": "tool_calls", "tool_calls": []}


def _metadata(warnings: Sequence[str]) -> dict[str, str]:
    return {
        f"warning_{number}": text[:_LONGEST_WARNING] for number, text in enumerate(warnings[:_MOST_WARNINGS], start=1)
    }
