# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model server: any server that offers ``POST /responses``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from .dialect import default_output_limit, speak, without_refused
from .errors import ModelError, from_sdk, redact
from .events import Json
from .transport import Connections, tls_context

if TYPE_CHECKING:
    import httpx2
    import openai

_OPENAI = "https://api.openai.com/v1"
# A server on one's own machine often wants no key, but the SDK does not go without.
_NO_KEY = "none"
_COUNTED = ("input", "instructions", "model", "parallel_tool_calls", "reasoning", "text", "tool_choice", "tools")


def preload() -> None:
    """Import the SDK and build the TLS context: for a parent process, before it forks."""
    import openai  # noqa: F401

    tls_context()


class ModelServer:
    """The server that one run is executed on. Building it opens no connection.

    :param base_url: where the API is, ``None`` for OpenAI.
    :param api_key: may be missing if ``base_url`` is given.
    :param organization: sent as ``OpenAI-Organization``.
    :param project: sent as ``OpenAI-Project``.
    :param timeout: seconds to wait for each piece of an answer.
    :param max_retries: how often a request is sent again, as long as nothing of an answer has come.
    :raises ModelError: neither ``base_url`` nor ``api_key`` is given, or ``base_url`` is not a URL.
    """

    def __init__(
        self,
        *,
        base_url: str | None,
        api_key: str | None,
        organization: str | None,
        project: str | None,
        timeout: float,
        max_retries: int,
    ) -> None:
        if not base_url and not api_key:
            raise ModelError(
                "server_error",
                "No model server is configured: set api_key (OPENAI_API_KEY) for OpenAI, or base_url (OPENAI_BASE_URL)"
                " for another server.",
            )
        url = _parse(base_url or _OPENAI)
        self._host = str(url.hostname)
        self._place = url.netloc.rpartition("@")[2]
        self._key = api_key
        self._timeout = timeout
        self._connections = Connections(host=self._host, tls=url.scheme == "https", timeout=timeout)
        self._sdk: openai.OpenAI | None = None
        self._sdk_options: dict[str, Any] = {
            "base_url": url.geturl(),
            "api_key": api_key or _NO_KEY,
            "organization": organization,
            "project": project,
            "max_retries": max_retries,
        }
        self._can_count = True
        #: Tokens that an answer may have where the run sets no ``max_completion_tokens``.
        self.output_limit = default_output_limit(self._host)

    def respond(self, body: Json) -> Iterator[Json]:
        """Ask for a response and yield its raw events as they come.

        A server that answers plain JSON yields one event, as if it had streamed only the last.

        :param body: the request, from :func:`~.request.build_request`.
        :raises ModelError: the request was refused or not answered in time, or the answer broke off.
        """
        import httpx2
        import openai

        try:
            stream = self._open({**speak(body, host=self._host), "stream": True})
            try:
                if "text/event-stream" in stream.response.headers.get("content-type", ""):
                    yield from (event for event in stream if isinstance(event, dict))
                else:
                    yield _only_event(json.loads(stream.response.read()))
            finally:
                stream.close()
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise self._translate(error) from error
        except ValueError as error:
            message = (
                f"The model server at {self._place} sent something that is not JSON: {redact(str(error), self._key)}"
            )
            raise ModelError("server_error", message) from error

    def count_tokens(self, body: Json) -> int | None:
        """The tokens of a request's prompt, or ``None`` where the server does not count.

        :param body: the request, from :func:`~.request.build_request`.
        :raises ModelError: the server cannot be reached.
        """
        import openai

        if not self._can_count:
            return None
        counted = {name: body[name] for name in _COUNTED if name in body}
        try:
            answer: Any = self._client().post("/responses/input_tokens", body=counted, cast_to=object)
        except openai.APIStatusError:
            # Not offered, or not for this request: if the request itself is bad, its own answer says so best.
            answer = None
        except openai.OpenAIError as error:
            raise self._translate(error) from error
        count = answer.get("input_tokens") if isinstance(answer, dict) else None
        self._can_count = isinstance(count, int)
        return count if self._can_count else None

    def close(self) -> None:
        """End all connections for good; another thread's wait for an answer ends with a :class:`ModelError`."""
        self._connections.cut()

    def _open(self, body: Json) -> openai.Stream[object]:
        """Send the request, without what this server turns out to refuse but the run can do without."""
        import openai

        while True:
            try:
                # Untyped on purpose: small servers leave out fields that the SDK's types require.
                return self._client().post(
                    "/responses", body=body, cast_to=object, stream=True, stream_cls=openai.Stream[object]
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                reduced = without_refused(body, param=error.param, message=error.message)
                if reduced is None:
                    raise
                body = reduced

    def _client(self) -> openai.OpenAI:
        if self._sdk is None:
            import openai

            http = self._connections.client()
            self._sdk = openai.OpenAI(http_client=http, timeout=http.timeout, **self._sdk_options)
        return self._sdk

    def _translate(self, error: openai.OpenAIError | httpx2.HTTPError) -> ModelError:
        return from_sdk(error, place=self._place, timeout=self._timeout, key=self._key)


def _parse(base_url: str) -> SplitResult:
    try:
        url = urlsplit(base_url)
        if url.scheme in ("http", "https") and url.hostname and url.port != 0:
            return url
    except ValueError:
        pass  # the port is not a number, or the brackets of an IPv6 address do not match
    raise ModelError("server_error", "base_url (OPENAI_BASE_URL) is not an http or https URL.")


def _only_event(response: object) -> Json:
    if not isinstance(response, dict):
        raise ValueError("a response is an object")
    return {"type": f"response.{response.get('status', 'completed')}", "response": response}
