# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assistants (Assistants wire, section 3)."""

from __future__ import annotations

from falcon.asgi import Request, Response
from sqlalchemy import Connection

from .. import documents
from ..objects import AssistantObject
from ..schemas.assistants import CreateAssistant, ModifyAssistant
from ..schemas.json_schemas import check_schemas
from ..store import rows
from ..store.idempotency import once
from ..store.tables import ASSISTANTS
from ..wire import deleted, list_object, read_body, read_page, read_parameter
from . import vector_stores
from .context import Resource, mark_replayed, ticket_of


class AssistantsResource(Resource):
    """Serves ``/assistants``."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Serve `listAssistants`. The filter ``name`` is an addition of the runtime."""
        page = read_page(req)
        named = {"name": read_parameter(req, "name")} if "name" in req.params else {}
        found, more = await self._store.read(lambda store: rows.list_page(store, ASSISTANTS, page, **named))
        resp.media = list_object([record.document for record in found], more)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Serve `createAssistant`."""
        body = await read_body(req, CreateAssistant)
        await check_schemas(body)
        claim = ticket_of(req, body)

        def work(connection: Connection) -> tuple[AssistantObject, bool]:
            def create(id: str) -> AssistantObject:
                return rows.insert(connection, ASSISTANTS, *documents.assistant(id, body))

            return once(connection, ASSISTANTS, claim, create)

        needed = vector_stores.wanted(body)
        async with vector_stores.in_turn(self._context, claim, needed=needed):
            if needed and await vector_stores.would_be_new(self._store, work):
                await vector_stores.make_for_assistant(self._context, req, body)
            resp.media, fresh = await self._store.write(work)
        mark_replayed(resp, fresh=fresh)


class AssistantResource(Resource):
    """Serves ``/assistants/{assistant_id}``."""

    async def on_get(self, req: Request, resp: Response, assistant_id: str) -> None:
        """Serve `getAssistant`."""
        row = await self._store.get(lambda connection: rows.find(connection, ASSISTANTS, assistant_id))
        resp.media = row.document

    async def on_post(self, req: Request, resp: Response, assistant_id: str) -> None:
        """Serve `modifyAssistant`."""
        body = await read_body(req, ModifyAssistant)
        await check_schemas(body)

        def work(connection: Connection) -> AssistantObject:
            row = rows.find(connection, ASSISTANTS, assistant_id, lock=True)
            changed = documents.changed_assistant(row.document, row.private, body)
            return rows.save(connection, ASSISTANTS, row, *changed)

        resp.media = await self._store.write(work)

    async def on_delete(self, req: Request, resp: Response, assistant_id: str) -> None:
        """Serve `deleteAssistant`."""

        def work(connection: Connection) -> None:
            rows.remove(connection, ASSISTANTS, rows.find(connection, ASSISTANTS, assistant_id, lock=True))

        await self._store.write(work)
        resp.media = deleted("assistant", assistant_id)
