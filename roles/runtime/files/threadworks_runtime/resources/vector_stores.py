# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vector stores that requests create or extend on the model server (Assistants wire, sections 2 and 5).

An assistant or a thread can be created with ``vector_stores``, and a message can attach files for ``file_search``. The
runtime only stores the id of the vector store.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from falcon.asgi import Request
from sqlalchemy import Connection

from .. import documents
from ..model.errors import ModelError
from ..model.passthrough import Passage, PassedError
from ..objects import Document, ThreadObject
from ..store import Store, rows
from ..store.idempotency import Ticket
from ..store.tables import THREADS
from ..wire_errors import ApiError
from .context import Context
from .model_server import failed, is_id, passage_of, quoted, refused

_T = TypeVar("_T")
_PATH = "/vector_stores"
_EXPIRY: Document = {"anchor": "last_active_at", "days": 7}
"""The expiry of a thread's vector store, as in the original API."""
_WAIT = 60.0  # seconds for files to become searchable, as in the original API
_PAUSE = 0.25  # seconds between two queries


class _StoreChanged(Exception):  # a condition, not an error
    """Another request has added a vector store to the thread in the meantime."""


class _Undone(Exception):  # carries a result out of a transaction that is rolled back
    def __init__(self, fresh: bool) -> None:
        super().__init__()
        self.fresh = fresh


def wanted(fields: Document, messages: Iterable[Document] = ()) -> bool:
    """Return whether a request needs a vector store on the model server.

    Args:
        fields: The validated body of createAssistant or createThread.
        messages: Validated bodies of createMessage.

    Returns:
        Whether the request needs one.
    """
    return bool(_new_stores(fields) or searched(messages))


def searched(messages: Iterable[Document]) -> list[str]:
    """Return the files that messages attach for ``file_search``.

    Args:
        messages: Validated bodies of createMessage.

    Returns:
        Their ids.
    """
    attachments = [attachment for message in messages for attachment in message.get("attachments") or []]
    return list(dict.fromkeys(each["file_id"] for each in attachments if _is_for_search(each)))


@contextlib.asynccontextmanager
async def in_turn(context: Context, claim: Ticket, *, needed: bool) -> AsyncIterator[None]:
    """Process requests with the same idempotency key one after the other, so that only one creates a vector store.

    Args:
        context: The parts of the application.
        claim: The ticket of the request.
        needed: Whether the request may create a vector store. Otherwise it does not wait.
    """
    if not needed or claim.key is None:
        yield
        return
    async with context.locks.setdefault(claim.key, asyncio.Lock()):
        yield


async def would_be_new(store: Store, work: Callable[[Connection], tuple[object, bool]]) -> bool:
    """Try a transaction and roll it back, so that a refused or repeated request creates nothing on the model server.

    Args:
        store: The store.
        work: The transaction.

    Returns:
        Whether it creates something. If ``False``, an earlier request has created it.
    """

    def act(connection: Connection) -> None:
        raise _Undone(work(connection)[1])

    try:
        await store.write(act)
    except _Undone as undone:
        return undone.fresh
    raise AssertionError("unreachable")


async def make_for_assistant(context: Context, req: Request, fields: Document) -> None:
    """Create the vector store of a new assistant, and put its id into the fields.

    Args:
        context: The parts of the application.
        req: The request.
        fields: The validated body of createAssistant.

    Raises:
        ApiError: The model server does not create it.
    """
    for new in _new_stores(fields):
        maker = _Maker(context, req)
        fields["tool_resources"]["file_search"] = {"vector_store_ids": [await maker.create(new)]}


async def make_for_thread(context: Context, req: Request, fields: Document) -> None:
    """Create or extend the vector store of a new thread, and put its id into the fields.

    Args:
        context: The parts of the application.
        req: The request.
        fields: The validated body of createThread.

    Raises:
        ApiError: The model server does not create or extend it.
    """
    files = searched(fields.get("messages") or [])
    maker = _Maker(context, req)
    known = _store_ids(fields.get("tool_resources") or {})
    if known:
        await maker.extend(known[0], files)
        return
    new = next(iter(_new_stores(fields)), {})
    file_ids = list(dict.fromkeys([*new.get("file_ids", []), *files]))
    id = await maker.create({**new, "file_ids": file_ids, "expires_after": _EXPIRY})
    await maker.wait(id)
    fields["tool_resources"] = {
        **(fields.get("tool_resources") or {}),
        "file_search": {"vector_store_ids": [id]},
    }


