# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, vector stores, uploads and models of a model server: requests that are forwarded unchanged."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin

from ..settings import ModelOptions
from .cleaning import clean
from .errors import ModelError, not_understood
from .secrets import Veil
from .server import NO_KEY, ModelServer
from .servers import ModelServers
from .transport import new_client
from .types import Json
from .wording import line, page, said

if TYPE_CHECKING:
    import httpx2

_REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)
_FIRST_ERROR = 400  # the lowest HTTP status of an error
_LARGEST_ERROR = 64 * 1024  # maximum number of bytes read from an error
_LARGEST_ANSWER = 1024 * 1024  # maximum number of bytes of an answer to a request of the runtime itself


@dataclass(frozen=True)
class Passed:
    """A forwarded request.

    Args:
        method: ``GET``, ``POST`` or ``DELETE``.
        path: The quoted path and query below ``/v1``.
        headers: The headers of the client that are forwarded.
        body: The body in pieces, or None.
        hide: Whether to remove the secrets of the model server from the answer. If False, the answer is forwarded
            unchanged. This is only allowed for clients that have sent the secrets themselves.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: AsyncIterable[bytes] | None = None
    hide: bool = True


@dataclass(frozen=True)
class Answer:
    """A forwarded answer.

    Args:
        status: The HTTP status.
        headers: All headers, by their names in lower case.
        body: The body in pieces. It must be closed.
    """

    status: int
    headers: Mapping[str, str]
    body: AsyncGenerator[bytes, None]


class PassedError(Exception):
    """The model server has refused a request.

    Args:
        status: The HTTP status.
        error: The error object of its body, without secrets, or empty.
        text: The error message.
        headers: All headers, by their names in lower case.
    """

    def __init__(self, status: int, error: dict[str, Any], text: str, headers: Mapping[str, str]) -> None:
        super().__init__(text)
        self.status, self.error, self.text, self.headers = status, error, text, headers


class Passage(ModelServer):
    """A model server for forwarded requests, with its own connections.

    Args:
        options: The address and the options of the server.
    """

    def __init__(self, options: ModelOptions) -> None:
        super().__init__(options)
        self._passing: httpx2.AsyncClient | None = None

    @property
    def fingerprint(self) -> str:
        """A fingerprint of the address for the store, without a password in the URL."""
        url = self._address.url
        return hashlib.sha256(f"{url.scheme}://{self._address.place}{url.path.rstrip('/')}".encode()).hexdigest()

    async def pass_on(self, request: Passed) -> Answer:
        """Send a request, and return the answer as soon as its head has been received.

        Args:
            request: The request.

        Returns:
            The answer.

        Raises:
            ModelError: The server cannot be reached, does not answer in time, or redirects to another server.
            PassedError: The server has refused the request.
        """
        failures = self._failures()
        import httpx2

        try:
            response = await self._follow(request)
            refusal = await self._refusal(response) if response.status_code >= _FIRST_ERROR else None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise failures.translate(error) from error
        if refusal is not None:
            raise refusal
        return Answer(response.status_code, self._headers(response), self._pieces(response, hide=request.hide))

    async def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """Send a request of the runtime itself.

        Args:
            method: ``GET``, ``POST`` or ``DELETE``.
            path: The quoted path and query below ``/v1``.
            body: The JSON body, or None.

        Returns:
            The JSON object of the answer.

        Raises:
            ModelError: The server cannot be reached, or its answer cannot be understood.
            PassedError: The server has refused the request.
        """
        headers = {"content-type": "application/json", "openai-beta": "assistants=v2"}
        content = b"" if body is None else json.dumps(body).encode()
        headers["content-length"] = str(len(content))
        raw = await self.read(await self.pass_on(Passed(method, path, headers, _once(content) if content else None)))
        try:
            found = clean(json.loads(raw), self.secrets)
        except (ValueError, RecursionError) as error:
            raise self._failures().translate(error) from error
        if not isinstance(found, dict):
            raise not_understood(f"{method} {path} returned JSON that is not an object")
        return found

    async def read(self, answer: Answer) -> bytes:
        """Read an answer that is not only forwarded.

        Args:
            answer: The answer.

        Returns:
            The whole body.

        Raises:
            ModelError: The answer is interrupted or too large.
        """
        import httpx2

        raw = b""
        try:
            async with contextlib.aclosing(answer.body):
                async for piece in answer.body:
                    raw += piece
                    if len(raw) > _LARGEST_ANSWER:
                        raise ValueError("an answer that is too large")
        except (httpx2.HTTPError, ValueError) as error:
            raise self._failures().translate(error) from error
        return raw

    async def close(self) -> None:
        """Close all connections."""
        await super().close()
        if self._passing is not None:
            await self._passing.aclose()

    async def _follow(self, request: Passed) -> httpx2.Response:
        """Send a request, and follow redirects within the same server if no body has to be repeated."""
        url = self._address.url.geturl().rstrip("/") + request.path
        for _redirect in range(_REDIRECTS + 1):
            response = await self._send(request, url)
            if response.status_code not in _MOVED:
                return response
            await response.aclose()
            target = urljoin(url, response.headers.get("location", ""))
            if request.method != "GET" or not self._address.is_same_server(target):
                break
            url = target
        shown = line(self.secrets.hide(target)) or "an unknown address"
        raise ModelError(
            "server_error",
            f"The model server at {self._address.place} redirects to {shown} ({response.status_code}). The redirect "
            "was not followed.",
        )

    async def _send(self, request: Passed, url: str) -> httpx2.Response:
        if self._passing is None:
            address = self._address
            self._passing = new_client(host=address.host, tls=address.is_tls, timeout=self._options.timeout)
            self._passing.event_hooks = {}  # these hooks are for responses, which have their own limits
        own = {
            "Authorization": f"Bearer {self._options.api_key or NO_KEY}",
            "OpenAI-Organization": self._options.organization,
            "OpenAI-Project": self._options.project,
        }
        headers = {**request.headers, **{name: value for name, value in own.items() if value}}
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        sent = self._passing.build_request(request.method, url, headers=encoded, content=request.body)
        response = await self._passing.send(sent, stream=True)
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            await response.aclose()
            raise ModelError("server_error", "The model server sent a compressed answer, which was not accepted.")
        return response

    async def _refusal(self, response: httpx2.Response) -> PassedError:
        raw = b""
        try:
            async for piece in response.aiter_raw():
                raw += piece
                if len(raw) > _LARGEST_ERROR:
                    break
        finally:
            await response.aclose()
        try:
            body = clean(json.loads(raw), self.secrets)
        except (ValueError, RecursionError):
            text = raw.decode(errors="replace")
            body = {"message": self.secrets.hide(page(text) or text)}
        details = body if isinstance(body, dict) else {}
        error = details.get("error", details)
        if not isinstance(error, dict):
            error = {"message": error}
        text = said(error.get("message") or error.get("detail"))
        return PassedError(response.status_code, error, text, self._headers(response))

    def _headers(self, response: httpx2.Response) -> dict[str, str]:
        """Return the headers without secrets. As in ASGI, each byte is one character."""
        pairs = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.raw)
        return {name: self.secrets.hide(value) for name, value in pairs}

    async def _pieces(self, response: httpx2.Response, *, hide: bool) -> AsyncGenerator[bytes, None]:
        # Decode each byte as one character. Any content stays unchanged, and the key is ASCII.
        veil = Veil(self.secrets)
        try:
            async for piece in response.aiter_raw():
                yield veil.feed(piece.decode("latin-1")).encode("latin-1") if hide else piece
            yield veil.rest().encode("latin-1")
        finally:
            await response.aclose()


async def _once(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content


class Passages(ModelServers):
    """The model servers in use for forwarded requests."""

    def get(self, options: ModelOptions) -> Passage:
        """Return the server for these options, always the same object.

        Args:
            options: The address and the options of the server.

        Returns:
            The server.

        Raises:
            ModelError: The options do not specify a server.
        """
        return cast("Passage", super().get(options))

    def _make(self, options: ModelOptions) -> Passage:
        return Passage(options)
