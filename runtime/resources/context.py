# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every resource works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import falcon

from ..settings import Settings
from ..store import Store
from ..store.idempotency import HEADER, Ticket, ticket

if TYPE_CHECKING:
    from ..runner.executor import Executor


@dataclass(frozen=True)
class Context:
    """The application's parts.

    :param settings: what the runtime was told.
    :param store: where everything is kept.
    :param executor: what executes the runs.
    """

    settings: Settings
    store: Store
    executor: Executor


class Resource:
    """A resource of the wire.

    :param context: the application's parts.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store


def ticket_of(req: falcon.Request, body: dict) -> Ticket:
    """The request's claim to be carried out once."""
    return ticket(req.get_header(HEADER), req.path, body)
