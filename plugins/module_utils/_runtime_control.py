# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Requests that control a local runtime: get its state, and stop it.

from __future__ import annotations

import json
import time
import typing as t

from ._error_answer import from_response
from ._errors import Unanswered
from ._http import Failed, Request
from ._http_socket import Socket
from ._recovery import exchange
from ._unix import SERVER, Nobody, connected


def ask(path: str, method: str, target: str, within: float, body: dict[str, t.Any] | None = None) -> t.Any:
    """Send a request to the runtime at a socket, without starting one.

    Args:
        path: The path of the socket.
        method: GET or POST.
        target: The path of the request, such as `/runtime`.
        within: The maximum time for the whole exchange, in seconds.
        body: The JSON body of a POST.

    Returns:
        The JSON object of the answer, or None if no process listens there.

    Raises:
        Unanswered: The runtime hangs or the connection is interrupted.
        WireError: The runtime refuses the request.
        TaskError: The process belongs to another user.
    """
    deadline = time.monotonic() + within
    encoded = b"" if body is None else json.dumps(body).encode()
    request = Request(method, target, within, deadline, body=encoded)
    try:
        sock, _pid = connected(path, deadline)
        response = exchange(Socket(sock), request)
        answer = response.body()
    except Nobody:
        return None
    except Failed as failed:
        raise Unanswered(f"{SERVER} at {path} did not answer: {failed.reason}.") from None
    try:
        parsed = json.loads(answer)
    except ValueError:
        parsed = None
    if response.status >= 400:
        raise from_response(response.status, parsed)
    if not isinstance(parsed, dict):
        raise Unanswered(f"The process that listens at {path} is not a runtime of this collection.")
    return parsed
