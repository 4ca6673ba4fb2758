# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The client. Everything the Ansible side does is a request on the Assistants v2 wire; who answers is configuration.

from __future__ import annotations

import json
import time
import typing as t
from urllib.parse import quote, urlencode

from ._errors import NotFound, TaskError
from ._http import Failed, Request, Response, unanswered
from ._identity import has_metadata
from ._table_connection import CONNECTION
from ._unix import Unix
from ._version import VERSION

if t.TYPE_CHECKING:
    from ._events import EventStream
    from ._recovery import Local

_PAGE = 100
# What a POST creates things in; all others may be sent twice without harm.
_COLLECTIONS = ("assistants", "threads", "messages", "runs")
# Where a run is made, or continues.
_RUNS = ("runs", "submit_tool_outputs")


class Answer(t.NamedTuple):
    """An answer of the wire.

    Attributes:
        body: the JSON body.
        poll_after: after how many seconds the server wants to be asked again; None where it has no wish.
    """

    body: dict[str, t.Any]
    poll_after: float | None


class Created(t.NamedTuple):
    """What came of a request that creates.

    Attributes:
        thing: the object.
        is_new: whether this request has created it; otherwise an earlier one with the same idempotency key has.
    """

    thing: dict[str, t.Any]
    is_new: bool


class Transport(t.Protocol):
    """Carries requests to a server.

    Attributes:
        server: how to name the server in messages.
    """

    server: str

    def send(self, request: Request) -> Response:
        """Send a request and return the answer, whatever its status is. Raises: Unanswered, TaskError."""


class Wire:
    """Requests of the Assistants v2 wire, with errors translated.

    Args:
        transport: carries the requests.
        timeout: how long the server may be silent, in seconds.
        headers: headers of each request.
        run_headers: further headers of the requests that make or continue a run.
        unconfigured: why no model can be asked ("" where one can): reported when a run is about to be made.
    """

    def __init__(
        self,
        transport: Transport,
        timeout: float,
        headers: dict[str, str] | None = None,
        run_headers: dict[str, str] | None = None,
        unconfigured: str = "",
    ) -> None:
        self.transport = transport
        self.timeout = timeout
        self.headers = headers or {}
        self._run_headers = run_headers or {}
        self.unconfigured = unconfigured

    def get(self, *path: str, query: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the object at a path. Raises: NotFound, WireError, Unanswered."""
        return self.ask(*path, query=query).body

    def ask(self, *path: str, query: dict[str, t.Any] | None = None, within: float = float("inf")) -> Answer:
        """Return the object at a path, with the server's wish when to ask again.

        Args:
            path: the parts of the path.
            query: the query.
            within: how long the request may take with all its retries, in seconds.
        """
        response = self._send("GET", path, query=query, silence=min(self.timeout, within), within=within)
        wish = response.header("openai-poll-after-ms")
        return Answer(self._object(response), float(wish) / 1000 if wish.isdecimal() else None)

    def create(self, *path: str, body: dict[str, t.Any], once: str | None) -> Created:
        """Send a request that creates, and return the object.

        Args:
            path: the parts of the path.
            body: the JSON body.
            once: the idempotency key: however often the request is sent, one thing is made. None: one each time.
        """
        response = self._send("POST", path, body=body, once=once)
        return Created(self._object(response), is_new(response))

    def post(self, *path: str, body: dict[str, t.Any]) -> dict[str, t.Any]:
        """Send a request that changes the object at a path, and return its answer.

        Args:
            path: the parts of the path.
            body: the JSON body.
        """
        return self._object(self._send("POST", path, body=body))

    def delete(self, *path: str) -> bool:
        """Delete the object at a path, and tell whether it was there."""
        try:
            response = self._send("DELETE", path)
        except NotFound:
            return False
        if response.status != 204:
            self._json(response)
        return True

    def stream(self, *path: str, body: dict[str, t.Any], once: str | None, quiet: float) -> EventStream:
        """Send a request that makes or continues a run, and return its events.

        Args:
            path, body, once: as for `create`.
            quiet: how long the stream may take, in seconds.
        """
        body = {**body, "stream": True}
        response = self._send("POST", path, body=body, once=once, silence=quiet, within=quiet, streamed=True)
        # Imported here: a lookup never streams, and pays for what it imports in each task.
        from ._events import EventStream

        return EventStream(response, self._object)

    def list(self, *path: str, query: dict[str, t.Any] | None = None) -> t.Iterator[dict[str, t.Any]]:
        """Yield the objects of a list, page by page as they are needed (Assistants wire, section 10)."""
        query = {"limit": _PAGE, **(query or {})}
        while True:
            page = self._json(self._send("GET", path, query=query))
            data = page.get("data")
            if not isinstance(data, list) or not all(_has_id(each) for each in data):
                raise self._not_the_wire("with something that is not a list of objects")
            yield from data
            if not page.get("has_more") or not data:
                return
            query = {**query, "after": data[-1]["id"]}

    def matching(self, *path: str, pairs: dict[str, str], page: int = _PAGE) -> t.Iterator[dict[str, t.Any]]:
        """Yield the objects of a list that carry these metadata pairs.

        The filter is an addition of the runtime: a server that does not know it lists them all.

        Args:
            path: The parts of the path.
            pairs: The metadata pairs.
            page: How many objects to ask for at a time.
        """
        query = {"limit": page, **{f"metadata[{key}]": value for key, value in pairs.items()}}
        return (each for each in self.list(*path, query=query) if has_metadata(each, pairs))

    def _send(
        self,
        method: str,
        path: tuple[str, ...],
        query: dict[str, t.Any] | None = None,
        body: dict[str, t.Any] | None = None,
        once: str | None = None,
        silence: float | None = None,
        within: float = float("inf"),
        streamed: bool = False,
    ) -> Response:
        headers = {"Accept": "application/json", **self.headers}
        if method == "POST" and path[-1] in _RUNS:
            headers |= self._run_headers
        if once:
            headers["Idempotency-Key"] = once
        request = Request(
            method,
            "/" + "/".join(quote(part, safe="") for part in path),
            self.timeout if silence is None else silence,
            time.monotonic() + within,
            urlencode(query or {}),
            headers,
            b"" if body is None else _encoded(body),
            method != "POST" or once is not None or path[-1] not in _COLLECTIONS,
            streamed,
        )
        response = self.transport.send(request)
        if response.status >= 300:
            content = self._content(response)
            # Imported here: a lookup pays for what it imports in each task, and most answers are no errors.
            from ._error_answer import from_response

            raise from_response(response.status, _parsed(content), response.header("retry-after"))
        return response

    def _content(self, response: Response) -> bytes:
        try:
            return response.body()
        except Failed as failed:
            raise unanswered(self.transport.server, failed, response.request) from None

    def _json(self, response: Response) -> dict[str, t.Any]:
        body = _parsed(self._content(response))
        if isinstance(body, dict):
            return body
        from ._error_answer import text_of_page

        page = text_of_page(body)
        kind = response.kind or "no content type"
        raise self._not_the_wire(f"with {page}" if page else f"with something that is not a JSON object ({kind})")

    def _object(self, response: Response) -> dict[str, t.Any]:
        body = self._json(response)
        if not _has_id(body):
            raise self._not_the_wire("with an object that has no id")
        return body

    def _not_the_wire(self, how: str) -> TaskError:
        return TaskError(
            f"{self.transport.server} answered {how}. Is it a server of the Assistants wire? Check the option "
            "runtime_url."
        )


def is_new(response: Response) -> bool:
    """Tell whether a request has created something: it has, unless the server says that an earlier one had.

    A request that was sent twice may be that earlier one itself.
    """
    return response.request.repeated or response.header("idempotent-replayed") != "true"


def _encoded(body: dict[str, t.Any]) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError:
        raise TaskError("The options of this task have a number that JSON does not know: .nan or .inf.") from None


def _parsed(content: bytes) -> t.Any:
    """Return the JSON of an answer; where it is none, its text, and None where there is no text."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace").strip() or None


