# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fair sharing: the owners of queued runs take turns.

The priority of a job in procrastinate contains the priority of the run, and below it the number of the job's turn. The
first job of each owner that waits has the current turn, the second one the next turn, and so on. An owner with a single
run therefore waits for one run of each other owner, whatever they have queued. An owner that queues runs all the time
cannot stop the others either, because the turns advance. A run that has started before gets the current turn: it must
not wait again for the other runs of its owner.

Two transactions at the same time may give the same turn to two jobs of an owner. This is harmless.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, text

from ..objects import RunObject
from ..runner.placement import Placement

_OWNER = "runtime_owner"
# The priority of a job has 32 bits. If the queue was never empty for so many turns, its last jobs are in no turn.
_TURNS = 10_000_000
# Both conditions and the order are those of indexes.
_WAITING = "FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = :queue AND priority BETWEEN :last AND :first"
_CURRENT = f"SELECT priority {_WAITING} ORDER BY priority DESC LIMIT 1"
_LATEST = f"SELECT priority - 1 {_WAITING} AND args ->> 'owner' = :owner ORDER BY priority LIMIT 1"
_THIS_TURN = text(f"SELECT coalesce(({_CURRENT}), :first)")
_NEXT_TURN = text(f"SELECT greatest(:last, least(coalesce(({_CURRENT}), :first), coalesce(({_LATEST}), :first)))")
_INDEX = (
    "CREATE INDEX threadworks_jobs_by_owner ON procrastinate_jobs (queue_name, (args ->> 'owner'), priority) "
    "WHERE status = 'todo'"
)


def prepare_turns(connection: Connection) -> None:
    """Create the index that finds the jobs of an owner.

    Args:
        connection: The transaction that has created the tables of procrastinate.
    """
    connection.exec_driver_sql(_INDEX)


def owner_of(run: RunObject) -> str:
    """Return a fingerprint of the owner of a run: the owner in its metadata, or its assistant.

    Args:
        run: The run.
    """
    owner = run["metadata"].get(_OWNER) or run["assistant_id"]
    # The text may be long, and contain characters that a database does not support.
    return hashlib.blake2b(owner.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def in_turn(connection: Connection, run: RunObject, placed: Placement, owner: str) -> int:
    """Return the priority of a new job.

    Args:
        connection: The transaction that queues the job.
        run: The run.
        placed: Its queue and its priority.
        owner: Its owner.
    """
    first = placed.priority * _TURNS
    parameters: dict[str, Any] = {"queue": placed.queue, "first": first, "last": first - _TURNS + 1}
    if run["started_at"] is not None:
        return int(connection.execute(_THIS_TURN, parameters).scalar_one())
    return int(connection.execute(_NEXT_TURN, {**parameters, "owner": owner}).scalar_one())
