# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads (Assistants wire, section 4)."""

from __future__ import annotations

from typing import Any

from falcon.asgi import Request, Response
from sqlalchemy import Connection

from .. import documents
from ..ids import new_id
from ..schemas.threads import CreateThread, ModifyThread
from ..store import rows
from ..store.idempotency import once
from ..store.tables import MESSAGES, THREADS
from ..wire import deleted, list_object, read_body, read_page
from .active import active_run
from .context import Resource, ticket_of


def insert_thread(connection: Connection, id: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Write a new thread and its first messages.

    :param connection: a writing transaction.
    :param id: the thread's id.
    :param fields: the validated body of createThread.
    :return: the wire's object.
    """
    document = rows.insert(connection, THREADS, documents.thread(id, fields))
    insert_messages(connection, id, fields.get("messages") or [])
    return document


def insert_messages(connection: Connection, thread_id: str, messages: list[dict[str, Any]]) -> None:
    """Write new messages of a client.

    :param connection: a writing transaction.
    :param thread_id: their thread.
    :param messages: validated bodies of createMessage.
    """
    for fields in messages:
        message = documents.message(new_id(MESSAGES.prefix), thread_id, fields)
        rows.insert(connection, MESSAGES, message, thread_id=thread_id)


class Threads(Resource):
    """``/threads``"""

    async def on_get(self, req: Request, resp: Response) -> None:
        """The list of threads, which is the runtime's addition to the wire."""
        page = read_page(req)
        resp.media = list_object(*await self._store.read(lambda store: rows.list_page(store, THREADS, page)))

    async def on_post(self, req: Request, resp: Response) -> None:
        """createThread"""
        body = await read_body(req, CreateThread)
        claim = ticket_of(req, body)

        def work(connection: Connection) -> dict[str, Any]:
            thread, _fresh = once(connection, THREADS, claim, lambda id: insert_thread(connection, id, body))
            return thread

        resp.media = await self._store.write(work)


class Thread(Resource):
    """``/threads/{thread_id}``"""

    async def on_get(self, req: Request, resp: Response, thread_id: str) -> None:
        """getThread"""
        row = await self._store.read(lambda connection: rows.find(connection, THREADS, thread_id))
        resp.media = row.document

    async def on_post(self, req: Request, resp: Response, thread_id: str) -> None:
        """modifyThread"""
        body = await read_body(req, ModifyThread)

        def work(connection: Connection) -> dict[str, Any]:
            row = rows.find(connection, THREADS, thread_id, lock=True)
            return rows.save(connection, THREADS, row, documents.changed_thread(row.document, body))

        resp.media = await self._store.write(work)

    async def on_delete(self, req: Request, resp: Response, thread_id: str) -> None:
        """deleteThread: with its messages, its runs and their steps."""

        def work(connection: Connection) -> list[str]:
            row = rows.find(connection, THREADS, thread_id, lock=True)
            active = active_run(self._context, connection, thread_id)
            rows.remove(connection, THREADS, row)
            return [active.id] if active is not None else []

        for run_id in await self._store.write(work):
            self._context.executor.notice(run_id)
        resp.media = deleted("thread", thread_id)
