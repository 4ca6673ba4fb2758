# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another server of the Assistants API as a source: its objects as lines, oldest first."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx2

from ..objects import Document
from .files import Unusable
from .objects import KINDS
from .reading import FOOTER, HEADER, MISSING, VERSION

_PAGE = 100
_TRIES = 6
_LONGEST_PAUSE = 60.0  # seconds
_TIMEOUT = 120.0  # seconds
_FILE_CONTENT = "step_details.tool_calls[*].file_search.results[*].content"


class _Missing(Exception):
    """The server has no such object or list."""


class Source:
    """A server of the Assistants API.

    Args:
        url: Its URL, up to the path before ``/assistants``.
        key: The API key, or None.
        api_version: The value of the query parameter ``api-version``, which Azure needs.
    """

    def __init__(self, url: str, key: str | None, api_version: str | None = None) -> None:
        headers = {"OpenAI-Beta": "assistants=v2", "Accept-Encoding": "identity"}
        if key:
            headers |= key_header(key, api_version)
        query = {"api-version": api_version} if api_version else {}
        try:
            self._client = httpx2.Client(base_url=url.rstrip("/"), headers=headers, params=query, timeout=_TIMEOUT)
        except (httpx2.InvalidURL, ValueError) as error:
            raise Unusable("The URL of the source (--from) is not valid. Check it.") from error

    def lines(self, thread_ids: Sequence[str] | None, *, runs: bool = True) -> Iterator[bytes]:
        """Yield the lines of the assistants and of threads.

        Args:
            thread_ids: The threads, or None for all of them, if the server can list threads.
            runs: Whether to read the runs and their steps.

        Raises:
            Unusable: The server cannot be reached, or refuses a request.
        """
        counts: Counter[str] = Counter()
        yield _line({"object": HEADER, "version": VERSION})
        try:
            for document in self._documents(thread_ids, runs=runs):
                counts[str(document.get("object"))] += 1
                yield _line(document)
        except _Missing as missing:
            raise Unusable(f"The source does not have {missing}. Check its URL (--from).") from None
        yield _line({"object": FOOTER, **{kind: counts[kind] for kind in KINDS}})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _documents(self, thread_ids: Sequence[str] | None, *, runs: bool) -> Iterator[Document]:
        yield from self._list("assistants")
        for thread_id, known in self._threads(thread_ids):
            try:
                thread = known or self._get(f"threads/{quote(thread_id, safe='')}", {})
            except _Missing:
                yield {"object": MISSING, "id": thread_id, "message": "The source does not have this thread."}
                continue
            yield thread
            path = f"threads/{quote(str(thread.get('id')), safe='')}"
            yield from self._list(f"{path}/messages")
            for run in self._list(f"{path}/runs") if runs else ():
                yield run
                yield from self._list(f"{path}/runs/{quote(str(run.get('id')), safe='')}/steps", include=_FILE_CONTENT)

    def _threads(self, thread_ids: Sequence[str] | None) -> Iterator[tuple[str, Document | None]]:
        if thread_ids is not None:
            yield from ((id, None) for id in dict.fromkeys(thread_ids))
            return
        try:
            for thread in self._list("threads"):
                yield str(thread.get("id")), thread
        except _Missing:
            message = "The source cannot list threads. Set the ids of the threads to import (--thread-id, --threads)."
            raise Unusable(message) from None

    def _list(self, path: str, include: str | None = None) -> Iterator[Document]:
        query: dict[str, Any] = {"order": "asc", "limit": _PAGE, **({"include[]": include} if include else {})}
        while True:
            page = self._get(path, query)
            data = page.get("data")
            if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
                raise Unusable(f"The source did not answer with a list to GET {path}. Check its URL (--from).")
            yield from data
            if not page.get("has_more") or not data:
                return
            after = data[-1].get("id")
            if after == query.get("after"):
                raise Unusable(f"The source always answers with the same page to GET {path}. It cannot be imported.")
            query["after"] = after

    def _get(self, path: str, query: dict[str, Any]) -> Document:
        pause, problem = 0.0, ""
        for attempt in range(_TRIES):
            time.sleep(pause)
            pause = min(2.0**attempt, _LONGEST_PAUSE)
            try:
                answer = self._client.get(path, params=query)
            except httpx2.UnsupportedProtocol as error:
                raise Unusable("The URL of the source (--from) must start with http:// or https://.") from error
            except httpx2.TransportError as error:
                problem = f"cannot be reached: {type(error).__name__}"
                continue
            if answer.status_code == 200:
                return _object(answer, path)
            if answer.status_code in (404, 405):
                raise _Missing(path)
            problem = f"answered with the status {answer.status_code} to GET {path}"
            if answer.status_code != 429 and answer.status_code < 500:
                raise Unusable(
                    f"The source {problem}. Check its URL (--from), its key (OPENAI_SOURCE_KEY) and its API version "
                    "(--api-version)."
                )
            after = answer.headers.get("retry-after", "")
            pause = min(float(after), _LONGEST_PAUSE) if after.isdecimal() else pause
        raise Unusable(f"The source {problem}. Repeat the import later.")


def key_header(key: str, api_version: str | None) -> dict[str, str]:
    """Return the header with a key. Azure accepts API keys and tokens of Microsoft Entra in different headers.

    Args:
        key: The key.
        api_version: The API version of Azure, or None for other servers.
    """
    is_token = key.count(".") == 2 and key.startswith("ey")
    return {"api-key": key} if api_version and not is_token else {"Authorization": f"Bearer {key}"}


def _object(answer: httpx2.Response, path: str) -> Document:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Unusable(f"The source did not answer with a JSON object to GET {path}. Check its URL (--from).")
    return body


def _line(document: Document) -> bytes:
    return json.dumps(document).encode() + b"\n"
