# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Idempotent creation: repeated requests create one object (an addition of the runtime)."""

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
_SWEPT = 100  # maximum number of expired keys that a request removes, because it holds the lock


class Ticket(NamedTuple):
    """The idempotency ticket of a request.

    Args:
        key: The idempotency key, or None.
        fingerprint: The fingerprint of the request, so that a key is not used for different requests. Empty without a
            key.
    """

    key: str | None
    fingerprint: str


def ticket(key: str | None, path: str, body: dict[str, Any]) -> Ticket:
    """Read the idempotency ticket of a request.

    Args:
        key: The value of the header.
        path: The path of the request.
        body: The validated body. The field ``stream`` is not part of the fingerprint.

    Returns:
        The ticket.

    Raises:
        InvalidIdempotencyKey: The value of the header is not a valid key.
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
        kind: The kind of the object.
        claim: The ticket of the request.
        create: Creates and writes the object with the given id.

    Returns:
        The current object, and whether it is new.

    Raises:
        IdempotencyKeyReused: The key was used for another request.
    """
    id = new_id(kind.prefix)
    if claim.key is None:
        return create(id), True
    if connection.dialect.name == "postgresql":  # SQLite has only one writer at a time
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(claim.key))))
    oldest = oldest_kept()
    same = idempotency.c.key == claim.key, idempotency.c.created_at >= oldest
    known = connection.execute(select(idempotency).where(*same)).first()
    made = rows.get(connection, kind, known.object_id) if known else None
    # The key is unused, or the created object has been deleted. It can be used.
    if known is None or made is None:
        values = {"key": claim.key, "fingerprint": claim.fingerprint, "object_id": id, "created_at": now()}
        connection.execute(delete(idempotency).where(idempotency.c.key == claim.key))
        connection.execute(idempotency.insert().values(values))
        remove_expired(connection)
        return create(id), True
    if known.fingerprint != claim.fingerprint:
        raise IdempotencyKeyReused
    return cast(D, made.document), False


def oldest_kept() -> int:
    """Return the time since which keys are kept, as a Unix time in seconds."""
    return now() - _KEPT


def remove_expired(connection: Connection) -> int:
    """Remove some keys that have expired.

    Args:
        connection: A writing transaction.

    Returns:
        The number of removed keys.
    """
    oldest = oldest_kept()
    old = select(idempotency.c.key).where(idempotency.c.created_at < oldest).order_by(idempotency.c.created_at)
    # Skip locked keys, which are being used or removed by other requests.
    old = old.limit(_SWEPT).with_for_update(skip_locked=True)
    return connection.execute(delete(idempotency).where(idempotency.c.key.in_(old))).rowcount
