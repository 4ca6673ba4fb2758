# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all resources share."""

from __future__ import annotations

from dataclasses import dataclass

import falcon.asgi

from ..runner.pool import Pool
from ..settings import Settings
from ..store import Store
from ..store.idempotency import HEADER, Ticket, ticket


@dataclass
class Context:
    """The application's parts.

    :param settings: what the runtime was told.
    :param store: where everything is kept.
    :param executor: what executes the runs.
    :param grace: seconds that runs have left when the application ends; ``None``: as long as they take.
    :param idle_timeout: seconds without work after which a local runtime ends; the latest request that names it counts.
    """

    settings: Settings
    store: Store
    executor: Pool
    grace: float | None = 0.0
    idle_timeout: float = 60.0


class Resource:
    """A resource of the wire.

    :param context: the application's parts.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store


def ticket_of(req: falcon.asgi.Request, body: dict) -> Ticket:
    """The request's claim to be carried out once."""
    return ticket(req.get_header(HEADER), req.path, body)
