# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages and steps of one round of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from ..lifecycle import Parts, close_message, close_step, with_calls
from ..objects import Usage
from ..records import MessageRecord, RunRecord, StepRecord
from ..status import RunStatus
from ..store import rows
from ..store.tables import MESSAGES, STEPS
from ..usage.runs import with_cut_round
from .draft import Calls, Draft


class Progress:
    """The open and the complete parts of a round."""

    def __init__(self) -> None:
        self.draft: Draft | None = None
        """The message in progress."""
        self.calls: Calls | None = None
        """The tool calls of the step in progress. They are written together."""
        self.step_ids: list[str] = []
        """The steps of the round. At the end of the round, the last one gets the usage and the warnings."""
        self.first: float | None = None
        """The seconds from the start of the round to the first part of the answer. None: there is no answer yet."""
        self.is_asked = False
        """Whether the model server may have received the request."""

    def saved(self) -> Callable[[], None]:
        """Save the state before a transaction.

        Returns:
            A function that restores the state if the transaction fails.
        """
        draft, calls, step_ids = self.draft, self.calls, [*self.step_ids]

        def restore() -> None:
            self.draft, self.calls, self.step_ids = draft, calls, step_ids

        return restore

    def with_cut_round(self, run: RunRecord) -> RunRecord:
        """Return a run whose round ends now, before it is known what its answer has used.

        Args:
            run: The run.

        Returns:
            The changed run. It is unchanged if the model server has not been asked.
        """
        return with_cut_round(run) if self.is_asked else run

    def open_parts(
        self, connection: Connection, usage: Usage | None = None, warnings: dict[str, str] | None = None
    ) -> Parts:
        """Read the open parts with their current content.

        Args:
            connection: A transaction.
            usage: The tokens of the round, if it has ended.
            warnings: The warnings for the metadata of its last step.

        Returns:
            The parts, without messages that a client has deleted.
        """
        steps = (*self._calls_step(connection), *self._draft_step(connection))
        if steps and usage:
            steps = (*steps[:-1], replace(steps[-1], private={"usage": usage}))
        if steps and warnings:
            last = steps[-1]
            steps = (*steps[:-1], replace(last, document={**last.document, "metadata": warnings}))
        return Parts(self._messages(connection), steps)

    def close_parts(self, connection: Connection) -> tuple[MessageRecord | StepRecord, ...]:
        """Complete the open message or tool calls before the next part.

        Args:
            connection: A transaction.

        Returns:
            The parts to write.
        """
        closed: list[MessageRecord | StepRecord] = [
            *(close_message(message, RunStatus.COMPLETED) for message in self._messages(connection)),
            *(close_step(step, RunStatus.COMPLETED) for step in self._draft_step(connection)),
        ]
        self.draft = None
        if self.calls is not None and not self.calls.functions():
            closed += [close_step(step, RunStatus.COMPLETED) for step in self._calls_step(connection)]
            self.calls = None
        return tuple(closed)

    def _messages(self, connection: Connection) -> tuple[MessageRecord, ...]:
        message = rows.get(connection, MESSAGES, self.draft.message_id) if self.draft else None
        if message is None or self.draft is None:
            return ()
        # A client may have changed the metadata in the meantime.
        return (replace(message, document={**message.document, "content": self.draft.content()}),)

    def _draft_step(self, connection: Connection) -> tuple[StepRecord, ...]:
        return () if self.draft is None else (rows.find(connection, STEPS, self.draft.step_id),)

    def _calls_step(self, connection: Connection) -> tuple[StepRecord, ...]:
        if self.calls is None:
            return ()
        return (with_calls(rows.find(connection, STEPS, self.calls.step_id), self.calls.all()),)
