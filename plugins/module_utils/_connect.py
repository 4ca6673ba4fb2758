# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Selects the server for the connection options of a task.

from __future__ import annotations

import json
import os
import re
import typing as t

from ._errors import TaskError
from ._table_connection import CONNECTION
from ._unix import Unix
from ._version import VERSION
from ._wire_reading import ReadingWire

if t.TYPE_CHECKING:
    from ._recovery import Local

# A task only counts the deltas of a stream, and the runtime can do that itself.
_NO_DELTAS = {"Runtime-Deltas": "false"}
# The trace context of W3C. Other versions have more fields, and are not passed on.
_TRACE = re.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_AnyWire = t.TypeVar("_AnyWire", bound=ReadingWire)
_wires: dict[tuple[t.Any, ...], ReadingWire] = {}


def connect(kind: type[_AnyWire], params: dict[str, t.Any], local: Local | None = None) -> _AnyWire:
    """Return the client for a task's connection options. It is cached in the process.

    Args:
        kind: `Wire`, or `ReadingWire` for read-only access.
        params: The connection options (see the documentation fragment `connection`).
        local: Finds and starts the local runtime. None on a managed host.

    Raises:
        TaskError: The options are invalid, or no runtime can be used here.
    """
    wanted = {option.name: params.get(option.name) for option in CONNECTION}
    # Two starters are equal if they use the same runtime.
    identity = (kind, *wanted.values(), local)
    if identity not in _wires:
        _wires[identity] = _new(kind, wanted, local)
    return t.cast(_AnyWire, _wires[identity])


def _new(kind: type[_AnyWire], options: dict[str, t.Any], local: Local | None) -> _AnyWire:
    for name in ("api_key", "organization", "project"):
        if not f"{options[name] or ''}".isascii() or not f"{options[name] or ''}".isprintable():
            # It is sent in a header. The value is not shown, because it may be a key.
            raise TaskError(f"{name} contains a line break or another character that cannot be sent to a server.")
    headers = {"OpenAI-Beta": "assistants=v2", "User-Agent": f"threadworks.openai/{VERSION}"}
    url = options["runtime_url"] or ""
    if url.startswith("unix:"):
        local = None
    elif url:
        from ._network import Network

        return kind(
            Network(url, options["timeout"], options["max_retries"]),
            options["timeout"],
            {**headers, **_account(options)},
            {**_run_headers(), **_budget(options)},
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
    run_headers = {**_run_headers(), **_budget(options), "Runtime-Options": _runtime_options(options)}
    return kind(transport, options["timeout"], headers, run_headers, unconfigured)


def _run_headers() -> dict[str, str]:
    # The trace of OpenTelemetry that this process belongs to.
    trace = os.environ.get("TRACEPARENT", "")
    return {**_NO_DELTAS, "traceparent": trace} if _TRACE.fullmatch(trace) else _NO_DELTAS


def _account(options: dict[str, t.Any]) -> dict[str, str]:
    headers = {
        "Authorization": options["api_key"] and f"Bearer {options['api_key']}",
        "OpenAI-Organization": options["organization"],
        "OpenAI-Project": options["project"],
    }
    return {name: value for name, value in headers.items() if value}


def _budget(options: dict[str, t.Any]) -> dict[str, str]:
    return {"Runtime-Budget": options["budget"]} if options["budget"] else {}


def _runtime_options(options: dict[str, t.Any]) -> str:
    """Return the options that the local runtime needs to execute a run."""
    wanted = {option.wire: options[option.name] for option in CONNECTION if option.wire}
    return json.dumps({name: value for name, value in wanted.items() if value is not None})
