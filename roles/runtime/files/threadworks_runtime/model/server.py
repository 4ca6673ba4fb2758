# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server: any server that offers ``POST /responses``."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from ..settings import ModelOptions
from .dialect import default_output_limit, speak, without_refused
from .errors import ModelError, from_sdk, redact
from .events import Json
from .transport import new_client, tls_context

if TYPE_CHECKING:
    import httpx2
    import openai

_OPENAI = "https://api.openai.com/v1"
# A server on one's own machine often wants no key, but the SDK does not go without.
_NO_KEY = "none"
_KEPT_SERVERS = 64
_DRAIN_SECONDS = 0.2
_COUNTED = ("input", "instructions", "model", "parallel_tool_calls", "reasoning", "text", "tool_choice", "tools")


def preload() -> None:
    """Import the SDK and build the TLS context, so that the first run does not wait for it."""
    import openai  # noqa: F401

    tls_context()


class ModelServer:
    """A server that runs are executed on. Building it opens no connection; its runs share connections.

    :param options: where it is, and how it is asked.
    :raises ModelError: neither ``base_url`` nor ``api_key`` is given, or ``base_url`` is not a URL.
    """

    def __init__(self, options: ModelOptions) -> None:
        if not options.base_url and not options.api_key:
            raise ModelError(
                "server_error",
                "No model server is configured: set api_key (OPENAI_API_KEY) for OpenAI, or base_url (OPENAI_BASE_URL)"
                " for another server.",
            )
        url = _parse(options.base_url or _OPENAI)
        self._host = str(url.hostname)
        self._place = url.netloc.rpartition("@")[2]
        self._key = options.api_key
        self._timeout = options.timeout
        self._tls = url.scheme == "https"
        self._sdk: openai.AsyncOpenAI | None = None
        self._sdk_options: dict[str, Any] = {
            "base_url": url.geturl(),
            "api_key": options.api_key or _NO_KEY,
            "organization": options.organization,
            "project": options.project,
            "max_retries": options.max_retries,
        }
        self._can_count = True
        #: Tokens that an answer may have where the run sets no ``max_completion_tokens``.
        self.output_limit = default_output_limit(self._host)

    async def respond(self, body: Json) -> AsyncGenerator[Json, None]:
        """Ask for a response and yield its raw events as they come.

        A server that answers plain JSON yields one event, as if it had streamed only the last.

        :param body: the request, from :func:`~.request.build_request`.
        :raises ModelError: the request was refused or not answered in time, or the answer broke off.
        """
        import httpx2
        import openai

        try:
            stream = await self._open({**speak(body, host=self._host), "stream": True})
            try:
                if "text/event-stream" in stream.response.headers.get("content-type", ""):
                    async for event in stream:
                        if isinstance(event, dict):
                            yield _encodable(event)
                else:
                    yield _encodable(_only_event(json.loads(await stream.response.aread())))
            except GeneratorExit:
                await _drain(stream)
                raise
            finally:
                await stream.close()
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise self._translate(error) from error
        except ValueError as error:
            message = (
                f"The model server at {self._place} sent something that is not JSON: {redact(str(error), self._key)}"
            )
            raise ModelError("server_error", message) from error

    async def count_tokens(self, body: Json) -> int | None:
        """The tokens of a request's prompt, or ``None`` where the server does not count.

        :param body: the request, from :func:`~.request.build_request`.
        :raises ModelError: the server cannot be reached.
        """
        import openai

        if not self._can_count:
            return None
        counted = {name: body[name] for name in _COUNTED if name in body}
        try:
            answer: Any = await self._client().post("/responses/input_tokens", body=counted, cast_to=object)
        except openai.APIStatusError:
            # Not offered, or not for this request: if the request itself is bad, its own answer says so best.
            answer = None
        except openai.OpenAIError as error:
            raise self._translate(error) from error
        count = answer.get("input_tokens") if isinstance(answer, dict) else None
        self._can_count = isinstance(count, int)
        return count if self._can_count else None

    async def close(self) -> None:
        """Close all connections."""
        if self._sdk is not None:
            await self._sdk.close()

    async def _open(self, body: Json) -> openai.AsyncStream[object]:
        """Send the request, without what this server turns out to refuse but the run can do without."""
        import openai

        while True:
            try:
                # Untyped on purpose: small servers leave out fields that the SDK's types require.
                return await self._client().post(
                    "/responses", body=body, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                reduced = without_refused(body, param=error.param, message=error.message)
                if reduced is None:
                    raise
                body = reduced

    def _client(self) -> openai.AsyncOpenAI:
        if self._sdk is None:
            import openai

            http = new_client(host=self._host, tls=self._tls, timeout=self._timeout)
            self._sdk = openai.AsyncOpenAI(http_client=http, timeout=http.timeout, **self._sdk_options)
        return self._sdk

    def _translate(self, error: openai.OpenAIError | httpx2.HTTPError) -> ModelError:
        return from_sdk(error, place=self._place, timeout=self._timeout, key=self._key)


class ModelServers:
    """The model servers in use, each with its own connections. Keys are kept in memory, and only as long as here."""

    def __init__(self) -> None:
        self._servers: dict[ModelOptions, ModelServer] = {}

    def get(self, options: ModelOptions) -> ModelServer:
        """Return the server of these options, the same one each time.

        :param options: where it is, and how it is asked.
        :raises ModelError: they name no server.
        """
        server = self._servers.pop(options, None) or ModelServer(options)
        self._servers[options] = server  # the one that was used last is last
        if len(self._servers) > _KEPT_SERVERS:
            # Runs that still use it keep it alive.
            self._servers.pop(next(iter(self._servers)))
        return server

    async def close(self) -> None:
        """Close all connections."""
        for server in self._servers.values():
            await server.close()


def _parse(base_url: str) -> SplitResult:
    try:
        url = urlsplit(base_url)
        if url.scheme in ("http", "https") and url.hostname and url.port != 0:
            return url
    except ValueError:
        pass  # the port is not a number, or the brackets of an IPv6 address do not match
    raise ModelError("server_error", "base_url (OPENAI_BASE_URL) is not an http or https URL.")


async def _drain(stream: openai.AsyncStream[object]) -> None:
    """Read what follows the last event that was wanted: only a connection whose answer is read can be used again."""

    async def read() -> None:
        async for _event in stream:
            pass

    with contextlib.suppress(Exception):
        await asyncio.wait_for(read(), _DRAIN_SECONDS)


def _encodable(value: Any) -> Any:
    """A server's JSON without half surrogate pairs: they are no text, and what has one cannot be sent to anybody."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(name): _encodable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    return value


def _only_event(response: object) -> Json:
    if not isinstance(response, dict):
        raise ValueError("a response is an object")
    return {"type": f"response.{response.get('status', 'completed')}", "response": response}
