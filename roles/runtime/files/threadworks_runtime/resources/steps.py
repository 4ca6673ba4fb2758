# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run steps (Assistants wire, section 8)."""

from __future__ import annotations

from falcon.asgi import Request, Response

from ..documents import shown_step
from ..store import rows
from ..store.tables import STEPS
from ..wire import FILE_CONTENT, list_object, read_include, read_page
from .active import current_run
from .context import Resource


class StepsResource(Resource):
    """Serves ``/threads/{thread_id}/runs/{run_id}/steps``."""

    async def on_get(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """Serve `listRunSteps`."""
        page = read_page(req, metadata=False)
        include = FILE_CONTENT in read_include(req, FILE_CONTENT)
        await current_run(self._context, thread_id, run_id)
        found, more = await self._store.read(lambda store: rows.list_page(store, STEPS, page, run_id=run_id))
        resp.media = list_object([shown_step(step.document, include=include) for step in found], more)


class StepResource(Resource):
    """Serves ``/threads/{thread_id}/runs/{run_id}/steps/{step_id}``."""

    async def on_get(self, req: Request, resp: Response, thread_id: str, run_id: str, step_id: str) -> None:
        """Serve `getRunStep`."""
        include = FILE_CONTENT in read_include(req, FILE_CONTENT)
        await current_run(self._context, thread_id, run_id)
        row = await self._store.get(lambda store: rows.find(store, STEPS, step_id, run_id=run_id))
        resp.media = shown_step(row.document, include=include)
