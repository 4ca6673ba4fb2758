# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulate each kind of faulty model server, for one local runtime.

The run must end as expected, with a clear error. The stored data must be readable. The thread must be free for the next
run, which must complete. The runtime must continue to run, and its memory must remain small.
"""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import procfs
from chapter import Chapter, Options
from clear import unclear
from troubles import KINDS
from troubles.kind import Kind, Server
from troubles.servers import serving

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import TERMINAL, Local, raw_client, wait_for

Json = dict[str, Any]

_AT_ONCE = 24
_ASKED_KINDS = 95
_ENDLESS_SECONDS = 4.0
_LONGEST = 180.0
_MOST_MEMORY = 400  # MiB
_TOOL = {"type": "function", "function": {"name": "disk"}}


def run(options: Options) -> Chapter:
    """Simulate every kind. The short form omits those that take long."""
    kinds = [kind for kind in KINDS if not (options.short and (kind.heavy or kind.endless or "once" in kind.name))]
    chapter = Chapter()
    own = [kind for kind in kinds if kind.script is None]
    with (
        ModelServer() as scripted,
        ModelServer() as elsewhere,
        serving(own, elsewhere.base_url, options.folder) as servers,
        Local(str(options.folder / "runtime.db"), concurrent_runs=_AT_ONCE, idle_timeout=900) as runtime,
    ):
        scripted.script([{"match": f"[{kind.name}]", "sticky": True, **kind.script} for kind in kinds if kind.script])
        meeting = _Meeting(runtime, scripted, servers)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(meeting.meet, (kind for kind in kinds if not kind.heavy)))
        for kind in kinds:
            if kind.heavy:
                meeting.meet(kind)
        chapter.at_least("kinds of model-server trouble", len(kinds), 0 if options.short else _ASKED_KINDS)
        for what, wrong in meeting.wrong.items():
            chapter.none(what, wrong)
        sent = [request["path"] for request in elsewhere.requests]
        chapter.none("requests that followed a redirect to another server", sent)
        chapter.none("runtimes that died", [] if not runtime.is_gone() else ["the local runtime is gone"])
        if procfs.AVAILABLE and not runtime.is_gone():
            chapter.at_most("largest memory of the runtime, MiB", round(procfs.peak(runtime.pid)), _MOST_MEMORY)
    return chapter


class _Meeting:
    """Runs with faulty model servers.

    Attributes:
        wrong: The failures by kind.
    """

    def __init__(self, runtime: Local, scripted: ModelServer, servers: dict[str, Server]) -> None:
        self.wrong: dict[str, list[str]] = {
            "runs without the expected end": [],
            "errors that are not clear": [],
            "threads that cannot be read": [],
            "replies doubled": [],
            "threads that take no further run": [],
            "servers that were asked too often": [],
        }
        self._runtime, self._scripted, self._servers = runtime, scripted, servers
        self._lock = threading.Lock()

    def meet(self, kind: Kind) -> None:
        """Execute a run with a faulty model server, and check the result."""
        with raw_client(self._runtime) as wire:
            wire.timeout = httpx2.Timeout(_LONGEST)
            try:
                self._meet(kind, wire)
            except (AssertionError, httpx2.HTTPError, ValueError, KeyError) as error:
                self._note("runs without the expected end", kind, f"the runtime gave no answer: {error!r}")

    def _meet(self, kind: Kind, wire: httpx2.Client) -> None:
        server = self._servers.get(kind.name)
        model = {
            "base_url": server.base_url if server else self._scripted.base_url,
            "api_key": "sk-faults",
            "timeout": kind.timeout,
            "max_retries": kind.retries,
        }
        assistant = _made(wire, "/assistants", {"model": "some", "tools": [_TOOL]})
        thread = _made(wire, "/threads", {"messages": [{"role": "user", "content": f"[{kind.name}]"}]})
        runs = f"/threads/{thread}/runs"
        run = f"{runs}/{_made(wire, runs, {'assistant_id': assistant, **kind.run}, model)}"
        ended = self._ended(kind, wire, run)
        if ended["status"] not in kind.ends:
            self._note("runs without the expected end", kind, f"{ended['status']}, {ended['last_error']}")
        if ended["status"] == "failed":
            self._judge(kind, ended["last_error"])
        if server and server.attempts > kind.most_requests:
            self._note("servers that were asked too often", kind, f"{server.attempts} times")
        if ended["status"] == "requires_action":
            wire.post(f"{run}/cancel")
        for path in (f"/threads/{thread}", f"/threads/{thread}/messages", run, f"{run}/steps"):
            self._read(kind, wire, path)
        replies = wire.get(f"/threads/{thread}/messages?run_id={run.rpartition('/')[2]}").json()["data"]
        if ended["status"] == "completed" and len(replies) > kind.most_replies:
            self._note("replies doubled", kind, f"{len(replies)} messages")
        self._run_once_more(kind, wire, thread, assistant)

    def _ended(self, kind: Kind, wire: httpx2.Client, run: str) -> Json:
        """Wait until the run ends. If the server never ends its answer, cancel the run."""
        began = time.monotonic()

        def ended() -> Json | None:
            read: Json = wire.get(run).json()
            if kind.endless and read["status"] == "in_progress" and time.monotonic() > began + _ENDLESS_SECONDS:
                wire.post(f"{run}/cancel")
            return read if read["status"] in (*TERMINAL, "requires_action") else None

        try:
            found: Json = wait_for(ended, seconds=_LONGEST)
        except AssertionError:
            wire.post(f"{run}/cancel")
            found = {"status": f"still active after {_LONGEST:g} seconds", "last_error": None}
        return found

    def _judge(self, kind: Kind, error: Json | None) -> None:
        message = (error or {}).get("message")
        if problem := unclear(message):
            self._note("errors that are not clear", kind, f"{problem}: {str(message)[:300]!r}")
        elif not re.search(kind.says, str(message), re.IGNORECASE | re.DOTALL):
            self._note("errors that are not clear", kind, f"it does not say {kind.says}: {str(message)[:300]!r}")

    def _read(self, kind: Kind, wire: httpx2.Client, path: str) -> None:
        answer = wire.get(path)
        try:
            json.loads(answer.content.decode())
            problem = "" if answer.status_code == 200 else f"status {answer.status_code}"
        except (ValueError, RecursionError) as error:
            problem = repr(error)
        if problem:
            self._note("threads that cannot be read", kind, f"{path}: {problem}")

    def _run_once_more(self, kind: Kind, wire: httpx2.Client, thread: str, assistant: str) -> None:
        """Send the content of the thread to a server that works."""
        wire.post(f"/threads/{thread}/messages", json={"role": "user", "content": "Once more"})
        model = {"base_url": self._scripted.base_url, "api_key": "sk-faults", "timeout": 60, "max_retries": 0}
        answer = wire.post(
            f"/threads/{thread}/runs", json={"assistant_id": assistant}, headers={"Runtime-Options": json.dumps(model)}
        )
        if answer.status_code != 200:
            self._note("threads that take no further run", kind, answer.text)
            return
        ended = self._ended(kind, wire, f"/threads/{thread}/runs/{answer.json()['id']}")
        if ended["status"] != "completed":
            self._note("threads that take no further run", kind, f"{ended['status']}, {ended['last_error']}")

    def _note(self, what: str, kind: Kind, problem: str) -> None:
        with self._lock:
            self.wrong[what].append(f"{kind.name}: {problem}")


def _made(wire: httpx2.Client, path: str, body: Json, model: Json | None = None) -> str:
    answer = wire.post(path, json=body, headers={"Runtime-Options": json.dumps(model)} if model else {})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])
