# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run steps (Assistants wire, section 8)."""

from __future__ import annotations

from falcon import Request, Response

from ..documents import shown_step
from ..store import rows
from ..store.tables import STEPS
from ..wire import INCLUDE, list_object, read_include, read_page
from .active import current_run
from .context import Resource


class Steps(Resource):
    """``/threads/{thread_id}/runs/{run_id}/steps``"""

    def on_get(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """listRunSteps"""
        page, include = read_page(req, metadata=False, further={INCLUDE}), read_include(req)
        current_run(self._context, thread_id, run_id)
        with self._store.read() as connection:
            answer = list_object(*rows.list_page(connection, STEPS, page, run_id=run_id))
        for step in answer["data"]:
            shown_step(step, include=include)
        resp.media = answer


class Step(Resource):
    """``/threads/{thread_id}/runs/{run_id}/steps/{step_id}``"""

    def on_get(self, req: Request, resp: Response, thread_id: str, run_id: str, step_id: str) -> None:
        """getRunStep"""
        include = read_include(req)
        current_run(self._context, thread_id, run_id)
        with self._store.read() as connection:
            resp.media = shown_step(rows.find(connection, STEPS, step_id, run_id=run_id).document, include=include)
