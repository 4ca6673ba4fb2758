# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads (Assistants wire, section 4)."""

from __future__ import annotations

from typing import Any

from falcon import Request, Response
from sqlalchemy import Connection

from .. import documents
from ..ids import new_id
from ..schemas.threads import CreateThread, ModifyThread
from ..store import rows
from ..store.idempotency import once
from ..store.tables import MESSAGES, THREADS
from ..wire import deleted, list_object, read_body, read_page
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

    def on_get(self, req: Request, resp: Response) -> None:
        """The list of threads, which is the runtime's addition to the wire."""
        page = read_page(req)
        with self._store.read() as connection:
            resp.media = list_object(*rows.list_page(connection, THREADS, page))

    def on_post(self, req: Request, resp: Response) -> None:
        """createThread"""
        body = read_body(req, CreateThread)
        with self._store.write() as connection:
            resp.media, _fresh = once(
                connection, THREADS, ticket_of(req, body), lambda id: insert_thread(connection, id, body)
            )


class Thread(Resource):
    """``/threads/{thread_id}``"""

    def on_get(self, req: Request, resp: Response, thread_id: str) -> None:
        """getThread"""
        with self._store.read() as connection:
            resp.media = rows.find(connection, THREADS, thread_id).document

    def on_post(self, req: Request, resp: Response, thread_id: str) -> None:
        """modifyThread"""
        body = read_body(req, ModifyThread)
        with self._store.write() as connection:
            row = rows.find(connection, THREADS, thread_id, lock=True)
            resp.media = rows.save(connection, THREADS, row, documents.changed_thread(row.document, body))

    def on_delete(self, req: Request, resp: Response, thread_id: str) -> None:
        """deleteThread: with its messages, its runs and their steps."""
        with self._store.write() as connection:
            rows.remove(connection, THREADS, rows.find(connection, THREADS, thread_id, lock=True))
        resp.media = deleted("thread", thread_id)
