# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server: any server that offers ``POST /responses``.

The SDK sends the requests: it knows authentication, retries and errors. The events of an answer are read here.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

from ..settings import ModelOptions
from .address import read_address
from .dialect import speak, without_refused
from .errors import ModelError, is_permanent
from .limiter import Limiter, Outlasted, Turn, Waiting
from .secrets import Secrets
from .transport import CONNECT_SECONDS, CONNECTED, RATE_LIMITED, is_loopback, new_client
from .truncation import estimate
from .types import Json, ResponseRequest
from .usage import read_usage, tokens
from .wording import line

if TYPE_CHECKING:
    import httpx2
    import openai

    from .failures import Failures

# Local servers often need no key, but the SDK requires one.
NO_KEY = "none"
# Redirects that repeat the request. Others change it to GET, which cannot request a response.
_MOVED = (307, 308)
_REDIRECTS = 3
_BACKGROUND_SECONDS = 10.0
_COUNTED = ("input", "instructions", "model", "parallel_tool_calls", "reasoning", "text", "tool_choice", "tools")


class ModelServer:
    """A server that executes runs. Creating it opens no connection. Its runs share connections.

    Args:
        options: The address and the options of the server.
        limiter: The queue of the requests, shared by all runs that use this server with the same key.

    Attributes:
        secrets: The values that must not be stored or shown.

    Raises:
        ModelError: Neither ``base_url`` nor ``api_key`` is given, or one of the options cannot be used.
    """

    def __init__(self, options: ModelOptions, limiter: Limiter | None = None) -> None:
        _check_options(options)
        self._address = read_address(options.base_url)
        self._options = options
        self._limiter = limiter or Limiter()
        self._sdk: openai.AsyncOpenAI | None = None
        self._can_count = True
        self.secrets = Secrets(options.api_key, *self._address.credentials)

    async def respond(
        self,
        body: ResponseRequest,
        waiting: Waiting | None = None,
    ) -> AsyncGenerator[list[Json], None]:
        """Request a response in the order of the limiter.

        Args:
            body: The request, from `build_request`.
            waiting: How the run waits for its turn.

        Yields:
            The raw events that were received together. A plain JSON answer is a single event.

        Raises:
            ModelError: The request was refused or not answered in time, or the answer was interrupted.
        """
        failures = self._failures()
        import httpx2
        import openai

        from .raw_events import read_events

        try:
            with self._limiter.turn(self._options, functools.partial(estimate, body), waiting) as turn:
                response = await self._admitted(turn, {**speak(body, host=self._address.host), "stream": True})
                async with aclosing(read_events(response, self.secrets, failures)) as batches:
                    async for events in batches:
                        self._count(turn, events[-1])
                        yield events
        except Outlasted as error:
            raise failures.rate_limited(error.seconds) from None
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, RecursionError) as error:
            raise failures.translate(error) from error

    async def count_tokens(self, body: ResponseRequest) -> int | None:
        """Return the number of tokens of a prompt, or None if the server does not count tokens.

        Args:
            body: The request, from `build_request`.

        Raises:
            ModelError: The server cannot be reached.
        """
        failures = self._failures()
        import openai

        if not self._can_count:
            return None
        counted = {name: value for name, value in body.items() if name in _COUNTED}
        try:
            answer: Any = await self._client().post("/responses/input_tokens", body=counted, cast_to=object)
        except openai.RateLimitError:
            return None
        except (openai.APIStatusError, ValueError, RecursionError):
            # Not supported, or not for this request. If the request is invalid, its own answer reports this.
            answer = None
        except openai.OpenAIError as error:
            raise failures.translate(error) from error
        count = tokens(answer.get("input_tokens")) if isinstance(answer, dict) else None
        self._can_count = count is not None
        return count

    @property
    def public_place(self) -> str | None:
        """The host and port, or None for a server on this machine."""
        return None if is_loopback(self._address.host) else self._address.place

    async def shutdown_date(self, model: str) -> str | None:
        """Return the date on which a model will be shut down.

        Args:
            model: The model.

        Returns:
            The date as YYYY-MM-DD. None if the server does not report it, for any reason.
        """
        path = f"/models/{quote(model, safe='')}"
        try:
            options: Any = {"timeout": _BACKGROUND_SECONDS, "max_retries": 0}
            answer: Any = await self._client().get(path, cast_to=object, options=options)
            return date.fromisoformat(answer["shutdown_date"]).isoformat()
        except Exception:  # noqa: BLE001  # most servers do not have this field, and the run does not need it
            return None

    async def close(self) -> None:
        """Close all connections."""
        if self._sdk is not None:
            await self._sdk.close()

    async def _admitted(self, turn: Turn, body: Json) -> httpx2.Response:
        """Send a request in its turn. If the rate limit of the server is reached, repeat it in its next turn."""
        import openai

        limiter = self._limiter
        CONNECTED.set(functools.partial(limiter.connected, turn))
        while True:
            await limiter.start(turn)
            try:
                response = await self._request(body)
            except openai.APIStatusError as error:
                headers = error.response.headers
                if error.status_code != RATE_LIMITED or is_permanent(error.body):
                    limiter.answered(turn, headers)
                    raise
                can_wait = limiter.refused(turn, headers)
                if not can_wait or not self._options.max_retries:
                    raise
            else:
                limiter.answered(turn, response.headers)
                return response

    async def _request(self, body: Json) -> httpx2.Response:
        """Send a request. If the server refuses an optional field, repeat it without the field."""
        import openai

        path, redirects = "/responses", 0
        while True:
            try:
                stream = await self._client().post(
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
                is_here = self._address.is_same_server(target)
                if error.status_code not in _MOVED or redirects > _REDIRECTS or not is_here:
                    raise
                path = target
            else:
                return stream.response

    def _count(self, turn: Turn, event: Json) -> None:
        """Count the tokens of an answer if this is its last event."""
        response = event.get("response")
        usage = read_usage(response) if isinstance(response, dict) else None
        if usage is not None:
            self._limiter.count(turn, usage["prompt_tokens"], usage["completion_tokens"])

    def _client(self) -> openai.AsyncOpenAI:
        if self._sdk is None:
            self._sdk = self._new_client()
        return self._sdk

    def _new_client(self) -> openai.AsyncOpenAI:
        import httpx2
        import openai

        options, address = self._options, self._address
        try:
            http = new_client(host=address.host, tls=address.is_tls, timeout=options.timeout)
            return openai.AsyncOpenAI(
                base_url=address.url.geturl(),
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
                f"Cannot connect to the model server at {address.place}: {reason}. Check base_url "
                "(OPENAI_BASE_URL), and the environment variables for proxies and certificates.",
            ) from error

    def _failures(self) -> Failures:
        from .failures import Failures

        return Failures(
            self._address.place,
            self._options.timeout,
            min(self._options.timeout, CONNECT_SECONDS),
            self._options.max_retries + 1,
            self.secrets,
            hint=self._address.hint,
        )


def _check_options(options: ModelOptions) -> None:
    if not options.base_url and not options.api_key:
        raise ModelError(
            "server_error",
            "No model server is configured: set api_key (OPENAI_API_KEY) for OpenAI, or base_url (OPENAI_BASE_URL)"
            " for another server.",
        )
    for name in ("api_key", "organization", "project"):
        value = getattr(options, name) or ""
        if not (value.isascii() and value.isprintable()):
            # It is sent in a header. The value is not shown, because it may be a key.
            raise ModelError("server_error", f"{name} contains a character that cannot be sent to a model server.")
