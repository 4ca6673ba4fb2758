# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages (Assistants wire, section 5)."""

from __future__ import annotations

from typing import Any

from falcon import Request, Response

from .. import documents
from ..errors import ApiError
from ..schemas.messages import CreateMessage, ModifyMetadata
from ..store import rows
from ..store.idempotency import once
from ..store.tables import MESSAGES, THREADS
from ..wire import deleted, list_object, read_body, read_page, read_parameter
from .active import active_run
from .context import Resource, ticket_of


class Messages(Resource):
    """``/threads/{thread_id}/messages``"""

    def on_get(self, req: Request, resp: Response, thread_id: str) -> None:
        """listMessages"""
        page = read_page(req, further={"run_id"})
        of_run = {"run_id": read_parameter(req, "run_id")} if "run_id" in req.params else {}
        with self._store.read() as connection:
            rows.find(connection, THREADS, thread_id)
            resp.media = list_object(*rows.list_page(connection, MESSAGES, page, thread_id=thread_id, **of_run))

    def on_post(self, req: Request, resp: Response, thread_id: str) -> None:
        """createMessage"""
        body = read_body(req, CreateMessage)
        with self._store.write() as connection:

            def create(id: str) -> dict[str, Any]:
                run = active_run(self._context, connection, thread_id)
                if run is not None:
                    raise ApiError(400, f"Can't add messages to {thread_id} while a run {run.id} is active.")
                message = documents.message(id, thread_id, body)
                return rows.insert(connection, MESSAGES, message, thread_id=thread_id)

            rows.find(connection, THREADS, thread_id, lock=True)
            resp.media, _fresh = once(connection, MESSAGES, ticket_of(req, body), create)


class Message(Resource):
    """``/threads/{thread_id}/messages/{message_id}``"""

    def on_get(self, req: Request, resp: Response, thread_id: str, message_id: str) -> None:
        """getMessage"""
        with self._store.read() as connection:
            rows.find(connection, THREADS, thread_id)
            resp.media = rows.find(connection, MESSAGES, message_id, thread_id=thread_id).document

    def on_post(self, req: Request, resp: Response, thread_id: str, message_id: str) -> None:
        """modifyMessage"""
        body = read_body(req, ModifyMetadata)
        with self._store.write() as connection:
            rows.find(connection, THREADS, thread_id, lock=True)
            row = rows.find(connection, MESSAGES, message_id, lock=True, thread_id=thread_id)
            resp.media = rows.save(connection, MESSAGES, row, documents.with_metadata(row.document, body))

    def on_delete(self, req: Request, resp: Response, thread_id: str, message_id: str) -> None:
        """deleteMessage"""
        with self._store.write() as connection:
            rows.find(connection, THREADS, thread_id, lock=True)
            rows.remove(
                connection, MESSAGES, rows.find(connection, MESSAGES, message_id, lock=True, thread_id=thread_id)
            )
        resp.media = deleted("thread.message", message_id)
