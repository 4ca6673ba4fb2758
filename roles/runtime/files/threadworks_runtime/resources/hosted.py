# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Additions to the forwarded files and vector stores: creation exactly once, and the digests of files.

A model server does not report the digest of a file, and OpenAI does not return the content of files for assistants.
Therefore the runtime stores the SHA-256 of each file that passes through it. `GET /v1/file_digests/{sha256}` returns
the files with this content that still exist and that the key of the request can access.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
from collections.abc import AsyncGenerator
from typing import Any

from falcon.asgi import Request, Response
from sqlalchemy.exc import SQLAlchemyError

from ..errors import IdempotencyKeyReused
from ..file_part import FilePart
from ..model.errors import ModelError
from ..model.passthrough import PassedError
from ..store import digests
from ..store.idempotency import Ticket
from ..wire_errors import ApiError, invalid
from . import passthrough
from .context import mark_replayed, ticket_of
from .model_server import failed, is_id, passage_of, quoted, refused
from .passthrough import Collection, Delete, Passthrough, Read, until_left

_SHA256 = re.compile("[0-9a-f]{64}")
_GONE = (403, 404)


class _Calling(Passthrough):
    """A resource that also sends requests of its own to the model server."""

    async def find(self, req: Request, collection: str, id: str) -> dict[str, Any] | None:
        """Return an object of the model server, or None if it does not exist for the key of a request.

        Raises:
            ApiError: The model server cannot be reached, or refuses the request.
        """
        try:
            return await self.call(req, "GET", f"{collection}/{quoted(id, 'id')}")
        except ApiError as error:
            if error.status in _GONE:
                return None
            raise

    async def call(self, req: Request, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request to the model server, and return its answer.

        Raises:
            ApiError: The model server cannot be reached, or refuses the request.
        """
        _root, kind, *ids = path.split("/")
        try:
            return await passage_of(req, self._context).call(method, path, body)
        except ModelError as error:
            raise failed(error, kind) from error
        except PassedError as error:
            own_key = self._context.settings.executor == "local"
            raise refused(
                error, f"{method} /v1{path}", kind, dict(zip(ids, ids, strict=True)), own_key=own_key
            ) from error


class _Created(_Calling, Collection):
    """A list of the model server in which POST with an idempotency key creates one object within 24 hours."""

    async def on_post(self, req: Request, resp: Response, **ids: str) -> None:
        """Create an object once."""
        self.check_enabled(req)
        claim = await self._claim(req)
        if claim.key is None:
            await self._create(req, resp)
            return
        passage = passage_of(req, self._context)
        key = hashlib.sha256(f"{passage.fingerprint} {req.path} {claim.key}".encode()).hexdigest()
        async with self._context.locks.setdefault(key, asyncio.Lock()):
            known = await self._store.read(lambda store: digests.created(store, key))
            found = await self.find(req, req.path.removeprefix("/v1"), known[0]) if known else None
            if known and found:
                if known[1] != claim.fingerprint:
                    raise IdempotencyKeyReused
                await self._drop_body(req)
                resp.media = found
                mark_replayed(resp, fresh=False)
                return
            id = await self._create(req, resp)
            if id:
                await self._store.write(lambda store: digests.note_created(store, key, id, claim.fingerprint))

    async def _claim(self, req: Request) -> Ticket:
        """Return the idempotency ticket of a request."""
        raise NotImplementedError

    async def _create(self, req: Request, resp: Response) -> str | None:
        """Forward the request, and return the id of the new object."""
        raise NotImplementedError

    async def _drop_body(self, req: Request) -> None:
        """Read the rest of the body. Otherwise the client could not send it, and would not read the answer."""
        pieces = self.body(req)
        if pieces is not None:
            async for _piece in pieces:
                pass


class Files(_Created):
    """Serves ``/files``."""

    async def _claim(self, req: Request) -> Ticket:
        # The body is not kept. Clients derive the key from the content.
        return ticket_of(req, {})

    async def _create(self, req: Request, resp: Response) -> str | None:
        part, pieces = FilePart(req.content_type or ""), self.body(req)
        passage = passage_of(req, self._context)
        answer = await self.ask(req, resp, {}, part.read(pieces) if pieces is not None else None)
        try:
            resp.data = await passage.read(answer)
        except ModelError as error:
            raise failed(error, "files") from error
        id = _id_in(_object(resp.data))
        digest, server = part.digest, passage.fingerprint
        if id and digest:
            await self._store.write(lambda store: digests.note(store, server, id, digest))
        return id


class VectorStores(_Created):
    """Serves ``/vector_stores``."""

    async def _claim(self, req: Request) -> Ticket:
        if req.get_header("idempotency-key") is None:
            return ticket_of(req, {})
        req.context.fields = await req.context.bodies.read(req)
        if not isinstance(req.context.fields, dict):
            raise invalid("body", "a JSON object is expected.")
        return ticket_of(req, req.context.fields)

    async def _create(self, req: Request, resp: Response) -> str | None:
        fields: dict[str, Any] | None = getattr(req.context, "fields", None)
        if fields is None:
            await self.pass_on(req, resp, {})
            return None
        resp.media = await self.call(req, "POST", "/vector_stores", fields)
        return _id_in(resp.media)

    async def _drop_body(self, req: Request) -> None:
        """Do nothing: the body has been read."""


class File(Read, Delete):
    """Serves ``/files/{file_id}``."""

    async def on_delete(self, req: Request, resp: Response, **ids: str) -> None:
        """Forward DELETE, and forget the digest."""
        await super().on_delete(req, resp, **ids)
        server = passage_of(req, self._context).fingerprint
        await self._store.write(lambda store: digests.forget(store, server, ids["file_id"]))


class FileContent(Passthrough):
    """Serves ``/files/{file_id}/content``."""

    async def on_get(self, req: Request, resp: Response, **ids: str) -> None:
        """Forward GET, and store the digest of the content."""
        answer = await self.ask(req, resp, ids, None)
        server = passage_of(req, self._context).fingerprint
        resp.stream = until_left(req, self._hashed(answer.body, server, ids["file_id"]))

    async def _hashed(
        self, pieces: AsyncGenerator[bytes, None], server: str, file_id: str
    ) -> AsyncGenerator[bytes, None]:
        content = hashlib.sha256()
        async with contextlib.aclosing(pieces):
            async for piece in pieces:
                content.update(piece)
                yield piece
        # The client already has the content.
        with contextlib.suppress(SQLAlchemyError):
            await self._store.write(lambda store: digests.note(store, server, file_id, content.hexdigest()))


class FileDigest(_Calling):
    """Serves ``/file_digests/{sha256}``, an addition of the runtime."""

    async def on_get(self, req: Request, resp: Response, sha256: str) -> None:
        """Return the files with a content, newest first."""
        self.check_enabled(req)
        if not _SHA256.fullmatch(sha256):
            raise invalid("sha256", "64 hexadecimal digits in lower case are expected.")
        passage = passage_of(req, self._context)
        ids = await self._store.read(lambda store: digests.known(store, passage.fingerprint, sha256))
        found = await asyncio.gather(*(self.find(req, "/files", id) for id in ids))
        resp.media = {"id": sha256, "object": "file_digest", "files": [file for file in found if file]}


ROUTES: dict[str, type[Passthrough]] = {
    **passthrough.ROUTES,
    "/files": Files,
    "/files/{file_id}": File,
    "/files/{file_id}/content": FileContent,
    "/file_digests/{sha256}": FileDigest,
    "/vector_stores": VectorStores,
}
"""The paths below ``/v1`` that are forwarded, with the additions."""


def _object(raw: bytes) -> Any:
    """Return the JSON of an answer, or None if it is not JSON."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _id_in(answer: Any) -> str | None:
    """Return the id of an object, or None if it is not an object with a valid id."""
    id = answer.get("id") if isinstance(answer, dict) else None
    return id if isinstance(id, str) and is_id(id) else None
