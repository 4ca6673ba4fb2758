# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge imported objects into the store: new ones are added, equal ones are unchanged, others are conflicts."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import Any

from sqlalchemy import Connection, func, select

from ..records import Record
from ..resources.threads import MESSAGES_PER_THREAD
from ..status import ACTIVE_STATUSES
from ..store import rows
from ..store.statements import changed_row
from ..store.tables import IS_ACTIVE, MESSAGES, RUNS, THREADS
from .objects import KINDS, Thing, columns_of, private_of
from .report import Problem
from .staging import Staging

_BATCH = 500
_OF_THREADS = ("thread.message", "thread.run", "thread.run.step")


class Policy(str, Enum):
    """What to do with an object that exists with another content."""

    FAIL = "fail"
    KEEP = "keep"
    REPLACE = "replace"


class Merge:
    """The assistants or one thread of an import.

    Attributes:
        counts: The numbers of objects, by kind and outcome.
        problems: The assistants that were left out.
        new: The new assistants and threads: kind and id.

    Args:
        connection: A writing transaction. For a dry run, a reading one.
        staging: The objects of the import.
        policy: What to do with conflicts.
        is_dry: Whether to write nothing.
    """

    def __init__(self, connection: Connection, staging: Staging, policy: Policy, *, is_dry: bool) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.problems: list[Problem] = []
        self.new: list[tuple[str, str]] = []
        self._connection, self._staging, self._policy, self._is_dry = connection, staging, policy, is_dry

    def assistants(self) -> None:
        """Merge all assistants. One that cannot be imported does not affect the others."""
        for batch in self._staging.things("assistant", None, _BATCH):
            known = rows.with_ids(self._connection, KINDS["assistant"], [thing.document["id"] for thing, _at in batch])
            new = []
            for thing, source in batch:
                record = known.get(thing.document["id"])
                if record is None:
                    new.append(thing)
                    continue
                try:
                    self._meet(thing, record, source)
                except Problem as problem:
                    self.problems.append(problem)
            self._insert("assistant", new)

    def thread(self, thread_id: str) -> None:
        """Merge a thread with everything in it.

        Args:
            thread_id: The thread.

        Raises:
            Problem: It cannot be imported. The caller must undo what has been written.
        """
        stored = rows.get(self._connection, THREADS, thread_id, lock=not self._is_dry)
        things = [each for batch in self._staging.things("thread", thread_id, 1) for each in batch]
        for thing, source in things:
            if stored:
                self._meet(thing, stored, source)
            else:
                self._insert("thread", [thing])
        if not things and not stored:
            raise Problem(
                "thread_missing",
                f"The thread '{thread_id}' of these objects is neither in the source nor in the store.",
                object="thread",
                id=thread_id,
                source=self._first_source(thread_id),
            )
        for kind in _OF_THREADS:
            self._parts(kind, thread_id, is_new=stored is None)
        if stored and self._has_changes():
            self._refuse_active(thread_id)

    def _parts(self, kind: str, thread_id: str, *, is_new: bool) -> None:
        matched = 0
        begun: Thing | None = None
        for batch in self._staging.things(kind, thread_id, _BATCH):
            known = rows.with_ids(self._connection, KINDS[kind], [thing.document["id"] for thing, _source in batch])
            if kind == "thread.run.step":
                self._check_runs(batch, thread_id)
            new = []
            for thing, source in batch:
                record = known.get(thing.document["id"])
                if record is None:
                    new.append(thing)
                    begun = begun or thing
                    continue
                matched += 1
                _check_thread(thing, record, source)
                if begun and self._policy is Policy.FAIL and kind == "thread.message":
                    raise _conflict(begun, source, f"it is before '{record.id}', which the store already has")
                self._meet(thing, record, source)
            self._insert(kind, new)
        if begun and kind == "thread.message" and not is_new:
            self._check_other_messages(begun, thread_id, matched)
        if kind == "thread.message" and self.counts[kind, "new"] + matched > MESSAGES_PER_THREAD:
            message = f"Thread {thread_id} cannot have more than {MESSAGES_PER_THREAD} messages."
            raise Problem("thread_full", message, object="thread", id=thread_id)

    def _meet(self, thing: Thing, record: Record[Any, Any], source: str) -> None:
        """Compare an object with the one in the store.

        Raises:
            Problem: They differ.
        """
        private = record.private if thing.private is None else private_of(thing)
        if (thing.document, private) == (record.document, record.private):
            self.counts[thing.kind, "unchanged"] += 1
        elif self._policy is Policy.REPLACE:
            self._replace(thing, record, private, source)
        elif self._policy is Policy.KEEP:
            self.counts[thing.kind, "kept"] += 1
        else:
            raise _conflict(thing, source, f"the store has it with other values of {_different(thing, record)}")

    def _replace(self, thing: Thing, record: Record[Any, Any], private: Any, source: str) -> None:
        if getattr(record, "status", None) in ACTIVE_STATUSES:
            raise _conflict(thing, source, "the store has this run, and it is active")
        self.counts[thing.kind, "replaced"] += 1
        if not self._is_dry:
            kind = KINDS[thing.kind]
            rows.save(self._connection, kind, record, thing.document, private)
            columns = columns_of(thing)
            if columns:
                self._connection.execute(changed_row(kind), {"its_seq": record.seq, **columns})

    def _insert(self, kind: str, things: list[Thing]) -> None:
        self.counts[kind, "new"] += len(things)
        if kind in ("assistant", "thread"):
            self.new += [(kind, thing.document["id"]) for thing in things]
        if not self._is_dry:
            new = [rows.New(thing.document, private_of(thing), columns_of(thing)) for thing in things]
            rows.insert_each(self._connection, KINDS[kind], new)

    def _check_runs(self, steps: list[tuple[Thing, str]], thread_id: str) -> None:
        """Check that the runs of steps are in the same thread.

        Raises:
            Problem: A run is missing.
        """
        wanted = {thing.document["run_id"]: (thing, source) for thing, source in steps}
        absent = [id for id in wanted if not self._staging.has("thread.run", id, thread_id)]
        known = rows.with_ids(self._connection, RUNS, absent)
        for id in absent:
            if id not in known or known[id].thread_id != thread_id:
                thing, source = wanted[id]
                message = f"The run '{id}' of this step is not in the thread '{thread_id}'."
                raise Problem("run_missing", message, **_identity(thing, source))

    def _check_other_messages(self, begun: Thing, thread_id: str, matched: int) -> None:
        """Check that new messages continue the thread in the store.

        Raises:
            Problem: The thread in the store has been continued in another way.
        """
        messages = MESSAGES.table
        statement = select(func.count()).where(messages.c.thread_id == thread_id)
        stored = self._connection.execute(statement).scalar_one() - (0 if self._is_dry else self._new_messages)
        if stored > matched and self._policy is Policy.FAIL:
            raise _conflict(
                begun, "", f"the thread in the store has {stored - matched} messages that the source does not have"
            )

    @property
    def _new_messages(self) -> int:
        return self.counts["thread.message", "new"]

    def _refuse_active(self, thread_id: str) -> None:
        statement = select(RUNS.table.c.id).where(RUNS.table.c.thread_id == thread_id, IS_ACTIVE)
        active = self._connection.execute(statement).scalar()
        if active:
            message = f"The thread '{thread_id}' has an active run '{active}' in the store. Wait until it has ended."
            raise Problem("run_active", message, object="thread", id=thread_id)

    def _has_changes(self) -> bool:
        return any(outcome in ("new", "replaced") and count for (_kind, outcome), count in self.counts.items())

    def _first_source(self, thread_id: str) -> str | None:
        for kind in _OF_THREADS:
            for batch in self._staging.things(kind, thread_id, 1):
                return batch[0][1]
        return None


def _check_thread(thing: Thing, record: Record[Any, Any], source: str) -> None:
    if thing.thread_id != record.document["thread_id"]:
        raise _conflict(thing, source, "the store has an object with this id in another thread")


def _conflict(thing: Thing, source: str, what: str) -> Problem:
    message = f"The {KINDS[thing.kind].noun} '{thing.document['id']}' cannot be imported: {what}."
    return Problem("conflict", message, **_identity(thing, source))


def _identity(thing: Thing, source: str) -> dict[str, str | None]:
    document = thing.document
    thread_id = None if thing.kind == "thread" else thing.thread_id
    return {"object": thing.kind, "id": document["id"], "thread_id": thread_id, "source": source or None}


def _different(thing: Thing, record: Record[Any, Any]) -> str:
    names = {*thing.document, *record.document}
    found = sorted(name for name in names if thing.document.get(name, record) != record.document.get(name, record))
    return ", ".join(found) or "what the API does not show"