async def with_files(
    context: Context,
    req: Request,
    thread_id: str,
    messages: list[Document],
    create_once: Callable[[Connection, str | None], tuple[object, bool]],
    act: Callable[[str | None], Awaitable[_T]],
) -> _T:
    """Add the files of messages to the vector store of a thread, and then the messages to the thread.

    Args:
        context: The parts of the application.
        req: The request.
        thread_id: The thread.
        messages: Validated bodies of createMessage.
        create_once: The transaction. Its argument is the id of the vector store for `keep`, or ``None``.
        act: Executes the transaction. It has the same argument.

    Returns:
        The result of `act`.

    Raises:
        ApiError: The model server does not create or extend the vector store.
    """
    if not searched(messages) or not await would_be_new(context.store, lambda each: create_once(each, None)):
        return await act(None)
    while True:
        id = await _make_for_messages(context, req, thread_id, messages)
        try:
            return await act(id)
        except _StoreChanged:
            continue


async def _make_for_messages(context: Context, req: Request, thread_id: str, messages: list[Document]) -> str:
    """Create or extend the vector store of a thread, and return its id."""
    thread = await context.store.get(lambda connection: rows.find(connection, THREADS, thread_id))
    files, maker = searched(messages), _Maker(context, req)
    known = _store_ids(thread.document["tool_resources"])
    if known:
        await maker.extend(known[0], files)
        return known[0]
    id = await maker.create({"file_ids": files, "expires_after": _EXPIRY})
    await maker.wait(id)
    return id


def keep(connection: Connection, thread_id: str, id: str) -> ThreadObject:
    """Store the id of a thread's vector store in the thread.

    Args:
        connection: A writing transaction that has locked the thread.
        thread_id: The thread.
        id: The vector store.

    Returns:
        The thread.

    Raises:
        _StoreChanged: The thread already has another one. `with_files` tries again.
    """
    record = rows.find(connection, THREADS, thread_id, lock=True)
    resources = record.document["tool_resources"]
    known = _store_ids(resources)
    if known == [id]:
        return record.document
    if known:
        raise _StoreChanged
    search = {**(resources.get("file_search") or {}), "vector_store_ids": [id]}
    changed = documents.changed_thread(record.document, {"tool_resources": {**resources, "file_search": search}})
    return rows.save(connection, THREADS, record, changed)


class _Maker:
    """Creates and extends vector stores on the model server of a request."""

    def __init__(self, context: Context, req: Request) -> None:
        self._own_key = context.settings.executor == "local"
        self._passage: Passage = passage_of(req, context)

    async def create(self, fields: Document) -> str:
        """Create a vector store."""
        made = await self._call("POST", _PATH, {name: value for name, value in fields.items() if value is not None})
        id = made.get("id")
        if not isinstance(id, str) or not is_id(id):
            message = "The model server's answer has no id of the vector store."
            raise ApiError(502, message, code="model_server_failed", type="server_error")
        return id

    async def extend(self, id: str, file_ids: list[str]) -> None:
        """Add files to a vector store."""
        for file_id in file_ids:
            await self._call("POST", f"{_path(id)}/files", {"file_id": file_id}, id)
        if file_ids:
            await self.wait(id)

    async def wait(self, id: str) -> None:
        """Wait until the files can be searched, so that a run that starts now finds them."""
        end = time.monotonic() + _WAIT
        while time.monotonic() < end:
            store = await self._call("GET", _path(id), None, id)
            counts = store.get("file_counts")
            if not (isinstance(counts, dict) and counts.get("in_progress")):
                return
            await asyncio.sleep(_PAUSE)

    async def _call(self, method: str, path: str, body: Document | None, *ids: str) -> Document:
        try:
            return await self._passage.call(method, path, body)
        except ModelError as error:
            raise failed(error, "vector_stores") from error
        except PassedError as error:
            named = {name: name for name in (*ids, *(body or {}).get("file_ids", []), (body or {}).get("file_id", ""))}
            answer = refused(error, f"{method} {path}", "vector_stores", named, own_key=self._own_key)
            if answer.status == 404:
                # The missing object is named in the body of the client's request. The requested path itself exists.
                answer.status = 400
            raise answer from error


def _path(id: str) -> str:
    return f"{_PATH}/{quoted(id, 'vector_store_id')}"


def _new_stores(fields: Document) -> list[Document]:
    search = (fields.get("tool_resources") or {}).get("file_search") or {}
    return search.get("vector_stores") or []


def _store_ids(resources: Document) -> list[str]:
    return (resources.get("file_search") or {}).get("vector_store_ids") or []


def _is_for_search(attachment: Document) -> bool:
    return any(tool["type"] == "file_search" for tool in attachment.get("tools") or [])
