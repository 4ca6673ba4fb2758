# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queue a run as a job of procrastinate, in the transaction that queues the run."""

from __future__ import annotations

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from ..errors import InvalidQueue
from ..objects import RunObject
from ..runner.placement import Placement, placement
from .fairness import in_turn, owner_of

TASK = "threadworks:run"
"""The name of the task. Workers of other versions execute it too."""

# Only its public functions are used, with the connection of the caller. It opens no connection of its own.
_APP = App(connector=SyncPsycopgConnector())


def put(connection: Connection, run: RunObject) -> None:
    """Queue a run for the workers.

    Args:
        connection: The transaction that queues the run. Workers see the job when it is committed.
        run: The run.

    Raises:
        OperationalError: The store failed.
    """
    driver = connection.connection.driver_connection
    try:
        placed = placement(run["metadata"])
    except InvalidQueue:  # the metadata was changed after the creation
        placed = Placement()
    owner = owner_of(run)
    priority = in_turn(connection, run, placed, owner)
    try:
        task = _APP.configure_task(TASK, queue=placed.queue, priority=priority, connection=driver)
        task.defer(run_id=run["id"], owner=owner)
    except ConnectorException as error:
        raise OperationalError(TASK, None, error.__cause__ or error) from error
