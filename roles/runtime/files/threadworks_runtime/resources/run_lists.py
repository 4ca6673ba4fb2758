# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of runs: of a thread, and of all threads.

The latter, and a run by its id alone, are additions of the runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from falcon.asgi import Request, Response
from sqlalchemy import Connection

from .. import lifecycle
from ..lifecycle import DETAILS
from ..records import MessageRecord, RunRecord
from ..store import rows
from ..store.all_runs import list_all_runs
from ..store.tables import RUNS
from ..usage.details import shown_details
from ..wire import WITH_DETAILS, WITH_MESSAGES, list_object, read_include, read_page, read_run_filter
from .active import current_run, settle_all
from .answers import answer_record
from .context import Context, Resource

_Found = tuple[list[RunRecord], bool]


async def listed(context: Context, find: Callable[[Connection], _Found], include: frozenset[str]) -> dict[str, Any]:
    """Return a list of runs in their current state.

    Args:
        context: The parts of the application.
        find: Reads the page in a transaction.
        include: The optional data: the messages that each run has written, and its details.

    Returns:
        The list object.
    """
    takes_queued, messages = context.executor.takes_queued, WITH_MESSAGES in include

    def work(connection: Connection) -> tuple[_Found, list[MessageRecord]]:
        found = find(connection)
        return found, rows.of_runs(connection, [run.id for run in found[0]]) if messages else []

    (found, more), written = await context.store.read(work)
    overdue = [run for run in found if lifecycle.due(run, takes_queued=takes_queued)]
    if overdue:
        for run in overdue:
            await current_run(context, run.thread_id, run.id)
        (found, more), written = await context.store.read(work)
    shown: list[Mapping[str, Any]] = [record.document for record in found]
    if WITH_DETAILS in include:
        shown = [{**record.document, DETAILS: shown_details(record)} for record in found]
    if messages:
        of_run = {record.id: [each.document for each in written if each.run_id == record.id] for record in found}
        shown = [{**run, "messages": of_run[run["id"]]} for run in shown]
    return list_object(shown, more)


class RunOfAnyThreadResource(Resource):
    """Serves ``/runs/{run_id}``, an addition of the runtime."""

    async def on_get(self, req: Request, resp: Response, run_id: str) -> None:
        """Return a run by its id alone."""
        run = await self._store.get(lambda connection: rows.find(connection, RUNS, run_id))
        include = read_include(req, WITH_DETAILS)
        answer_record(resp, await current_run(self._context, run.thread_id, run_id), include)


class AllRunsResource(Resource):
    """Serves ``/runs``, an addition of the runtime."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the runs of all threads, newest first."""
        page, wanted = read_page(req), read_run_filter(req)
        include = read_include(req, WITH_MESSAGES, WITH_DETAILS)
        if wanted.statuses and page.after is None and page.before is None:
            # A run that has expired has a new status. One check for all pages is enough.
            await settle_all(self._context)
        resp.media = await listed(self._context, lambda connection: list_all_runs(connection, page, wanted), include)
