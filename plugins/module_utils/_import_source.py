# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Another server of the Assistants API as a source: its objects as lines, oldest first.

from __future__ import annotations

import json
import typing as t
from collections import Counter
from urllib.parse import urlencode

from ._errors import NotFound, NotSupported, TaskError, Unanswered, WireError
from ._network import Network
from ._version import VERSION
from ._wire_reading import ReadingWire

_COUNTED = ("assistant", "thread", "thread.message", "thread.run", "thread.run.step")
_FILE_CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
Json = dict[str, t.Any]


def read_source(params: Json) -> t.Iterator[bytes]:
    """Yield the lines of the assistants and threads of the server `source_url`.

    Args:
        params: The options of the task.

    Raises:
        TaskError: The server cannot be reached, or refuses a request.
    """
    try:
        wire = _wire(params)
        counts: Counter[str] = Counter()
        yield _line({"object": "threadworks.export", "version": 1})
        for thing in _things(wire, params["source_threads"], params["source_runs"]):
            counts[str(thing.get("object"))] += 1
            yield _line(thing)
        yield _line({"object": "threadworks.export.end", **{kind: counts[kind] for kind in _COUNTED}})
    except TaskError as error:
        # The same client is used for the runtime.
        message = error.message.replace("runtime_url", "source_url").replace("api_key", "source_api_key")
        if isinstance(error, WireError) and error.status in (401, 403):
            message += " Check the option source_api_key."
        raise (Unanswered if isinstance(error, Unanswered) else TaskError)(f"The source: {message}") from None


def _wire(params: Json) -> ReadingWire:
    url, key, version = (params[f"source_{name}"] for name in ("url", "api_key", "api_version"))
    if version:
        url += f"{'&' if '?' in url else '?'}{urlencode({'api-version': version})}"
    headers = {"OpenAI-Beta": "assistants=v2", "User-Agent": f"threadworks.openai/{VERSION}"}
    if key:
        if not (key.isascii() and key.isprintable()):
            raise TaskError("api_key contains a line break or another character that cannot be sent to a server.")
        # Azure accepts API keys and tokens of Microsoft Entra in different headers.
        is_token = key.count(".") == 2 and key.startswith("ey")
        headers |= {"api-key": key} if version and not is_token else {"Authorization": f"Bearer {key}"}
    return ReadingWire(Network(url, params["timeout"], params["max_retries"]), params["timeout"], headers)


def _things(wire: ReadingWire, thread_ids: list[str] | None, with_runs: bool) -> t.Iterator[Json]:
    yield from wire.list("assistants", query={"order": "asc"})
    for thread_id, known in _threads(wire, thread_ids):
        try:
            thread = known or wire.get("threads", thread_id)
        except NotFound:
            yield {"object": "threadworks.missing", "id": thread_id, "message": "The source does not have this thread."}
            continue
        yield thread
        path = ("threads", thread["id"])
        yield from wire.list(*path, "messages", query={"order": "asc"})
        for run in wire.list(*path, "runs", query={"order": "asc"}) if with_runs else ():
            yield run
            yield from wire.list(*path, "runs", run["id"], "steps", query={"order": "asc", "include[]": _FILE_CONTENT})


def _threads(wire: ReadingWire, thread_ids: list[str] | None) -> t.Iterator[tuple[str, Json | None]]:
    if thread_ids is not None:
        yield from ((thread_id, None) for thread_id in dict.fromkeys(thread_ids))
        return
    try:
        for thread in wire.list("threads", query={"order": "asc"}):
            yield thread["id"], thread
    except (NotFound, NotSupported):
        raise TaskError(
            "The server cannot list threads. Set the ids of the threads to import in source_threads."
        ) from None


def _line(thing: Json) -> bytes:
    return json.dumps(thing).encode() + b"\n"