def _has_id(thing: t.Any) -> bool:
    return isinstance(thing, dict) and isinstance(thing.get("id"), str)


_wires: dict[tuple[t.Any, ...], Wire] = {}


def connect(params: dict[str, t.Any], local: Local | None = None) -> Wire:
    """Return the client for a task's connection options; one of each kind is kept for the life of the process.

    Args:
        params: the connection options (see the doc fragment `connection`).
        local: finds and starts the local runtime; None where there is none: on a managed host.

    Raises: TaskError where the options cannot work.
    """
    wanted = {option.name: params.get(option.name) for option in CONNECTION}
    # A starter is equal to another one where both mean the same runtime.
    identity = (*wanted.values(), local)
    if identity not in _wires:
        _wires[identity] = _new(wanted, local)
    return _wires[identity]


def _new(options: dict[str, t.Any], local: Local | None) -> Wire:
    for name in ("api_key", "organization", "project"):
        if not f"{options[name] or ''}".isascii() or not f"{options[name] or ''}".isprintable():
            # It is sent in a header. Its value is not shown: it may be a key.
            raise TaskError(f"{name} has a line break or another character that cannot be sent to a server.")
    headers = {"OpenAI-Beta": "assistants=v2", "User-Agent": f"threadworks.openai/{VERSION}"}
    url = options["runtime_url"] or ""
    if url.startswith("unix:"):
        local = None
    elif url:
        from ._network import Network

        return Wire(
            Network(url, options["timeout"], options["max_retries"]),
            options["timeout"],
            {**headers, **_account(options)},
        )
    elif local is None:
        raise TaskError(
            "The local runtime runs on the control node only. Set runtime_url to a served runtime, or run the task on "
            "the control node (connection: local, or delegate_to: localhost)."
        )
    unconfigured = ""
    if not (options["api_key"] or options["base_url"]):
        unconfigured = (
            "No model server is configured: set api_key (OPENAI_API_KEY) for OpenAI, or base_url (OPENAI_BASE_URL) for "
            "any other server with the Responses API. The role threadworks.openai.local_model starts one on this "
            "machine, and sets the facts local_model_base_url and local_model_api_key for these options."
        )
    transport = Unix(local, url.removeprefix("unix:"))
    return Wire(transport, options["timeout"], headers, {"Runtime-Options": _runtime_options(options)}, unconfigured)


def _account(options: dict[str, t.Any]) -> dict[str, str]:
    headers = {
        "Authorization": options["api_key"] and f"Bearer {options['api_key']}",
        "OpenAI-Organization": options["organization"],
        "OpenAI-Project": options["project"],
    }
    return {name: value for name, value in headers.items() if value}


def _runtime_options(options: dict[str, t.Any]) -> str:
    """Return what the local runtime executes a run with: it has nothing of its own to execute it with."""
    wanted = {option.wire: options[option.name] for option in CONNECTION if option.wire}
    return json.dumps({name: value for name, value in wanted.items() if value is not None})
