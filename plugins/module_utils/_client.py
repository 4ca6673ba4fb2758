# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The client factory. Everything the Ansible side does is a request on the Assistants v2 wire; who answers is
# configuration.

from __future__ import annotations

import contextlib
import importlib
import typing as t
from urllib.parse import quote, urlsplit

from ._argspec import CONNECTION
from ._errors import NotFound, TaskError, Unanswered, from_response
from ._identity import has

try:
    import httpx2
    import openai
except ImportError as error:
    HAS_OPENAI: str | None = str(error)
    _StreamBase: t.Any = object
else:
    HAS_OPENAI = None
    _StreamBase = openai.Stream[object]

_EMBEDDED_URL = "http://runtime/v1"
_PAGE = 100
_PORTS = {"http": 80, "https": 443}


class Answer(t.NamedTuple):
    """An answer of the wire.

    Attributes:
        body: the JSON body.
        poll_after: after how many seconds the server wants to be asked again; None where it has no wish.
    """

    body: dict[str, t.Any]
    poll_after: float | None


class Event(t.NamedTuple):
    """An event of a run's stream (Assistants wire, section 11); a name of "" says only that the stream is alive."""

    name: str
    data: t.Any


class EventStream(_StreamBase):
    """The events of a stream, with a sign of life for each line that arrives: a caller can look at the clock."""

    def __iter__(self) -> t.Iterator[Event]:
        decoder = self._client._make_sse_decoder()
        try:
            for line in self.response.iter_lines():
                frame = decoder.decode(line)
                if frame is None:
                    yield Event("", None)
                elif frame.event == "done" or frame.data.startswith("[DONE]"):
                    return
                else:
                    yield Event(frame.event or "", frame.json())
        except (httpx2.HTTPError, ValueError) as error:
            raise Unanswered(f"The stream broke off: {_reason(error)}.") from error
        finally:
            self.response.close()

    @property
    def is_stream(self) -> bool:
        """Whether the server streams; one that does not answers with the run itself."""
        return self.response.headers.get("content-type", "").startswith("text/event-stream")

    def run(self) -> dict[str, t.Any]:
        """Return the run that a server which does not stream answered with."""
        return self.response.json() if self.response.read() else {}


