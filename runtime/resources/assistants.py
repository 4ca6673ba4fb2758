# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assistants (Assistants wire, section 3)."""

from __future__ import annotations

from typing import Any

from falcon import Request, Response

from .. import documents
from ..schemas.assistants import CreateAssistant, ModifyAssistant
from ..store import rows
from ..store.idempotency import once
from ..store.tables import ASSISTANTS
from ..wire import deleted, list_object, read_body, read_page
from .context import Resource, ticket_of


class Assistants(Resource):
    """``/assistants``"""

    def on_get(self, req: Request, resp: Response) -> None:
        """listAssistants"""
        page = read_page(req)
        with self._store.read() as connection:
            resp.media = list_object(*rows.list_page(connection, ASSISTANTS, page))

    def on_post(self, req: Request, resp: Response) -> None:
        """createAssistant"""
        body = read_body(req, CreateAssistant)
        with self._store.write() as connection:

            def create(id: str) -> dict[str, Any]:
                return rows.insert(connection, ASSISTANTS, *documents.assistant(id, body))

            resp.media, _fresh = once(connection, ASSISTANTS, ticket_of(req, body), create)


class Assistant(Resource):
    """``/assistants/{assistant_id}``"""

    def on_get(self, req: Request, resp: Response, assistant_id: str) -> None:
        """getAssistant"""
        with self._store.read() as connection:
            resp.media = rows.find(connection, ASSISTANTS, assistant_id).document

    def on_post(self, req: Request, resp: Response, assistant_id: str) -> None:
        """modifyAssistant"""
        body = read_body(req, ModifyAssistant)
        with self._store.write() as connection:
            row = rows.find(connection, ASSISTANTS, assistant_id, lock=True)
            changed = documents.changed_assistant(row.document, row.private, body)
            resp.media = rows.save(connection, ASSISTANTS, row, *changed)

    def on_delete(self, req: Request, resp: Response, assistant_id: str) -> None:
        """deleteAssistant"""
        with self._store.write() as connection:
            rows.remove(connection, ASSISTANTS, rows.find(connection, ASSISTANTS, assistant_id, lock=True))
        resp.media = deleted("assistant", assistant_id)
