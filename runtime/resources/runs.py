# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs (Assistants wire, sections 6 and 7)."""

from __future__ import annotations

from typing import Any

from falcon import Request, Response
from sqlalchemy import Connection

from .. import documents, lifecycle
from ..errors import ApiError
from ..ids import new_id
from ..schemas.messages import ModifyMetadata
from ..schemas.runs import CreateRun, CreateThreadAndRun, NoBody, SubmitToolOutputs
from ..store import rows
from ..store.idempotency import once
from ..store.tables import ASSISTANTS, RUNS, THREADS
from ..wire import list_object, read_body, read_include, read_page
from .active import active_run, current_run, locked_run
from .answers import answer_run, start_run
from .context import Context, Resource, ticket_of
from .threads import insert_messages, insert_thread


def _insert_run(
    context: Context,
    connection: Connection,
    id: str,
    thread: dict[str, Any],
    body: dict[str, Any],
) -> dict[str, Any]:
    assistant = rows.find(connection, ASSISTANTS, body["assistant_id"])
    active = active_run(context, connection, thread["id"])
    if active is not None:
        raise ApiError(400, f"Thread {thread['id']} already has an active run {active.id}.")
    insert_messages(connection, thread["id"], body.get("additional_messages") or [])
    run, private = documents.run(id, thread, assistant.document, assistant.private, body, context.settings.run_expiry)
    columns = {"thread_id": thread["id"], "status": "queued", "expires_at": run["expires_at"]}
    return rows.insert(connection, RUNS, run, private, **columns, **context.executor.lease())


class Runs(Resource):
    """``/threads/{thread_id}/runs``"""

    def on_get(self, req: Request, resp: Response, thread_id: str) -> None:
        """listRuns"""
        page = read_page(req)
        found, more = self._list(thread_id, page)
        overdue = [row for row in found if lifecycle.due(row, takes_queued=self._context.executor.takes_queued)]
        for row in overdue:
            current_run(self._context, thread_id, row.id)
        resp.media = list_object(*(self._list(thread_id, page) if overdue else (found, more)))

    def _list(self, thread_id: str, page: rows.Page) -> tuple[list, bool]:
        with self._store.read() as connection:
            rows.find(connection, THREADS, thread_id)
            return rows.list_page(connection, RUNS, page, thread_id=thread_id)

    def on_post(self, req: Request, resp: Response, thread_id: str) -> None:
        """createRun"""
        body, include = read_body(req, CreateRun), read_include(req)
        with self._store.write() as connection:
            thread = rows.find(connection, THREADS, thread_id, lock=True).document

            def create(id: str) -> dict[str, Any]:
                return _insert_run(self._context, connection, id, thread, body)

            run, fresh = once(connection, RUNS, ticket_of(req, body), create)
        opening = [("thread.run.created", run), lifecycle.run_event(run)]
        start_run(self._context, resp, run, opening if fresh else None, stream=body.get("stream"), include=include)


class ThreadRuns(Resource):
    """``/threads/runs``"""

    def on_post(self, req: Request, resp: Response) -> None:
        """createThreadAndRun"""
        body = read_body(req, CreateThreadAndRun)
        opening: list[lifecycle.Event] = []
        with self._store.write() as connection:

            def create(id: str) -> dict[str, Any]:
                thread = insert_thread(connection, new_id(THREADS.prefix), body.get("thread", {}))
                opening.append(("thread.created", thread))
                return _insert_run(self._context, connection, id, thread, body)

            run, fresh = once(connection, RUNS, ticket_of(req, body), create)
        opening += [("thread.run.created", run), lifecycle.run_event(run)]
        start_run(self._context, resp, run, opening if fresh else None, stream=body.get("stream"))


class Run(Resource):
    """``/threads/{thread_id}/runs/{run_id}``"""

    def on_get(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """getRun"""
        answer_run(resp, current_run(self._context, thread_id, run_id).document)

    def on_post(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """modifyRun"""
        body = read_body(req, ModifyMetadata)
        current_run(self._context, thread_id, run_id)
        with self._store.write() as connection:
            row = locked_run(connection, thread_id, run_id)
            answer_run(resp, rows.save(connection, RUNS, row, documents.with_metadata(row.document, body)))


class RunCancel(Resource):
    """``/threads/{thread_id}/runs/{run_id}/cancel``"""

    def on_post(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """cancelRun"""
        read_body(req, NoBody)
        current_run(self._context, thread_id, run_id)
        with self._store.write() as connection:
            lifecycle.cancel(connection, locked_run(connection, thread_id, run_id))
            answer_run(resp, rows.find(connection, RUNS, run_id).document)


class RunToolOutputs(Resource):
    """``/threads/{thread_id}/runs/{run_id}/submit_tool_outputs``"""

    def on_post(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """submitToolOutputs"""
        body = read_body(req, SubmitToolOutputs)
        current_run(self._context, thread_id, run_id)
        with self._store.write() as connection:
            row = locked_run(connection, thread_id, run_id)
            opening = lifecycle.submit(connection, row, body["tool_outputs"], self._context.executor.lease())
        start_run(self._context, resp, opening[-1][1], opening, stream=body.get("stream"))
