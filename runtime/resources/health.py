# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/healthz``: whether the runtime can do its work (an addition to the wire)."""

from __future__ import annotations

from falcon import Request, Response
from sqlalchemy import select

from ..store.tables import version
from .context import Resource


class Health(Resource):
    """``/healthz``"""

    def on_get(self, req: Request, resp: Response) -> None:
        """200 if the store answers; a store that does not is answered with 503, as everywhere."""
        with self._store.read() as connection:
            resp.media = {"status": "ok", "store_version": connection.execute(select(version.c.version)).scalar_one()}
