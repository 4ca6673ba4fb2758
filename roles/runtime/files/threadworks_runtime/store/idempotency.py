# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creation that happens exactly once, however often it is asked for (the runtime's addition to the wire)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Connection, delete, func, select

from ..errors import IdempotencyKeyReused, InvalidIdempotencyKey
from ..ids import new_id, now
from ..records import Record
from . import rows
from .tables import Kind, idempotency

R = TypeVar("R", bound=Record[Any, Any])
D = TypeVar("D", bound=Mapping[str, Any])
_KEPT = 24 * 3600  # seconds
_SWEPT = 100  # old keys that one request removes at most: it holds the lock meanwhile


class Ticket(NamedTuple):
    """A request's claim to be carried out once.

    Args:
        key: What the client calls it; ``None``: it makes no claim.
        fingerprint: What it asks for, so that one key is not used for two things; empty without a key.
    """

    key: str | None
    fingerprint: str


def ticket(key: str | None, path: str, body: dict[str, Any]) -> Ticket:
    """Read a request's claim.

    Args:
        key: The header's value.
        path: What the request is for.
        body: The validated body; whether the answer is streamed makes no other request of it.

    Returns:
        The claim.

    Raises:
        InvalidIdempotencyKey: The header's value cannot be a key.
    """
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise InvalidIdempotencyKey
    if key is None:
        return Ticket(None, "")
    asked = json.dumps([path, {name: value for name, value in body.items() if name != "stream"}], sort_keys=True)
    return Ticket(key, hashlib.sha256(asked.encode()).hexdigest())


def once(connection: Connection, kind: Kind[R], claim: Ticket, create: Callable[[str], D]) -> tuple[D, bool]:
    """Create an object, unless the same request has created it before.

    Args:
        connection: A writing transaction.
        kind: What is created.
        claim: The request's claim.
        create: Makes the object of the given id and writes it.

    Returns:
        The object as it is now, and whether it is new.

    Raises:
        IdempotencyKeyReused: The key was used for another request.
    """
    id = new_id(kind.prefix)
    if claim.key is None:
        return create(id), True
    if connection.dialect.name == "postgresql":  # SQLite's writers are alone as it is
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(claim.key))))
    oldest = now() - _KEPT
    same = idempotency.c.key == claim.key, idempotency.c.created_at >= oldest
    known = connection.execute(select(idempotency).where(*same)).first()
    made = rows.get(connection, kind, known.object_id) if known else None
    # Nobody has used the key, or what was created has been deleted since: then it is free.
    if known is None or made is None:
        values = {"key": claim.key, "fingerprint": claim.fingerprint, "object_id": id, "created_at": now()}
        connection.execute(delete(idempotency).where(idempotency.c.key == claim.key))
        connection.execute(idempotency.insert().values(values))
        _sweep(connection, oldest)
        return create(id), True
    if known.fingerprint != claim.fingerprint:
        raise IdempotencyKeyReused
    return cast(D, made.document), False


def _sweep(connection: Connection, oldest: int) -> None:
    old = select(idempotency.c.key).where(idempotency.c.created_at < oldest).order_by(idempotency.c.created_at)
    # What is locked is used again at this moment, or removed by another request.
    old = old.limit(_SWEPT).with_for_update(skip_locked=True)
    connection.execute(delete(idempotency).where(idempotency.c.key.in_(old)))
