# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all resources share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import falcon.asgi

from ..model.passthrough import Passages
from ..runner.pool import Pool
from ..settings import Settings
from ..store import Store
from ..store.idempotency import Ticket, ticket
from ..wire_errors import IDEMPOTENCY_KEY
from .followers import Followers

_REPLAYED = "Idempotent-Replayed"


@dataclass
class Context:
    """The parts of the application.

    Attributes:
        followers: Reads the runs of other processes.
        passages: The model servers for forwarded requests.
        locks: The locks of idempotency keys whose requests create something on the model server.

    Args:
        settings: The settings of the runtime.
        store: The store.
        executor: The pool that executes the runs.
        grace: The seconds that runs have to end when the application ends, or None for no limit.
        idle_timeout: The seconds without work after which a local runtime exits, as set by the latest request.
    """

    settings: Settings
    store: Store
    executor: Pool
    grace: float | None = 0.0
    idle_timeout: float = 60.0
    followers: Followers = field(init=False)
    passages: Passages = field(init=False)
    locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary, init=False)

    def __post_init__(self) -> None:
        self.followers = Followers(self.store)
        self.passages = Passages()


class Resource:
    """A resource of the API.

    Args:
        context: The parts of the application.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store


def ticket_of(req: falcon.asgi.Request, body: dict[str, Any]) -> Ticket:
    """Return the idempotency ticket of the request."""
    return ticket(req.get_header(IDEMPOTENCY_KEY), req.path, body)


def mark_replayed(resp: falcon.asgi.Response, *, fresh: bool) -> None:
    """Mark the answer if an earlier request has created the object (the runtime's addition to the wire)."""
    if not fresh:
        resp.set_header(_REPLAYED, "true")
