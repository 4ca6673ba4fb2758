# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all resources share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
    """The application's parts.

    Attributes:
        followers: Look at the runs whose events go elsewhere.
        passages: The ways to model servers for what is passed on to them.

    Args:
        settings: What the runtime was told.
        store: Where everything is kept.
        executor: What executes the runs.
        grace: Seconds that runs have left when the application ends; ``None``: as long as they take.
        idle_timeout: Seconds without work after which a local runtime ends; the latest request that names it counts.
    """

    settings: Settings
    store: Store
    executor: Pool
    grace: float | None = 0.0
    idle_timeout: float = 60.0
    followers: Followers = field(init=False)
    passages: Passages = field(init=False)

    def __post_init__(self) -> None:
        self.followers = Followers(self.store)
        self.passages = Passages()


class Resource:
    """A resource of the wire.

    Args:
        context: The application's parts.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store


def ticket_of(req: falcon.asgi.Request, body: dict[str, Any]) -> Ticket:
    """The request's claim to be carried out once."""
    return ticket(req.get_header(IDEMPOTENCY_KEY), req.path, body)


def mark_replayed(resp: falcon.asgi.Response, *, fresh: bool) -> None:
    """Mark the answer if an earlier request has created the object (the runtime's addition to the wire)."""
    if not fresh:
        resp.set_header(_REPLAYED, "true")
