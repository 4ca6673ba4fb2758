# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dates on which models will be shut down, as their servers report them."""

from __future__ import annotations

from sqlalchemy import Connection, select, text, update

from ..ids import now
from .tables import model_dates

_DAY = 86400  # seconds
# Both databases know this statement. SQLAlchemy's own would load the dialect that is not used.
_CLAIM = text(
    "INSERT INTO model_dates (server, model, asked_at) VALUES (:server, :model, :now) "
    "ON CONFLICT (server, model) DO UPDATE SET asked_at = excluded.asked_at "
    "WHERE model_dates.asked_at <= :yesterday"
)


def known(connection: Connection, server: str, model: str) -> tuple[str | None, bool]:
    """Return what is known about a model.

    Args:
        connection: A transaction.
        server: The host and port of the model server.
        model: The model.

    Returns:
        The date as YYYY-MM-DD, or None if it is unknown; and whether the server must be asked again.
    """
    mine = (model_dates.c.server == server) & (model_dates.c.model == model)
    row = connection.execute(select(model_dates).where(mine)).one_or_none()
    return (None, True) if row is None else (row.shutdown_date, row.asked_at <= now() - _DAY)


def claim(connection: Connection, server: str, model: str) -> bool:
    """Return whether the caller must ask the server. Of several callers, this is one of them, once a day.

    Args:
        connection: A writing transaction.
        server: The host and port of the model server.
        model: The model.
    """
    values = {"server": server, "model": model, "now": now(), "yesterday": now() - _DAY}
    return connection.execute(_CLAIM, values).rowcount == 1


def note(connection: Connection, server: str, model: str, date: str | None) -> None:
    """Store the answer of a server.

    Args:
        connection: A writing transaction.
        server: The host and port of the model server.
        model: The model.
        date: The date, or None if the server does not report one.
    """
    mine = (model_dates.c.server == server) & (model_dates.c.model == model)
    connection.execute(update(model_dates).where(mine).values(shutdown_date=date))
