# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server: any server that offers ``POST /responses``."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from ..settings import ModelOptions
from .cleaning import clean
from .dialect import default_output_limit, speak, without_refused
from .errors import ModelError
from .events import Json
from .secrets import Secrets
from .transport import CONNECT_SECONDS, new_client
from .usage import tokens
from .wording import line, page

if TYPE_CHECKING:
    import openai

    from .failures import Failures

_OPENAI = "https://api.openai.com/v1"
# A server on one's own machine often wants no key, but the SDK does not go without.
NO_KEY = "none"
_KEPT_SERVERS = 64
_DRAIN_SECONDS = 0.2
# Redirects that repeat the request. The others make a GET of it, which is no request for a response.
_MOVED = (307, 308)
_REDIRECTS = 3
# What tells a response from any other JSON object.
_RESPONSE = {"status", "output", "error"}
_COUNTED = ("input", "instructions", "model", "parallel_tool_calls", "reasoning", "text", "tool_choice", "tools")


class ModelServer:
    """A server that runs are executed on. Building it opens no connection; its runs share connections.

    Args:
        options: Where it is, and how it is asked.

    Raises:
        ModelError: Neither ``base_url`` nor ``api_key`` is given, or one of the options cannot be used.
    """

    def __init__(self, options: ModelOptions) -> None:
        if not options.base_url and not options.api_key:
            raise ModelError(
                "server_error",
                "No model server is configured: set api_key (OPENAI_API_KEY) for OpenAI, or base_url (OPENAI_BASE_URL)"
                " for another server.",
            )
        for name in ("api_key", "organization", "project"):
            value = getattr(options, name) or ""
            if not (value.isascii() and value.isprintable()):
                # It is sent in a header. Its value is not shown: it may be a key.
                raise ModelError("server_error", f"{name} has a character that cannot be sent to a model server.")
        url = _parse(options.base_url or _OPENAI)
        self._url = url
        self._host = str(url.hostname)
        self._place = url.netloc.rpartition("@")[2]
        self._options = options
        #: What must not be stored or shown.
        self.secrets = Secrets(options.api_key, *_credentials(url))
        self._sdk: openai.AsyncOpenAI | None = None
        self._can_count = True
        #: Tokens that an answer may have where the run sets no ``max_completion_tokens``.
        self.output_limit = default_output_limit(self._host)

    async def respond(self, body: Json) -> AsyncGenerator[Json, None]:
        """Ask for a response and yield its raw events as they come, without secrets.

        A server that answers plain JSON yields one event, as if it had streamed only the last.

        Args:
            body: The request, from `build_request`.

        Raises:
            ModelError: The request was refused or not answered in time, or the answer broke off.
        """
        failures = self._failures()
        import httpx2
        import openai

        try:
            stream = await self._open({**speak(body, host=self._host), "stream": True})
            meter: Any = stream.response.stream
            try:
                if "text/event-stream" in stream.response.headers.get("content-type", ""):
                    async for event in stream:
                        meter.next_event()
                        yield self._event(event, failures)
                else:
                    yield self._only_event(await stream.response.aread(), failures)
            except GeneratorExit:
                await _drain(stream)
                raise
            finally:
                await stream.close()
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, RecursionError) as error:
            raise failures.translate(error) from error

    async def count_tokens(self, body: Json) -> int | None:
        """The tokens of a request's prompt, or ``None`` where the server does not count.

        Args:
            body: The request, from `build_request`.

        Raises:
            ModelError: The server cannot be reached.
        """
        failures = self._failures()
        import openai

        if not self._can_count:
            return None
        counted = {name: body[name] for name in _COUNTED if name in body}
        try:
            answer: Any = await self._client().post("/responses/input_tokens", body=counted, cast_to=object)
        except (openai.APIStatusError, ValueError, RecursionError):
            # Not offered, or not for this request: if the request itself is bad, its own answer says so best.
            answer = None
        except openai.OpenAIError as error:
            raise failures.translate(error) from error
        count = tokens(answer.get("input_tokens")) if isinstance(answer, dict) else None
        self._can_count = count is not None
        return count

    async def close(self) -> None:
        """Close all connections."""
        if self._sdk is not None:
            await self._sdk.close()

    async def _open(self, body: Json) -> openai.AsyncStream[object]:
        """Send the request, without what this server turns out to refuse but the run can do without."""
        import openai

        path, redirects = "/responses", 0
        while True:
            try:
                # Untyped on purpose: small servers leave out fields that the SDK's types require.
                return await self._client().post(
                    path, body=body, cast_to=object, stream=True, stream_cls=openai.AsyncStream[object]
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                reduced = without_refused(body, param=error.param, message=error.message)
                if reduced is None:
                    raise
                body = reduced
            except openai.APIStatusError as error:
                target = urljoin(str(error.request.url), error.response.headers.get("location", ""))
                redirects += 1
                if error.status_code not in _MOVED or redirects > _REDIRECTS or not self._is_here(target):
                    raise
                path = target

    def _is_here(self, url: str) -> bool:
        """Whether a URL is one of this server, and not of another one at the same host."""
        try:
            return _origin(urlsplit(url)) == _origin(self._url)
        except ValueError:
            return False

    def _event(self, event: object, failures: Failures) -> Json:
        if not isinstance(event, dict):
            raise failures.unreadable("an event that is not a JSON object")
        cleaned: Json = clean(event, self.secrets)
        return cleaned

    def _only_event(self, raw: bytes, failures: Failures) -> Json:
        if not raw.strip():
            raise failures.unreadable("an empty answer")
        if title := page(raw.decode(errors="replace")):
            raise failures.unreadable(f"{self.secrets.hide(title)} instead of JSON")
        response = json.loads(raw.decode("utf-8-sig"))
        if not isinstance(response, dict) or not response.keys() & _RESPONSE:
            raise failures.unreadable("JSON that is not a response")
        cleaned: Json = clean(response, self.secrets)
        return {"type": "response.whole", "response": cleaned}

    def _client(self) -> openai.AsyncOpenAI:
        if self._sdk is None:
            self._sdk = self._new_client()
        return self._sdk

    def _new_client(self) -> openai.AsyncOpenAI:
        import httpx2
        import openai

        options = self._options
        try:
            http = new_client(host=self._host, tls=self._url.scheme == "https", timeout=options.timeout)
            return openai.AsyncOpenAI(
                base_url=self._url.geturl(),
                api_key=options.api_key or NO_KEY,
                organization=options.organization,
                project=options.project,
                max_retries=options.max_retries,
                http_client=http,
                timeout=http.timeout,
            )
        except (httpx2.InvalidURL, ValueError, OSError) as error:
            reason = line(self.secrets.hide(str(error)))
            raise ModelError(
                "server_error",
                f"No connection to the model server at {self._place} can be made: {reason}. Check base_url"
                " (OPENAI_BASE_URL), and the environment variables of proxies and certificates.",
            ) from error

    def _failures(self) -> Failures:
        from .failures import Failures

        return Failures(
            self._place,
            self._options.timeout,
            min(self._options.timeout, CONNECT_SECONDS),
            self._options.max_retries + 1,
            self.secrets,
            has_path=self._url.path not in ("", "/"),
        )


class ModelServers:
    """The model servers in use, each with its own connections. Keys are kept in memory, and only as long as here."""

    def __init__(self) -> None:
        self._servers: dict[ModelOptions, ModelServer] = {}

    def get(self, options: ModelOptions) -> ModelServer:
        """Return the server of these options, the same one each time.

        Args:
            options: Where it is, and how it is asked.

        Raises:
            ModelError: They name no server.
        """
        server = self._servers.pop(options, None) or self._make(options)
        self._servers[options] = server  # the one that was used last is last
        if len(self._servers) > _KEPT_SERVERS:
            # Runs that still use it keep it alive.
            self._servers.pop(next(iter(self._servers)))
        return server

    def _make(self, options: ModelOptions) -> ModelServer:
        return ModelServer(options)

    async def close(self) -> None:
        """Close all connections."""
        for server in self._servers.values():
            await server.close()


def _parse(base_url: str) -> SplitResult:
    try:
        url = urlsplit(base_url)
        usable = url.scheme in ("http", "https") and url.hostname and url.port != 0 and base_url.isprintable()
    except ValueError:  # the port is not a number, or the brackets of an IPv6 address do not match
        usable = False
    if usable and "?" not in base_url and "#" not in base_url:
        return url
    if usable:
        # It may be a key, and is not shown.
        raise ModelError("server_error", "base_url (OPENAI_BASE_URL) must end with its path, without ? or #.")
    raise ModelError("server_error", "base_url (OPENAI_BASE_URL) is not an http or https URL.")


def _credentials(url: SplitResult) -> list[str]:
    """The secrets in a URL, as they are written there and as they are meant."""
    written = [url.password or "", url.netloc.rpartition("@")[0]]
    return [*written, *map(unquote, written)]


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


async def _drain(stream: openai.AsyncStream[object]) -> None:
    """Read what follows the last event that was wanted: only a connection whose answer is read can be used again."""

    async def read() -> None:
        async for _event in stream:
            pass

    with contextlib.suppress(Exception):
        await asyncio.wait_for(read(), _DRAIN_SECONDS)
