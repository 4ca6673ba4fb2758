# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warn of models that will be shut down soon. The server is asked once a day, while a run is executed."""

from __future__ import annotations

import asyncio
import logging
from datetime import date, datetime, timezone

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ..model import ModelServer
from ..store import Store, model_dates
from ..store.encoding import searchable

_LOG = logging.getLogger("threadworks.runtime")
_SOON = 90  # days
# The event loop does not keep its tasks.
_asking: set[asyncio.Task[None]] = set()


class ShutdownDate:
    """The date on which the model of a run will be shut down.

    Args:
        store: The store.
        server: The model server.
        model: The model.

    Attributes:
        known: The date as YYYY-MM-DD, or None if it is unknown.
    """

    def __init__(self, store: Store, server: ModelServer, model: str) -> None:
        self.known: str | None = None
        self._store, self._server, self._model = store, server, model
        self._is_due = False

    def read(self, connection: Connection) -> None:
        """Read what the store knows. A server on this machine does not shut down its models.

        Args:
            connection: A transaction.
        """
        if self._server.public_place and searchable(self._model):
            self.known, self._is_due = model_dates.known(connection, self._server.public_place, self._model)

    def ask(self) -> None:
        """Ask the server in the background if it has not been asked for a day. The run does not wait for it."""
        if self._is_due:
            task = asyncio.create_task(self._ask(), name="shutdown date")
            _asking.add(task)
            task.add_done_callback(_asking.discard)

    async def _ask(self) -> None:
        place = self._server.public_place or ""
        try:
            if await self._store.write(lambda connection: model_dates.claim(connection, place, self._model)):
                self.known = await self._server.shutdown_date(self._model)
                await self._store.write(lambda connection: model_dates.note(connection, place, self._model, self.known))
        except (SQLAlchemyError, RuntimeError) as error:  # the store is not available, or has been closed
            _LOG.info("no shutdown date: %s", type(error).__name__)

    def warnings(self) -> list[str]:
        """Return a warning if the model will be shut down soon."""
        if self.known is None:
            return []
        days = (date.fromisoformat(self.known) - datetime.now(timezone.utc).date()).days
        if days > _SOON:
            return []
        when = f"in {days} days" if days > 1 else "soon" if days >= 0 else "according to its server"
        return [f"The model {self._model} is shut down on {self.known}, {when}. Choose another model."]
