# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of runs as a stream of events for the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from falcon.asgi import Request, Response
from sqlalchemy import Connection, func, select

from ..errors import NotFound
from ..resources.active import look
from ..resources.answers import send_events
from ..resources.context import Resource
from ..resources.followers import Look
from ..sse import SIGN_OF_LIFE, encode_event
from ..status import ACTIVE_STATUSES
from ..store.tables import RUNS
from ..usage.details import shown_details
from ..wire_errors import invalid

_MOST = 100  # runs that a stream follows: one page of the list
_BETWEEN = 1.0  # seconds between two looks at the store


class LiveResource(Resource):
    """Serves ``/page/live?run=ID&run=ID``: the events ``run`` (a run has changed) and ``new`` (there are new runs)."""

    needs_beta = False

    async def on_get(self, req: Request, resp: Response) -> None:
        """Stream the changes until the browser disconnects."""
        ids = req.get_param_as_list("run") or []
        if len(ids) > _MOST:
            raise invalid("run", f"at most {_MOST} runs can be followed.")
        send_events(req, resp, self._events(ids))

    async def _events(self, ids: Sequence[str]) -> AsyncGenerator[bytes, None]:
        active, shown, newest = set(ids), dict[str, str](), await self._newest()
        while not self._context.executor.stopped:
            looks = await asyncio.gather(*map(self._look, active))
            frames = []
            for run_id, found in zip(list(active), looks, strict=True):
                if found is None or found.run.status not in ACTIVE_STATUSES:
                    active.discard(run_id)
                if found is not None and shown.get(run_id) != (state := _state(found)):
                    shown[run_id] = state
                    frames.append(encode_event("run", _shown(found)))
            if (last := await self._newest()) != newest:
                newest = last
                frames.append(encode_event("new", "{}"))
            yield b"".join(frames) or SIGN_OF_LIFE
            await asyncio.sleep(_BETWEEN)

    async def _look(self, run_id: str) -> Look | None:
        try:
            return await look(self._context, run_id)
        except NotFound:
            return None

    async def _newest(self) -> int:
        def read(connection: Connection) -> int:
            return connection.execute(select(func.max(RUNS.table.c.seq))).scalar_one() or 0

        return await self._store.read(read)


def _state(found: Look) -> str:
    """Return a text that is different whenever the page has to show something else."""
    return " ".join([found.run.status, *(name for name, _document in found.parts)])


def _shown(found: Look) -> dict[str, Any]:
    parts: dict[str, list[Any]] = {"thread.message": [], "thread.run.step": []}
    for _name, document in found.parts:
        parts[document["object"]].append(document)
    run = {**found.run.document, "details": shown_details(found.run)}
    return {"run": run, "messages": parts["thread.message"], "steps": parts["thread.run.step"]}
