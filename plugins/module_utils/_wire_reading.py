# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The read-only client of the Assistants API v2. In a separate file, because lookups only need this, and load their
# imports in each task.

from __future__ import annotations

import json
import time
import typing as t
from urllib.parse import quote, urlencode

from ._errors import TaskError
from ._http import Failed, Request, Response, unanswered
from ._identity import has_metadata

if t.TYPE_CHECKING:
    from ._upload import Content

_PAGE = 100
# The lists in which a POST creates an object. Other POST requests can be repeated.
_COLLECTIONS = ("assistants", "threads", "messages", "runs", "vector_stores")
# The lists that the runtime forwards to the model server.
_FORWARDED = ("files", "file_digests", "vector_stores")


class Answer(t.NamedTuple):
    """An answer of the server.

    Attributes:
        body: The JSON body.
        poll_after: The polling interval of the server in seconds, or None.
    """

    body: dict[str, t.Any]
    poll_after: float | None


class Transport(t.Protocol):
    """Carries requests to a server.

    Attributes:
        server: The name of the server in messages.
    """

    server: str

    def send(self, request: Request) -> Response:
        """Send a request and return the answer, regardless of its status.

        Raises:
            Unanswered: There was no answer.
            TaskError: The request cannot be sent.
        """


class ReadingWire:
    """Read requests of the Assistants API v2, with errors as exceptions.

    Args:
        transport: Sends the requests.
        timeout: The maximum time that the server may be silent, in seconds.
        headers: The headers of each request.
        run_headers: Further headers of requests that may need the model server.
        unconfigured: The error if no model server is configured, or "". It is raised when a run is created.
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
        self.run_headers = run_headers or {}
        self.unconfigured = unconfigured

    def get(self, *path: str, query: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the object at a path.

        Raises:
            NotFound: The object does not exist.
            WireError: The server refused the request.
            Unanswered: There was no answer.
        """
        return self.ask(*path, query=query).body

    def ask(self, *path: str, query: dict[str, t.Any] | None = None, within: float = float("inf")) -> Answer:
        """Return the object at a path, with the polling interval of the server.

        Args:
            path: The parts of the path.
            query: The query.
            within: The maximum time for the request with all its retries, in seconds.
        """
        response = self._send("GET", path, query=query, silence=min(self.timeout, within), within=within)
        wish = response.header("openai-poll-after-ms")
        return Answer(self._object(response), float(wish) / 1000 if wish.isdecimal() else None)

    def list(self, *path: str, query: dict[str, t.Any] | None = None) -> t.Iterator[dict[str, t.Any]]:
        """Yield the objects of a list. Pages are requested as needed (Assistants wire, section 10).

        The first page has the size in the query. The other pages have the maximum size: the first one was not enough.
        """
        query = {"limit": _PAGE, **(query or {})}
        while True:
            page = self._json(self._send("GET", path, query=query))
            data = page.get("data")
            if not isinstance(data, list) or not all(_has_id(each) for each in data):
                raise self._not_the_wire("with something that is not a list of objects")
            yield from data
            if not page.get("has_more") or not data:
                return
            if data[-1]["id"] == query.get("after"):
                raise self._not_the_wire("with the same page of a list again")
            query = {**query, "limit": _PAGE, "after": data[-1]["id"]}

    def matching(self, *path: str, pairs: dict[str, str], page: int = _PAGE) -> t.Iterator[dict[str, t.Any]]:
        """Yield the objects of a list with these metadata pairs.

        The filter is an addition of the runtime. Other servers list all objects.

        Args:
            path: The parts of the path.
            pairs: The metadata pairs.
            page: The number of objects per page.
        """
        query = {"limit": page, **{f"metadata[{key}]": value for key, value in pairs.items()}}
        return (each for each in self.list(*path, query=query) if has_metadata(each, pairs))

    def _send(
        self,
        method: str,
        path: tuple[str, ...],
        query: dict[str, t.Any] | None = None,
        body: dict[str, t.Any] | Content | None = None,
        once: str | None = None,
        silence: float | None = None,
        within: float = float("inf"),
        streamed: bool = False,
    ) -> Response:
        form = None if body is None or isinstance(body, dict) else body
        headers = {"Accept": "application/json", **self.headers, **(form.headers if form else {})}
        if method == "POST" or path[0] in _FORWARDED:
            headers |= self.run_headers
        if once:
            headers["Idempotency-Key"] = once
        request = Request(
            method,
            "/" + "/".join(quote(part, safe="") for part in path),
            self.timeout if silence is None else silence,
            time.monotonic() + within,
            urlencode(query or {}),
            headers,
            _encoded(body) if isinstance(body, dict) else b"",
            method != "POST" or once is not None or path[-1] not in _COLLECTIONS,
            streamed,
            pieces=form and form.pieces,
        )
        return self._accepted(self.transport.send(request))

    def _accepted(self, response: Response) -> Response:
        if response.status >= 300:
            content = self._content(response)
            # Imported here, because lookups load their imports in each task, and most answers are not errors.
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
            f"{self.transport.server} answered {how}. Check that the option runtime_url is the URL of a server of "
            "the Assistants API."
        )


def _encoded(body: dict[str, t.Any]) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError:
        raise TaskError("The options of this task contain .nan or .inf, which JSON does not support.") from None


def _parsed(content: bytes) -> t.Any:
    """Return the JSON of an answer, or its text if it is not JSON, or None if it is not text."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace").strip() or None


def _has_id(thing: t.Any) -> bool:
    return isinstance(thing, dict) and isinstance(thing.get("id"), str)
