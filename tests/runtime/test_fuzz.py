# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""More than 20,000 requests of all kinds: whatever is sent, nothing fails that is not the sender's fault."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest

from ansible_collections.threadworks.openai.runtime import Settings, create_app
from ansible_collections.threadworks.openai.runtime.app import Runtime
from ansible_collections.threadworks.openai.runtime.lifecycle import Event

_REQUESTS = 22_000
_SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}}
_MESSAGE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "x"},
        {"type": "image_url", "image_url": {"url": "https://x/y", "detail": "low"}},
    ],
    "attachments": [{"file_id": "f", "tools": [{"type": "file_search"}]}],
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


class _Nobody:
    """An executor of nothing: what is created stays queued."""

    takes_queued = True
    stopped = False

    def lease(self) -> dict[str, Any]:
        return {"lease_owner": None, "lease_until": None}

    def start(self, run_id: str, *, watch: bool) -> Iterator[Event | None]:
        return iter(())

    def stop(self, grace: float) -> None:
        pass


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


def _ask(app: Runtime, method: str, path: str, query: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    status: list[str] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "runtime",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.url_scheme": "http",
        **headers,
    }
    answer = b"".join(app(environ, lambda line, _headers, *_exc: status.append(line)))
    return int(status[0][:3]), answer


@pytest.mark.timeout(120)
def test_no_request_makes_the_runtime_fail(settings: Settings) -> None:
    rng = random.Random(2026)
    app = create_app(Settings(store=settings.store, executor="threads"), executor=_Nobody())
    usual = {"HTTP_OPENAI_BETA": "assistants=v2", "CONTENT_TYPE": "application/json"}

    def made(path: str, body: Any) -> str:
        return json.loads(_ask(app, "POST", path, "", json.dumps(body).encode(), usual)[1])["id"]

    seen: Counter[tuple[str, int]] = Counter()
    ids: dict[str, str] = {}
    for number in range(_REQUESTS):
        if number % 500 == 0:
            thread = made("/v1/threads", {})
            assistant = made("/v1/assistants", {"model": "m"})
            message = made(f"/v1/threads/{thread}/messages", {"role": "user", "content": "x"})
            run = made(f"/v1/threads/{thread}/runs", {"assistant_id": assistant})
            ids = {"ASSISTANT": assistant, "THREAD": thread, "MESSAGE": message, "RUN": run, "STEP": "step_x"}
        route, template = rng.choice(_ROUTES)
        method = rng.choices(("POST", "GET", "DELETE", "PUT", "PATCH", "HEAD"), (60, 30, 2, 2, 2, 2))[0]
        path, query = route, rng.choice(_QUERIES) if method == "GET" else ""
        for name, id in ids.items():
            id = id if rng.random() < 0.95 else rng.choice(["x", "\0", "é", "a/b", ids["RUN"], "%"])
            path, query = path.replace(name, id), query.replace(name, quote(id))
        headers = dict(usual)
        if rng.random() < 0.03:
            headers["HTTP_OPENAI_BETA"] = rng.choice(["", "assistants=v1", "é"])
        if rng.random() < 0.03:
            headers["CONTENT_TYPE"] = rng.choice(["", "text/plain", "application/json;", ";", "é/ü"])
        if rng.random() < 0.03:
            headers["HTTP_IDEMPOTENCY_KEY"] = rng.choice(["k", "k2", "é", "\0", "x" * 300])
        body = _body(rng, template, ids) if method in ("POST", "PUT", "PATCH") else b""
        status, answer = _ask(app, method, path, query, body, headers)
        seen[route, status] += 1
        assert status < 500, (method, path, query, body, answer)
        if status >= 400 and method != "HEAD":
            assert set(json.loads(answer)["error"]) == {"type", "message", "param", "code"}, answer
    accepted = {route for route, status in seen if status == 200}
    refused = {route for route, status in seen if status == 400}
    everywhere = {route for route, _methods in _ROUTES} - {"/healthz", "/v1/nothing"}
    # Otherwise this test would have met only the first hurdle of each route.
    assert accepted >= everywhere - {"/v1/threads/THREAD/runs/RUN/steps/STEP"} - {
        "/v1/threads/THREAD/runs/RUN/submit_tool_outputs"
    }
    assert refused >= everywhere
    app.context.store.close()
