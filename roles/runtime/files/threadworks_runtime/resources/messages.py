# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages (Assistants wire, section 5)."""

from __future__ import annotations

from falcon.asgi import Request, Response
from sqlalchemy import Connection

from .. import documents
from ..errors import RunActive
from ..objects import MessageObject
from ..records import MessageRecord
from ..schemas.messages import CreateMessage, ModifyMetadata
from ..store import rows
from ..store.idempotency import once
from ..store.tables import MESSAGES, THREADS
from ..wire import deleted, list_object, read_body, read_page, read_parameter
from . import vector_stores
from .active import active_run
from .context import Resource, mark_replayed, ticket_of
from .threads import add_messages


class MessagesResource(Resource):
    """Serves ``/threads/{thread_id}/messages``."""

    async def on_get(self, req: Request, resp: Response, thread_id: str) -> None:
        """Serve `listMessages`."""
        page = read_page(req)
        of_run = {"run_id": read_parameter(req, "run_id")} if "run_id" in req.params else {}

        def work(connection: Connection) -> tuple[list[MessageRecord], bool]:
            rows.find(connection, THREADS, thread_id)
            return rows.list_page(connection, MESSAGES, page, thread_id=thread_id, **of_run)

        found, more = await self._store.read(work)
        resp.media = list_object([record.document for record in found], more)

    async def on_post(self, req: Request, resp: Response, thread_id: str) -> None:
        """Serve `createMessage`."""
        body = await read_body(req, CreateMessage)
        claim = ticket_of(req, body)

        def work(connection: Connection, vector_store: str | None) -> tuple[MessageObject, bool]:
            def create(id: str) -> MessageObject:
                run = active_run(self._context, connection, thread_id)
                if run is not None:
                    raise RunActive(thread_id, run.id, run.status, "message")
                message = documents.message(id, thread_id, body)
                add_messages(connection, thread_id, [message])
                if vector_store:
                    vector_stores.keep(connection, thread_id, vector_store)
                return message

            rows.find(connection, THREADS, thread_id, lock=True)
            return once(connection, MESSAGES, claim, create)

        async def act(vector_store: str | None) -> tuple[MessageObject, bool]:
            return await self._store.write(lambda connection: work(connection, vector_store), is_brief=True)

        async with vector_stores.in_turn(self._context, claim, needed=bool(vector_stores.searched([body]))):
            resp.media, fresh = await vector_stores.with_files(self._context, req, thread_id, [body], work, act)
        mark_replayed(resp, fresh=fresh)


class MessageResource(Resource):
    """Serves ``/threads/{thread_id}/messages/{message_id}``."""

    async def on_get(self, req: Request, resp: Response, thread_id: str, message_id: str) -> None:
        """Serve `getMessage`."""

        def work(connection: Connection) -> MessageObject:
            rows.find(connection, THREADS, thread_id)
            return rows.find(connection, MESSAGES, message_id, thread_id=thread_id).document

        resp.media = await self._store.get(work)

    async def on_post(self, req: Request, resp: Response, thread_id: str, message_id: str) -> None:
        """Serve `modifyMessage`."""
        body = await read_body(req, ModifyMetadata)

        def work(connection: Connection) -> MessageObject:
            row = self._locked(connection, thread_id, message_id)
            return rows.save(connection, MESSAGES, row, documents.with_metadata(row.document, body))

        resp.media = await self._store.write(work)

    async def on_delete(self, req: Request, resp: Response, thread_id: str, message_id: str) -> None:
        """Serve `deleteMessage`."""

        def work(connection: Connection) -> None:
            rows.remove(connection, MESSAGES, self._locked(connection, thread_id, message_id))

        await self._store.write(work)
        resp.media = deleted("thread.message", message_id)

    @staticmethod
    def _locked(connection: Connection, thread_id: str, message_id: str) -> MessageRecord:
        rows.find(connection, THREADS, thread_id, lock=True)
        return rows.find(connection, MESSAGES, message_id, lock=True, thread_id=thread_id)
