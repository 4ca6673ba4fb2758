# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The requests for import and export, which are additions of the runtime. Their bodies do not fit into the memory.

from __future__ import annotations

import json
import typing as t
from urllib.parse import urlencode

from ._connect import connect
from ._errors import NotSupported
from ._http import Failed, Request, Response, unanswered
from ._wire_reading import ReadingWire

if t.TYPE_CHECKING:
    from ._task import Task

Pieces = t.Callable[[], t.Iterator[bytes]]


class TransferWire(ReadingWire):
    """The requests for import and export. The arguments are those of `ReadingWire`."""

    def bring(self, query: dict[str, str], pieces: Pieces) -> dict[str, t.Any]:
        """Import lines, and return the report.

        Args:
            query: The options of the import.
            pieces: Returns the lines in pieces of any size. It is called again if the request is repeated.

        Raises:
            WireError: The server refused the request.
            Unanswered: There was no answer.
        """
        headers = {"Content-Type": "application/jsonl"}
        response = self._sent("POST", "/import", urlencode(query), headers, pieces)
        report = json.loads(b"".join(self.pieces(response)).strip() or b"{}")
        if not isinstance(report, dict) or report.get("object") != "import":
            raise self._not_the_wire("with something that is not the report of an import")
        return report

    def export(self, query: list[tuple[str, str]]) -> t.Iterator[bytes]:
        """Yield the lines of an export in pieces of any size.

        Args:
            query: The options of the export.

        Raises:
            WireError: The server refused the request.
            Unanswered: There was no answer, or it is incomplete.
        """
        return self.pieces(self._sent("GET", "/export", urlencode(query)))

    def pieces(self, response: Response) -> t.Iterator[bytes]:
        """Yield the body of an answer."""
        try:
            yield from response.pieces()
        except Failed as failed:
            raise unanswered(self.transport.server, failed, response.request) from None

    def _sent(
        self, method: str, path: str, query: str, headers: dict[str, str] | None = None, pieces: Pieces | None = None
    ) -> Response:
        request = Request(
            method,
            path,
            self.timeout,
            query=query,
            headers={"Accept": "application/json", **self.headers, **(headers or {})},
            streamed=True,
            pieces=pieces,
        )
        try:
            return self._accepted(self.transport.send(request))
        except NotSupported as error:
            error.message += " Only the runtime of this collection can import and export, from version 0.2.0."
            raise


def transfer_wire(task: Task) -> TransferWire:
    """Return the client of a task."""
    return connect(TransferWire, task.params, task.local)
