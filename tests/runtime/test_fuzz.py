# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""More than 20,000 requests of all kinds: each failure is the client's fault."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import random
import re
import socket
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import httpx2
import pytest
from threadworks_runtime import server as limits
from threadworks_runtime.app import Runtime, create_app
from threadworks_runtime.runner.pool import Pool
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, connect

_REQUESTS = 7000  # of each executor and store
_CONNECTIONS = 2000
_AT_ONCE = 250
_SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}}
_MESSAGE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": "https://x/y", "detail": "low"}},
    ],
    "attachments": [{"file_id": "f", "tools": [{"type": "code_interpreter"}]}],
    "metadata": {"k": "v"},
}
_ASSISTANT = {
    "model": "m",
    "name": "n",
    "description": None,
    "instructions": "i",
    "tools": [
        {"type": "code_interpreter"},
        {"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 0.5}}},
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": None}},
    ],
    "tool_resources": {"code_interpreter": {"file_ids": ["f"]}, "file_search": {"vector_store_ids": ["v"]}},
    "metadata": {"k": "v"},
    "temperature": 1,
    "top_p": 0.5,
    "response_format": _SCHEMA,
    "reasoning_effort": "low",
}
_RUN = {
    "assistant_id": "ASSISTANT",
    "model": "m",
    "instructions": "i",
    "tools": [],
    "metadata": {},
    "temperature": 0,
    "max_prompt_tokens": 256,
    "truncation_strategy": {"type": "last_messages", "last_messages": 1},
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "parallel_tool_calls": False,
    "response_format": "auto",
}
_ROUTES: list[tuple[str, dict[str, Any]]] = [
    ("/v1/assistants", _ASSISTANT),
    ("/v1/assistants/ASSISTANT", _ASSISTANT),
    ("/v1/threads", {"messages": [_MESSAGE], "metadata": {"k": "v"}, "tool_resources": {}}),
    ("/v1/threads/THREAD", {"metadata": {"k": "v"}}),
    ("/v1/threads/THREAD/messages", _MESSAGE),
    ("/v1/threads/THREAD/messages/MESSAGE", {"metadata": {}}),
    ("/v1/threads/THREAD/runs", {**_RUN, "additional_messages": [_MESSAGE], "reasoning_effort": "none"}),
    ("/v1/threads/THREAD/runs/RUN", {"metadata": {"k": "v"}}),
    ("/v1/threads/THREAD/runs/RUN/cancel", {}),
    ("/v1/threads/THREAD/runs/RUN/submit_tool_outputs", {"tool_outputs": [{"tool_call_id": "c", "output": "o"}]}),
    ("/v1/threads/THREAD/runs/RUN/steps", {}),
    ("/v1/threads/THREAD/runs/RUN/steps/STEP", {}),
    ("/v1/threads/runs", {**_RUN, "thread": {"messages": [_MESSAGE]}, "tool_resources": None}),
    ("/healthz", {}),
    ("/v1/nothing", {}),
]
_ODD: list[Any] = [
    None, True, -1, 0, 1e308, 2**70, "", "\0", "x" * 70, "☃", "asst_x", [], [[]], {}, {"type": None}, {"type": "text"},
    "auto",
]  # fmt: skip
_QUERIES = [
    "", "limit=5", "limit=-1", "limit=1e9", "order=asc", "order=x", "after=THREAD", "before=RUN", "after=%00",
    "run_id=RUN", "metadata[k]=v", "metadata[]=", "metadata[k]=%FF", "include[]=x", "limit", "&&=&", "limit=5&limit=6",
    "stream=1",
]  # fmt: skip


_OPTIONS = {"base_url": "http://127.0.0.1:9/v1", "api_key": "k", "timeout": 5, "max_retries": 0, "idle_timeout": 9.5}


class _Nobody(Pool):
    """Executes nothing: what is created stays queued, and streams end at once."""

    def __init__(self, app: Runtime) -> None:
        super().__init__(app.context.settings, app.context.store)
        self.stopped = True

    def fill(self) -> None:
        pass

    def start(self, *_run: Any, **_options: Any) -> None:
        return None


def _mutated(rng: random.Random, value: Any) -> Any:
    """The value with something in it replaced, removed, added or repeated."""
    value = copy.deepcopy(value)
    for _time in range(rng.choice((0, 1, 1, 1, 2, 3))):
        here, path = value, []
        while isinstance(here, (dict, list)) and here and (not path or rng.random() < 0.7):
            path.append(rng.choice(list(here)) if isinstance(here, dict) else rng.randrange(len(here)))
            holder, here = here, here[path[-1]]
        if not path:
            return copy.deepcopy(rng.choice(_ODD))
        change = rng.randrange(4)
        if change == 0:
            del holder[path[-1]]
        elif change == 1:
            holder[path[-1]] = rng.choice([[here] * 140, {str(n): "v" for n in range(17)}, copy.deepcopy(_ASSISTANT)])
        else:
            holder[path[-1]] = copy.deepcopy(rng.choice(_ODD))
        if isinstance(holder, dict) and rng.random() < 0.1:
            holder[rng.choice(["extra", "", "stream", "metadata", "\0"])] = copy.deepcopy(rng.choice(_ODD))
    return value


def _body(rng: random.Random, template: dict[str, Any], ids: dict[str, str]) -> bytes:
    kind = rng.random()
    if kind < 0.03:
        return rng.randbytes(rng.randrange(60))
    text = json.dumps(_mutated(rng, template))
    for name, id in ids.items():
        text = text.replace(name, id)
    if kind < 0.06:
        cut = rng.randrange(len(text) + 1)
        return (text[:cut] + rng.choice(["", "}", "NaN", "\\ud800", '"'])).encode()
    return b"" if kind < 0.09 else text.encode()


def _headers(rng: random.Random) -> dict[str, str]:
    headers = {"openai-beta": "assistants=v2", "content-type": "application/json"}
    if rng.random() < 0.03:
        headers["openai-beta"] = rng.choice(["", "assistants=v1", "é"])
    if rng.random() < 0.03:
        headers["content-type"] = rng.choice(["", "text/plain", "application/json;", ";", "é/ü"])
    if rng.random() < 0.03:
        headers["idempotency-key"] = rng.choice(["k", "k2", "é", "\0", "x" * 300])
    if rng.random() < 0.2:
        options = json.dumps(_mutated(rng, _OPTIONS) if rng.random() < 0.5 else _OPTIONS)
        headers["runtime-options"] = rng.choice(["", "é", "[", options[:-2]]) if rng.random() < 0.1 else options
    return headers


async def _ask(
    app: Runtime, method: str, path: str, query: str, body: bytes, headers: dict[str, str]
) -> tuple[int, bytes]:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode(errors="replace"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [
            *((name.encode(), value.encode()) for name, value in headers.items()),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("runtime", 80),
    }
    # The body arrives in two pieces, as larger bodies do.
    received = [
        {"type": "http.request", "body": body[:9], "more_body": True},
        {"type": "http.request", "body": body[9:]},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return received.pop(0) if received else {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(event.get("body", b"") for event in sent)


_BYTES = [
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /v1/threads?limit=5 HTTP/1.1\r\nHost: localhost\r\nOpenAI-Beta: assistants=v2\r\n\r\n",
    (
        b"POST /v1/threads HTTP/1.1\r\nHost: localhost\r\nOpenAI-Beta: assistants=v2\r\n"
        b"Content-Type: application/json\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    ),
    (
        b"POST /v1/threads HTTP/1.1\r\nHost: localhost\r\nOpenAI-Beta: assistants=v2\r\n"
        b"Content-Type: application/json\r\n"
        b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nX: y\r\n\r\n"
    ),
    (
        b"GET /v1/threads HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]
_PIECES = [
    b"\r\n", b"\n", b"\0", b" ", b":", b"\xff", b"//", b"%2F", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"\t", b"-1",
    b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"9" * 20, b"OPTIONS", b"",
    b"x" * 300,
]  # fmt: skip


def _garbled(rng: random.Random) -> bytes:
    """A few requests on one connection, with pieces of them replaced, repeated, cut out or put in."""
    text = b"".join(rng.choices(_BYTES, k=rng.choice((1, 1, 2, 3))))
    for _time in range(rng.randrange(4)):
        begin = rng.randrange(len(text) + 1)
        end = min(begin + rng.choice((0, 1, 1, 5, 30)), len(text))
        text = text[:begin] + rng.choice([*_PIECES, text[begin:end] * 2, rng.randbytes(3)]) + text[end:]
    return text


def _answers(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    come = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            come += piece
    return come


@pytest.mark.any_store
def test_no_bytes_make_the_server_fail(
    app: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for limit, seconds in (("_LOOK", 0.1), ("_TO_SEND_A_BODY", 1), ("_TO_LEAVE", 0.1)):
        monkeypatch.setattr(limits, limit, seconds)
    rng = random.Random(2026)
    seen: Counter[bytes] = Counter()
    with AppServer(app, timeout_keep_alive=1) as server:
        for _time in range(_CONNECTIONS // _AT_ONCE):
            with ExitStack() as stack:
                texts = [_garbled(rng) for _number in range(_AT_ONCE)]
                connections = [stack.enter_context(connect(server)) for _text in texts]
                for connection, text in zip(connections, texts, strict=True):
                    with suppress(ConnectionError):
                        connection.sendall(text)
                for connection, text in zip(connections, texts, strict=True):
                    answers = _answers(connection)
                    assert b"HTTP/1.1 5" not in answers, text
                    seen.update(re.findall(rb"HTTP/1.1 (\d+)", answers))
            assert httpx2.get(f"{server.root}/healthz", timeout=60).status_code == 200
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert seen.keys() >= {b"100", b"200", b"400", b"404"}, seen


def test_no_request_makes_the_runtime_fail(either: Settings) -> None:
    app = create_app(replace(either, concurrent_runs=0))
    app.context.executor = _Nobody(app)
    try:
        asyncio.run(_send_all(app, random.Random(f"{either.executor} {app.context.store.engine.dialect.name}")))
    finally:
        app.context.store.close()


async def _send_all(app: Runtime, rng: random.Random) -> None:
    usual = {"openai-beta": "assistants=v2", "content-type": "application/json"}

    async def made(path: str, body: Any) -> str:
        return json.loads((await _ask(app, "POST", path, "", json.dumps(body).encode(), usual))[1])["id"]

    seen: Counter[tuple[str, int]] = Counter()
    ids: dict[str, str] = {}
    for number in range(_REQUESTS):
        if number % 500 == 0:
            thread = await made("/v1/threads", {})
            assistant = await made("/v1/assistants", {"model": "m"})
            message = await made(f"/v1/threads/{thread}/messages", {"role": "user", "content": "x"})
            run = await made(f"/v1/threads/{thread}/runs", {"assistant_id": assistant})
            ids = {"ASSISTANT": assistant, "THREAD": thread, "MESSAGE": message, "RUN": run, "STEP": "step_x"}
        route, template = rng.choice(_ROUTES)
        method = rng.choices(("POST", "GET", "DELETE", "PUT", "PATCH", "HEAD"), (60, 30, 2, 2, 2, 2))[0]
        path, query = route, rng.choice(_QUERIES) if method == "GET" else ""
        for name, made_id in ids.items():
            sent = made_id if rng.random() < 0.95 else rng.choice(["x", "\0", "é", "a/b", ids["RUN"], "%"])
            path, query = path.replace(name, sent), query.replace(name, quote(sent))
        body = _body(rng, template, ids) if method in ("POST", "PUT", "PATCH") else b""
        status, answer = await _ask(app, method, path, query, body, _headers(rng))
        seen[route, status] += 1
        assert status < 500, (method, path, query, body, answer)
        if status >= 400 and method != "HEAD":
            assert set(json.loads(answer)["error"]) >= {"type", "message", "param", "code"}, answer
    accepted = {route for route, status in seen if status == 200}
    refused = {route for route, status in seen if status == 400}
    everywhere = {route for route, _methods in _ROUTES} - {"/healthz", "/v1/nothing"}
    # Otherwise this test would have met only the first hurdle of each route.
    assert accepted >= everywhere - {"/v1/threads/THREAD/runs/RUN/steps/STEP"} - {
        "/v1/threads/THREAD/runs/RUN/submit_tool_outputs"
    }
    assert refused >= everywhere
