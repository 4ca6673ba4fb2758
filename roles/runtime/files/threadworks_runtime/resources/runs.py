# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs (Assistants wire, sections 6 and 7)."""

from __future__ import annotations

from dataclasses import replace

from falcon.asgi import Request, Response
from sqlalchemy import Connection

from .. import documents, lifecycle
from ..errors import RunActive
from ..ids import new_id
from ..objects import Document, RunObject, RunTerms, ThreadObject
from ..records import RunRecord
from ..runner.placement import placement
from ..runner.slot import Slot
from ..schemas.json_schemas import check_schemas
from ..schemas.messages import ModifyMetadata
from ..schemas.runs import CreateRun, CreateThreadAndRun, NoBody, SubmitToolOutputs
from ..store import rows, runs
from ..store.budgets import check_budgets
from ..store.idempotency import once
from ..store.tables import ASSISTANTS, RUNS, THREADS
from ..wire import FILE_CONTENT, WITH_DETAILS, WITH_MESSAGES, read_body, read_include, read_page
from . import vector_stores
from .active import active_run, current_run
from .answers import Queued, answer_record, answer_run, queued, start_run
from .context import Context, Resource, ticket_of
from .options import read_run_options
from .run_lists import listed
from .threads import insert_messages, insert_thread
from .usage import details_with_budgets

_INCLUDED = (FILE_CONTENT, WITH_DETAILS)
"""The optional data of a run and its steps."""


def _insert_run(
    context: Context,
    connection: Connection,
    id: str,
    thread: ThreadObject,
    body: Document,
    terms: RunTerms,
) -> RunObject:
    assistant = rows.find(connection, ASSISTANTS, body["assistant_id"])
    active = active_run(context, connection, thread["id"])
    if active is not None:
        raise RunActive(thread["id"], active.id, active.status, "run")
    check_budgets(connection, terms.get("budgets", ()), id)
    insert_messages(connection, thread["id"], body.get("additional_messages") or [])
    placement(body.get("metadata") or {})
    run, private = documents.run(id, thread, assistant, body, context.settings.run_expiry)
    if terms:
        private = {**private, "terms": terms}
    columns = {"thread_id": thread["id"], "status": run["status"], "expires_at": run["expires_at"]}
    return rows.insert(connection, RUNS, run, private, **columns, **context.executor.lease())


class RunsResource(Resource):
    """Serves ``/threads/{thread_id}/runs``."""

    async def on_get(self, req: Request, resp: Response, thread_id: str) -> None:
        """Serve `listRuns`.

        With ``include[]=messages``, an addition of the runtime, each run includes the messages that it has written.
        With ``include[]=details``, another one, it includes its details.
        """
        page, include = read_page(req), read_include(req, WITH_MESSAGES, WITH_DETAILS)

        def find(connection: Connection) -> tuple[list[RunRecord], bool]:
            rows.find(connection, THREADS, thread_id)
            return rows.list_page(connection, RUNS, page, thread_id=thread_id)

        resp.media = await listed(self._context, find, include)

    async def on_post(self, req: Request, resp: Response, thread_id: str) -> None:
        """Serve `createRun`."""
        body = await read_body(req, CreateRun)
        await check_schemas(body)
        include, options = read_include(req, *_INCLUDED), read_run_options(req, self._context)
        ticket = ticket_of(req, body)

        def create_once(connection: Connection, vector_store: str | None) -> tuple[RunObject, bool]:
            found = rows.find(connection, THREADS, thread_id, lock=True).document

            def create(id: str) -> RunObject:
                thread = vector_stores.keep(connection, thread_id, vector_store) if vector_store else found
                return _insert_run(self._context, connection, id, thread, body, options.terms)

            return once(connection, RUNS, ticket, create)

        async def start(vector_store: str | None) -> None:
            def write(connection: Connection, slot: Slot) -> Queued:
                run, fresh = create_once(connection, vector_store)
                return queued(connection, slot, run, lifecycle.created_events(run) if fresh else None)

            stream = body.get("stream")
            await start_run(self._context, req, resp, write, options=options.model, stream=stream, include=include)

        messages = body.get("additional_messages") or []
        needed = bool(vector_stores.searched(messages))
        async with vector_stores.in_turn(self._context, ticket, needed=needed):
            await vector_stores.with_files(self._context, req, thread_id, messages, create_once, start)


