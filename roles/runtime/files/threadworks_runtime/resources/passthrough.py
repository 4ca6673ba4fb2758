# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, vector stores, uploads and models of the model server. Requests and answers are forwarded."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping

from falcon.asgi import Request, Response

from ..azure import with_file_name
from ..bodies import client_left
from ..model.errors import ModelError
from ..model.passthrough import Answer, Passed, PassedError
from ..wire_errors import ApiError
from .context import Resource
from .model_server import failed, passage_of, quoted, refused

_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")
_SENT = ("accept", "content-type", "content-length", "idempotency-key", "openai-beta")
_OF_BODY = ("content-type", "content-disposition")
_RETURNED = (
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "openai-poll-after-ms",
    "openai-processing-ms",
)
_OFF = "This runtime does not forward {} to its model server, because it was started with --no-passthrough."


class Passthrough(Resource):
    """A forwarded resource. It does not require the header ``OpenAI-Beta``."""

    needs_beta = False

    async def pass_on(self, req: Request, resp: Response, ids: dict[str, str]) -> None:
        """Forward a request to the model server, and its answer to the client.

        Args:
            req: The request.
            resp: The response.
            ids: The parameters of the path.

        Raises:
            ApiError: The request is not forwarded, or the model server cannot be reached or refuses it.
        """
        answer = await self.ask(req, resp, ids, self.body(req))
        resp.stream = until_left(req, answer.body)

    async def ask(self, req: Request, resp: Response, ids: dict[str, str], body: AsyncIterator[bytes] | None) -> Answer:
        """Forward a request to the model server, and the head of its answer to the client.

        Args:
            req: The request.
            resp: The response.
            ids: The parameters of the path.
            body: The body in pieces, or None.

        Returns:
            The answer, whose body must be read or closed.

        Raises:
            ApiError: The request is not forwarded, or the model server cannot be reached or refuses it.
        """
        self.check_enabled(req)
        path = _path(req, ids)
        client_is_owner = self._context.settings.executor == "local"
        headers = {name: value for name in _SENT if (value := req.get_header(name))}
        if body is not None and _kind(req) == "files" and "api-version" in req.params:
            body, longer = await with_file_name(body, req.content_type or "")
            if "content-length" in headers:
                headers["content-length"] = str(int(headers["content-length"]) + longer)
        passed = Passed(
            req.method,
            path,
            headers,
            body,
            hide=not (client_is_owner and path.partition("?")[0].endswith("/content")),
        )
        passage = passage_of(req, self._context)
        try:
            answer = await passage.pass_on(passed)
        except ModelError as error:
            raise failed(error, _kind(req)) from error
        except PassedError as error:
            _return_headers(resp, error.headers, _RETURNED)
            raise refused(error, f"{req.method} {req.path}", _kind(req), ids, own_key=client_is_owner) from error
        _return_headers(resp, answer.headers, (*_OF_BODY, *_RETURNED))
        # In a browser, a file must not have the rights of a page of the runtime.
        resp.set_headers(
            {"x-content-type-options": "nosniff", "content-security-policy": "sandbox", "cache-control": "no-store"}
        )
        resp.status = answer.status
        return answer

    def check_enabled(self, req: Request) -> None:
        """Check that requests are forwarded.

        Raises:
            ApiError: 404, it is disabled.
        """
        if not self._context.settings.passthrough:
            raise ApiError(404, _OFF.format(_kind(req).replace("_", " ")), code="not_passed_on")

    def body(self, req: Request) -> AsyncIterator[bytes] | None:
        """Return the body of a request in pieces, or None if there is none."""
        if not req.content_length and req.get_header("transfer-encoding") is None:
            return None
        multipart = (req.content_type or "").lower().startswith("multipart/")
        settings = self._context.settings
        limit = settings.max_upload if multipart else settings.max_body
        pieces: AsyncIterator[bytes] = req.context.bodies.pieces(req, limit)
        return pieces


class Read(Passthrough):
    """A resource that can be read."""

    async def on_get(self, req: Request, resp: Response, **ids: str) -> None:
        """Forward GET."""
        await self.pass_on(req, resp, ids)


class Act(Passthrough):
    """A resource that accepts POST."""

    async def on_post(self, req: Request, resp: Response, **ids: str) -> None:
        """Forward POST."""
        await self.pass_on(req, resp, ids)


class Delete(Passthrough):
    """A resource that can be deleted."""

    async def on_delete(self, req: Request, resp: Response, **ids: str) -> None:
        """Forward DELETE."""
        await self.pass_on(req, resp, ids)


class Collection(Read, Act):
    """A resource that can be listed and created."""


class Item(Read, Act, Delete):
    """A resource that can be read, modified and deleted."""


_STORE = "/vector_stores/{vector_store_id}"
ROUTES: dict[str, type[Passthrough]] = {
    "/uploads": Act,
    "/uploads/{upload_id}/parts": Act,
    "/uploads/{upload_id}/complete": Act,
    "/uploads/{upload_id}/cancel": Act,
    _STORE: Item,
    f"{_STORE}/search": Act,
    f"{_STORE}/files": Collection,
    f"{_STORE}/files/{{file_id}}": Item,
    f"{_STORE}/files/{{file_id}}/content": Read,
    f"{_STORE}/file_batches": Act,
    f"{_STORE}/file_batches/{{batch_id}}": Read,
    f"{_STORE}/file_batches/{{batch_id}}/cancel": Act,
    f"{_STORE}/file_batches/{{batch_id}}/files": Read,
    "/models": Read,
    "/models/{model:path}": Read,
}
"""The paths below ``/v1`` that are only forwarded. Those in `hosted` have additions."""


def _path(req: Request, ids: dict[str, str]) -> str:
    """Return the path below ``/v1`` of the model server, quoted so that it cannot leave ``/v1``."""
    parts = {name: quoted(value, name, has_parts=name == "model") for name, value in ids.items()}
    path = _PARAMETER.sub(lambda found: parts[found[1]], str(req.uri_template).removeprefix("/v1"))
    # The version of Azure's API is for this runtime. The model server has its own.
    query = "&".join(each for each in req.query_string.split("&") if each and not each.startswith("api-version="))
    return f"{path}?{query}" if query else path


def _kind(req: Request) -> str:
    return req.path.removeprefix("/v1/").partition("/")[0]


def _return_headers(resp: Response, headers: Mapping[str, str], names: Iterable[str]) -> None:
    resp.set_headers({name: value for name in names if (value := headers.get(name))})


async def until_left(req: Request, pieces: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """Forward an answer until the client disconnects, even if the model server is silent."""
    left = asyncio.create_task(client_left(req), name="client")
    try:
        async with contextlib.aclosing(pieces):
            while (piece := await _next(pieces, left)) is not None:
                if piece:
                    yield piece
    finally:
        left.cancel()


async def _next(pieces: AsyncGenerator[bytes, None], left: asyncio.Task[None]) -> bytes | None:
    following = asyncio.ensure_future(anext(pieces, None))
    try:
        await asyncio.wait((left, following), return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not following.done():
            # The pieces can only be closed after that.
            following.cancel()
            await asyncio.wait((following,))
    return None if following.cancelled() else following.result()
