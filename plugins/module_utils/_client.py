# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The client. Everything the Ansible side does is a request on the Assistants v2 wire; who answers is configuration.

from __future__ import annotations

import typing as t

from ._errors import NotFound
from ._http import Response
from ._wire_reading import ReadingWire

if t.TYPE_CHECKING:
    from ._events import EventStream


class Created(t.NamedTuple):
    """What came of a request that creates.

    Attributes:
        thing: the object.
        is_new: whether this request has created it; otherwise an earlier one with the same idempotency key has.
    """

    thing: dict[str, t.Any]
    is_new: bool


class Wire(ReadingWire):
    """All requests of the Assistants v2 wire, with errors translated. The arguments are those of `ReadingWire`."""

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
            path: The parts of the path.
            body: The JSON body, without `stream`.
            once: The idempotency key, as for `create`.
            quiet: how long the stream may take, in seconds.
        """
        body = {**body, "stream": True}
        response = self._send("POST", path, body=body, once=once, silence=quiet, within=quiet, streamed=True)
        # Imported here: a lookup never streams, and pays for what it imports in each task.
        from ._events import EventStream

        return EventStream(response, self._object)


def is_new(response: Response) -> bool:
    """Tell whether a request has created something: it has, unless the server says that an earlier one had.

    A request that was sent twice may be that earlier one itself.
    """
    return response.request.repeated or response.header("idempotent-replayed") != "true"