class Wire:
    """Requests of the Assistants v2 wire, with errors translated.

    Args:
        client: the SDK's client: retries, timeouts and authentication are its own.
        server: how to name the server in messages.
        unconfigured: why no model can be asked ("" where one can): told when a run is about to be made, not before.
    """

    def __init__(self, client: openai.OpenAI, server: str, unconfigured: str = "") -> None:
        self._client = client
        self._server = server
        self.unconfigured = unconfigured

    def get(self, *path: str, query: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the object at a path. Raises: NotFound, WireError, Unanswered."""
        return self.ask(*path, query=query).body

    def ask(self, *path: str, query: dict[str, t.Any] | None = None) -> Answer:
        """Return the object at a path, with the server's wish when to ask again."""
        response = self._send("get", path, {"params": query or {}})
        wish = response.headers.get("openai-poll-after-ms", "")
        return Answer(self._json(response), float(wish) / 1000 if wish.isdigit() else None)

    def post(self, *path: str, body: dict[str, t.Any], once: str | None = None) -> dict[str, t.Any]:
        """Send a changing request and return its answer.

        Args:
            path: the parts of the path.
            body: the JSON body.
            once: the idempotency key of a request that creates: however often it is sent, one thing is made.
        """
        return self._json(self._send("post", path, _once(once), body=body))

    def delete(self, *path: str) -> None:
        """Delete the object at a path; one that is gone already is fine."""
        with contextlib.suppress(NotFound):
            self._send("delete", path, {})

    def stream(self, *path: str, body: dict[str, t.Any], once: str | None, quiet: float) -> EventStream:
        """Send a request that makes or continues a run, and return its events.

        Args:
            path, body, once: as for `post`.
            quiet: the longest silence to bear, in seconds.
        """
        options = {**_once(once), "timeout": httpx2.Timeout(self._client.timeout, read=quiet)}
        body = {**body, "stream": True}
        return self._send("post", path, options, cast_to=object, body=body, stream=True, stream_cls=EventStream)

    def list(self, *path: str, query: dict[str, t.Any] | None = None) -> t.Iterator[dict[str, t.Any]]:
        """Yield the objects of a list, page by page as they are needed (Assistants wire, section 10)."""
        query = {"limit": _PAGE, **(query or {})}
        while True:
            page = self.get(*path, query=query)
            data = page.get("data") or []
            yield from data
            if not page.get("has_more") or not data:
                return
            query = {**query, "after": data[-1]["id"]}

    def matching(self, *path: str, pairs: dict[str, str]) -> t.Iterator[dict[str, t.Any]]:
        """Yield the objects of a list that carry these metadata pairs.

        The filter is an addition of the runtime: a server that does not know it lists them all.
        """
        query = {f"metadata[{key}]": value for key, value in pairs.items()}
        return (each for each in self.list(*path, query=query) if has(each, pairs))

    def _send(self, method: str, path: tuple[str, ...], options: dict[str, t.Any], **more: t.Any) -> t.Any:
        url = "/" + "/".join(quote(part, safe="") for part in path)
        try:
            return getattr(self._client, method)(url, options=options, **{"cast_to": httpx2.Response, **more})
        except openai.APIStatusError as error:
            raise from_response(error.status_code, error.body) from None
        except openai.APITimeoutError as error:
            raise Unanswered(
                f"{self._server} did not answer within {self._client.timeout} seconds (option timeout)."
            ) from error
        except openai.APIConnectionError as error:
            raise Unanswered(f"{self._server} cannot be reached: {_reason(error)}. Is it running?") from error

    def _json(self, response: t.Any) -> dict[str, t.Any]:
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            kind = response.headers.get("content-type", "no content type")
            raise TaskError(
                f"{self._server} answered with something that is not a JSON object ({kind}). Is it a server of the "
                "Assistants wire? Look at the option runtime_url."
            )
        return body


def _once(key: str | None) -> dict[str, t.Any]:
    return {"headers": {"Idempotency-Key": key}} if key else {}


def _reason(error: BaseException) -> str:
    cause = error.__cause__ or error
    return str(cause).rstrip(".") or type(cause).__name__


_wires: dict[tuple[t.Any, ...], Wire] = {}


def connect(params: dict[str, t.Any]) -> Wire:
    """Return the client for a task's connection options; one of each kind is kept for the life of the process.

    Args:
        params: the connection options (see the doc fragment `connection`).

    Raises: TaskError where a library is missing, or the store cannot be used.
    """
    if HAS_OPENAI:
        raise TaskError(
            f"The Python library openai (3 or later) cannot be imported ({HAS_OPENAI}). "
            "Install it with: pip install 'openai>=3,<4'"
        )
    wanted = {name: params.get(name) for name in CONNECTION.argument_spec}
    identity = tuple(wanted.values())
    if identity not in _wires:
        _wires[identity] = _served(wanted) if wanted["runtime_url"] else _embedded(wanted)
    return _wires[identity]


def _served(options: dict[str, t.Any]) -> Wire:
    url = urlsplit(options["runtime_url"])
    if url.scheme not in ("http", "https") or not url.hostname:
        raise TaskError("runtime_url must be a URL like http://127.0.0.1:8088/v1, with http or https.")
    return Wire(
        _sdk(options, options["runtime_url"], options["api_key"]),
        f"The server at {url.hostname}:{url.port or _PORTS[url.scheme]} (option runtime_url)",
    )


def _embedded(options: dict[str, t.Any]) -> Wire:
    runtime = runtime_package()
    settings = runtime.Settings(
        store=options["runtime_store"],
        base_url=options["base_url"],
        api_key=options["api_key"],
        organization=options["organization"],
        project=options["project"],
        timeout=options["timeout"],
        max_retries=options["max_retries"],
    )
    try:
        app = runtime.create_app(settings)
    except runtime.StoreError as error:
        raise TaskError(f"{error} (option runtime_store)") from None
    unconfigured = ""
    if not (options["api_key"] or options["base_url"]):
        unconfigured = (
            "No model server is configured: set api_key (OPENAI_API_KEY) for OpenAI, or base_url (OPENAI_BASE_URL) for "
            "any other server with the Responses API. The role threadworks.openai.local_model starts one on this "
            "machine."
        )
    # Inside the process nothing is lost on the way: no second try, no proxy, no TLS. How long a run may take is the
    # runtime's matter.
    http = httpx2.Client(transport=httpx2.WSGITransport(app=app), trust_env=False)
    return Wire(
        _sdk({"timeout": None, "max_retries": 0}, _EMBEDDED_URL, "embedded", http), "The embedded runtime", unconfigured
    )


def runtime_package() -> t.Any:
    """Import the runtime with all that it needs: the one line where `plugins/` meets `runtime/`."""
    try:
        runtime = importlib.import_module("ansible_collections.threadworks.openai.runtime")
        runtime.preload()
        return runtime
    except ImportError as error:
        if (error.name or "").startswith("ansible_collections"):
            raise TaskError(
                "The embedded runtime lives in the playbook's own process: run the task there (without async), or set "
                "runtime_url to a served runtime."
            ) from None
        raise TaskError(
            f"The embedded runtime needs a Python library that cannot be imported ({error}). Install what it needs "
            "with: pip install -r requirements.txt (in the collection's folder), or set runtime_url to a served one."
        ) from None


def _sdk(options: dict[str, t.Any], url: str, key: str | None, http: t.Any = None) -> openai.OpenAI:
    return openai.OpenAI(
        # The SDK wants some key, also for a server that asks for none.
        api_key=key or "none",
        base_url=url,
        organization=options.get("organization"),
        project=options.get("project"),
        timeout=options["timeout"],
        max_retries=options["max_retries"],
        http_client=http,
        default_headers={"OpenAI-Beta": "assistants=v2"},
    )