class ThreadRunsResource(Resource):
    """Serves ``/threads/runs``."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Serve `createThreadAndRun`."""
        body = await read_body(req, CreateThreadAndRun)
        await check_schemas(body)
        include, options = read_include(req, *_INCLUDED), read_run_options(req, self._context)
        ticket = ticket_of(req, body)

        new = body.get("thread") or {}
        opening: list[lifecycle.WireEvent] = []

        def create_once(connection: Connection) -> tuple[RunObject, bool]:
            def create(id: str) -> RunObject:
                thread = insert_thread(connection, new_id(THREADS.prefix), new)
                opening[:] = [("thread.created", thread)]
                return _insert_run(self._context, connection, id, thread, body, options.terms)

            return once(connection, RUNS, ticket, create)

        def write(connection: Connection, slot: Slot) -> Queued:
            run, fresh = create_once(connection)
            return queued(connection, slot, run, [*opening, *lifecycle.created_events(run)] if fresh else None)

        needed = vector_stores.wanted(new, new.get("messages") or [])
        async with vector_stores.in_turn(self._context, ticket, needed=needed):
            if needed and await vector_stores.would_be_new(self._store, create_once):
                await vector_stores.make_for_thread(self._context, req, new)
            stream = body.get("stream")
            await start_run(self._context, req, resp, write, options=options.model, stream=stream, include=include)


class RunResource(Resource):
    """Serves ``/threads/{thread_id}/runs/{run_id}``."""

    async def on_get(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """Serve `getRun`."""
        include = read_include(req, WITH_DETAILS)
        run = await current_run(self._context, thread_id, run_id)
        details = await details_with_budgets(self._context, run) if WITH_DETAILS in include else None
        answer_run(resp, run.document, details)

    async def on_post(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """Serve `modifyRun`."""
        body, include = await read_body(req, ModifyMetadata), read_include(req, WITH_DETAILS)
        await current_run(self._context, thread_id, run_id)

        def work(connection: Connection) -> RunRecord:
            record = runs.lock_run(connection, thread_id, run_id)
            changed = documents.with_metadata(record.document, body)
            return replace(record, document=rows.save(connection, RUNS, record, changed))

        answer_record(resp, await self._store.write(work), include)


class RunCancelResource(Resource):
    """Serves ``/threads/{thread_id}/runs/{run_id}/cancel``."""

    async def on_post(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """Serve `cancelRun`."""
        await read_body(req, NoBody)
        include = read_include(req, WITH_DETAILS)
        await current_run(self._context, thread_id, run_id)

        def work(connection: Connection) -> RunRecord:
            run = runs.lock_run(connection, thread_id, run_id)
            change = lifecycle.cancel(run, runs.open_parts(connection, run_id))
            runs.apply(connection, change)
            return change.run

        answer_record(resp, await self._store.write(work), include)
        self._context.executor.notice(run_id)


class RunToolOutputsResource(Resource):
    """Serves ``/threads/{thread_id}/runs/{run_id}/submit_tool_outputs``."""

    async def on_post(self, req: Request, resp: Response, thread_id: str, run_id: str) -> None:
        """Serve `submitToolOutputs`."""
        body, options = await read_body(req, SubmitToolOutputs), read_run_options(req, self._context)
        include = read_include(req, *_INCLUDED)
        await current_run(self._context, thread_id, run_id)
        lease = self._context.executor.lease()

        def write(connection: Connection, slot: Slot) -> Queued:
            run = runs.lock_run(connection, thread_id, run_id)
            change = lifecycle.submit(run, runs.open_parts(connection, run_id), body["tool_outputs"], lease)
            return queued(connection, slot, change.run.document, runs.apply(connection, change))

        stream = body.get("stream")
        await start_run(
            self._context, req, resp, write, run_id=run_id, options=options.model, stream=stream, include=include
        )
