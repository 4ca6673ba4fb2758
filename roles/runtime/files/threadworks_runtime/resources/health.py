# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/healthz``: whether the runtime is ready (an addition to the API)."""

from __future__ import annotations

from falcon.asgi import Request, Response
from sqlalchemy import select

from ..store.tables import version
from .context import Resource


class HealthResource(Resource):
    """Serves ``/healthz``."""

    needs_beta = False

    async def on_get(self, req: Request, resp: Response) -> None:
        """Respond with 200 if the store works. Otherwise the response is 503, as for all requests."""
        statement = select(version.c.version)
        found = await self._store.read(lambda connection: connection.execute(statement).scalar_one())
        resp.media = {"status": "ok", "store_version": found}
