# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads (Assistants wire, section 4)."""

from __future__ import annotations

from falcon.asgi import Request, Response
from sqlalchemy import Connection

from .. import documents
from ..errors import ThreadFull
from ..ids import new_id
from ..objects import Document, MessageObject, ThreadObject
from ..schemas.threads import CreateThread, ModifyThread
from ..store import rows
from ..store.idempotency import once
from ..store.tables import MESSAGES, THREADS
from ..wire import deleted, list_object, read_body, read_page
from . import vector_stores
from .active import active_run
from .context import Resource, mark_replayed, ticket_of

MESSAGES_PER_THREAD = 100_000
"""The maximum number of messages from clients in a thread (Assistants wire, section 4)."""


def insert_thread(connection: Connection, id: str, fields: Document) -> ThreadObject:
    """Write a new thread and its first messages.

    Args:
        connection: A writing transaction.
        id: The thread's id.
        fields: The validated body of createThread.

    Returns:
        The object.
    """
    document = rows.insert(connection, THREADS, documents.thread(id, fields))
    insert_messages(connection, id, fields.get("messages") or [])
    return document


def insert_messages(connection: Connection, thread_id: str, messages: list[Document]) -> None:
    """Write new messages of a client.

    Args:
        connection: A writing transaction.
        thread_id: Their thread.
        messages: Validated bodies of createMessage.
    """
    add_messages(
        connection,
        thread_id,
        [documents.message(new_id(MESSAGES.prefix), thread_id, fields) for fields in messages],
    )


def add_messages(connection: Connection, thread_id: str, messages: list[MessageObject]) -> None:
    """Write new messages of a client, if the thread does not exceed its limit.

    Args:
        connection: A writing transaction that has locked the thread.
        thread_id: Their thread.
        messages: The objects.

    Raises:
        ThreadFull: The thread would exceed its limit.
    """
    room = MESSAGES_PER_THREAD - len(messages)
    if messages and rows.has_more_than(connection, MESSAGES, room, thread_id=thread_id):
        raise ThreadFull(thread_id, MESSAGES_PER_THREAD)
    rows.insert_all(connection, MESSAGES, messages, thread_id=thread_id)


class ThreadsResource(Resource):
    """Serves ``/threads``."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """List threads, an addition of the runtime."""
        page = read_page(req)
        found, more = await self._store.read(lambda store: rows.list_page(store, THREADS, page))
        resp.media = list_object([record.document for record in found], more)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Serve `createThread`."""
        body = await read_body(req, CreateThread)
        claim = ticket_of(req, body)

        def work(connection: Connection) -> tuple[ThreadObject, bool]:
            return once(connection, THREADS, claim, lambda id: insert_thread(connection, id, body))

        needed = vector_stores.wanted(body, body.get("messages") or [])
        async with vector_stores.in_turn(self._context, claim, needed=needed):
            if needed and await vector_stores.would_be_new(self._store, work):
                await vector_stores.make_for_thread(self._context, req, body)
            resp.media, fresh = await self._store.write(work, is_brief=True)
        mark_replayed(resp, fresh=fresh)


class ThreadResource(Resource):
    """Serves ``/threads/{thread_id}``."""

    async def on_get(self, req: Request, resp: Response, thread_id: str) -> None:
        """Serve `getThread`."""
        row = await self._store.get(lambda connection: rows.find(connection, THREADS, thread_id))
        resp.media = row.document

    async def on_post(self, req: Request, resp: Response, thread_id: str) -> None:
        """Serve `modifyThread`."""
        body = await read_body(req, ModifyThread)

        def work(connection: Connection) -> ThreadObject:
            row = rows.find(connection, THREADS, thread_id, lock=True)
            return rows.save(connection, THREADS, row, documents.changed_thread(row.document, body))

        resp.media = await self._store.write(work)

    async def on_delete(self, req: Request, resp: Response, thread_id: str) -> None:
        """Serve `deleteThread`: with its messages, its runs and their steps."""

        def work(connection: Connection) -> list[str]:
            row = rows.find(connection, THREADS, thread_id, lock=True)
            active = active_run(self._context, connection, thread_id)
            rows.remove(connection, THREADS, row)
            return [active.id] if active is not None else []

        for run_id in await self._store.write(work):
            self._context.executor.notice(run_id)
        resp.media = deleted("thread", thread_id)
