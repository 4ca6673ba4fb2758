# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""64 writers of one store, which a local runtime and a served runtime with two workers share."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import time
from typing import Any

import httpx2
from chapter import Chapter, Options
from stage import stage

from ansible_collections.threadworks.openai.tests.runtime.harness import BETA, TERMINAL, Local, Served

Json = dict[str, Any]

_WRITERS = 64
_SECONDS, _SHORT_SECONDS = 60.0, 1.0
_PATIENCE = 120.0
_A_RUN_EACH = 4


@dataclasses.dataclass
class _Books:
    """The changes of the writers, and the failures.

    Attributes:
        threads: The texts of the messages of each thread, by its id.
        deleted: The deleted threads.
        requests: The number of answered requests.
        runs: The number of completed runs.
        wrong: The wrong answers.
        locked: The answers that report a lock.
    """

    threads: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    deleted: set[str] = dataclasses.field(default_factory=set)
    requests: int = 0
    runs: int = 0
    wrong: list[str] = dataclasses.field(default_factory=list)
    locked: list[str] = dataclasses.field(default_factory=list)


def run(options: Options) -> Chapter:
    """Write for a minute, or in the short form for some seconds. Then read everything."""
    chapter = Chapter()
    with stage(options.folder / "store") as here:
        store, model = str(here.playbook.store), here.model.base_url
        with Served(store, model, "--workers", "2") as served, Local(store, idle_timeout=600) as local:
            books = asyncio.run(_write(served, local, model, _SHORT_SECONDS if options.short else _SECONDS))
            lost, doubled = asyncio.run(_read(served, books))
    chapter.inform("writers", _WRITERS)
    chapter.inform("requests answered", books.requests)
    chapter.at_least("runs completed", books.runs, 1)
    chapter.none("answers that report a lock", books.locked)
    chapter.none("wrong answers", books.wrong)
    chapter.none("lost", lost)
    chapter.none("doubled", doubled)
    return chapter


async def _write(served: Served, local: Local, model: str, seconds: float) -> _Books:
    books = _Books()
    limits = httpx2.Limits(max_connections=None)
    unix = httpx2.AsyncHTTPTransport(uds=str(local.socket), limits=limits)
    told = {"Runtime-Options": json.dumps({"base_url": model, "api_key": "unused"})}
    async with (
        httpx2.AsyncClient(base_url=served.url, headers=BETA, timeout=_PATIENCE, limits=limits) as tcp,
        httpx2.AsyncClient(base_url=local.url, headers={**BETA, **told}, timeout=_PATIENCE, transport=unix) as socket,
    ):
        assistant = (await tcp.post("/assistants", json={"model": "some"})).json()["id"]
        writers = (_Writer((tcp, socket)[number % 2], books, f"{number}", assistant) for number in range(_WRITERS))
        until = time.monotonic() + seconds
        await asyncio.gather(*(writer.write(until) for writer in writers))
    return books


class _Writer:
    """A writer, which sends one request after the other."""

    def __init__(self, client: httpx2.AsyncClient, books: _Books, name: str, assistant: str) -> None:
        self._client, self._books, self._name, self._assistant = client, books, name, assistant

    async def write(self, until: float) -> None:
        """Write until this time, at least one thread with a run."""
        for number in itertools.count():
            await self._thread(number)
            if time.monotonic() >= until:
                return

    async def _thread(self, number: int) -> None:
        name = f"{self._name}-{number}"
        first, second = f"First {name}", f"Second {name}"
        body = {"messages": [{"role": "user", "content": first}], "metadata": {"name": name}}
        thread = await self._ask("POST", "/threads", body, {"Idempotency-Key": name})
        if thread is None:
            return
        path = f"/threads/{thread['id']}"
        self._books.threads[thread["id"]] = [first]
        if await self._ask("POST", f"{path}/messages", {"role": "user", "content": second}):
            self._books.threads[thread["id"]].append(second)
        changed = await self._ask("POST", path, {"metadata": {"name": name, "changed": "yes"}})
        if changed and changed["metadata"] != {"name": name, "changed": "yes"}:
            self._books.wrong.append(f"{path}: {changed}")
        if number % _A_RUN_EACH == 0:
            await self._run(path, second)
        elif number % _A_RUN_EACH == 1 and await self._ask("DELETE", path):
            self._books.deleted.add(thread["id"])

    async def _run(self, path: str, question: str) -> None:
        run = await self._ask("POST", f"{path}/runs", {"assistant_id": self._assistant})
        while run and run["status"] not in TERMINAL:
            await asyncio.sleep(0.1)
            run = await self._ask("GET", f"{path}/runs/{run['id']}")
        if run and run["status"] == "completed":
            self._books.runs += 1
            self._books.threads[path.rpartition("/")[2]].append(f"Reply to: {question}")
        elif run:
            self._books.wrong.append(f"{path}: the run ended as {run['status']}, {run['last_error']}")

    async def _ask(self, method: str, path: str, body: Json | None = None, headers: Json | None = None) -> Json | None:
        """Return the answer, or None if it is wrong."""
        try:
            answer = await self._client.request(method, path, json=body, headers=headers)
        except httpx2.HTTPError as error:
            self._books.wrong.append(f"{method} {path}: {error!r}")
            return None
        self._books.requests += 1
        if answer.status_code == 200:
            found: Json = answer.json()
            return found
        wrong = self._books.locked if "busy" in answer.text or "lock" in answer.text else self._books.wrong
        wrong.append(f"{method} {path}: {answer.status_code}, {answer.text}")
        return None


async def _read(served: Served, books: _Books) -> tuple[list[str], list[str]]:
    """Read the whole store. Return the lost and the duplicated objects."""
    lost: list[str] = []
    found: dict[str, int] = {}
    async with httpx2.AsyncClient(base_url=served.url, headers=BETA, timeout=_PATIENCE) as client:
        page = {"has_more": True, "last_id": None}
        while page["has_more"]:
            after = f"&after={page['last_id']}" if page["last_id"] else ""
            page = (await client.get(f"/threads?order=asc&limit=100{after}")).json()
            for thread in page["data"]:
                found[thread["id"]] = found.get(thread["id"], 0) + 1
        for thread, texts in books.threads.items():
            if thread in books.deleted:
                continue
            messages = (await client.get(f"/threads/{thread}/messages?order=asc")).json().get("data", [])
            stored = [message["content"][0]["text"]["value"] for message in messages]
            if stored != texts:
                lost.append(f"{thread} has {stored}, not {texts}")
    lost += [f"thread {thread}" for thread in books.threads.keys() - books.deleted - found.keys()]
    doubled = [f"thread {thread}: {count} times" for thread, count in found.items() if count > 1]
    # A thread may exist even if its creation was not answered.
    unknown = found.keys() - books.threads.keys() - books.deleted
    doubled += [f"thread {thread}, which was not created by a writer" for thread in unknown] if not books.wrong else []
    return lost, doubled + [f"thread {thread} is deleted" for thread in books.deleted & found.keys()]
