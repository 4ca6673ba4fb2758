# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The client of the Assistants API v2. All tasks and lookups use it. The server depends on the configuration.

from __future__ import annotations

import typing as t

from ._errors import NotFound
from ._http import Failed, Response, unanswered
from ._wire_reading import ReadingWire

if t.TYPE_CHECKING:
    from ._events import EventStream
    from ._upload import Content


class Created(t.NamedTuple):
    """The result of a request that creates an object.

    Attributes:
        thing: the object.
        is_new: Whether this request has created it. Otherwise, an earlier request with the same idempotency key has.
    """

    thing: dict[str, t.Any]
    is_new: bool


class Wire(ReadingWire):
    """All requests of the Assistants API v2, with errors as exceptions. The arguments are those of `ReadingWire`."""

    def create(self, *path: str, body: dict[str, t.Any], once: str | None) -> Created:
        """Send a request that creates an object, and return the object.

        Args:
            path: the parts of the path.
            body: the JSON body.
            once: The idempotency key. Repeated requests create one object. Without a key, each request creates one.
        """
        response = self._send("POST", path, body=body, once=once)
        return Created(self._object(response), is_new(response))

    def upload(self, content: Content, once: str, shown: dict[str, t.Any]) -> Created:
        """Send a request that creates a file, and return the file.

        Args:
            content: The body.
            once: The idempotency key.
            shown: The fields of the file, for check mode.
        """
        response = self._send("POST", ("files",), body=content, once=once)
        return Created(self._object(response), is_new(response))

    def content(self, file_id: str) -> t.Iterator[bytes]:
        """Yield the content of a file in pieces, if the server returns it.

        Raises:
            WireError: The server refuses to return it.
            Unanswered: The answer was interrupted.
        """
        response = self._send("GET", ("files", file_id, "content"), streamed=True)
        try:
            yield from response.pieces()
        except Failed as failed:
            raise unanswered(self.transport.server, failed, response.request) from None

    def add_files(self, store_id: str, files: list[dict[str, t.Any]]) -> None:
        """Add files to a vector store.

        Args:
            store_id: The vector store.
            files: The bodies of the requests, each for one file.
        """
        from ._batches import batches

        for path, body in batches(files):
            self._json(self._send("POST", ("vector_stores", store_id, path), body=body))

    def post(self, *path: str, body: dict[str, t.Any]) -> dict[str, t.Any]:
        """Send a request that changes the object at a path, and return its answer.

        Args:
            path: the parts of the path.
            body: the JSON body.
        """
        return self._object(self._send("POST", path, body=body))

    def delete(self, *path: str) -> bool:
        """Delete the object at a path, and return whether it existed."""
        try:
            response = self._send("DELETE", path)
        except NotFound:
            return False
        if response.status != 204:
            self._json(response)
        return True

    def stream(self, *path: str, body: dict[str, t.Any], once: str | None, quiet: float) -> EventStream:
        """Send a request that creates or continues a run, and return its events.

        Args:
            path: The parts of the path.
            body: The JSON body, without `stream`.
            once: The idempotency key, as for `create`.
            quiet: The maximum time without an event, in seconds.
        """
        body = {**body, "stream": True}
        response = self._send("POST", path, body=body, once=once, silence=quiet, within=quiet, streamed=True)
        # Imported here, because lookups do not stream, and pay for their imports in each task.
        from ._events import EventStream

        return EventStream(response, self._object)


def is_new(response: Response) -> bool:
    """Return whether a request has created an object, unless the server reports that an earlier request has.

    If the request was sent twice, the earlier request may be the same one.
    """
    return response.request.repeated or response.header("idempotent-replayed") != "true"
