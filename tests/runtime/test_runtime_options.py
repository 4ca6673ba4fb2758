# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The header ``Runtime-Options``: each request specifies the model server of a local runtime."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from threadworks_runtime.settings import ModelOptions, Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    TERMINAL,
    Conversation,
    runtime_options,
    talking,
    wait_for,
)

pytestmark = pytest.mark.any_store

_KEYS = ("key-of-the-first", "key-of-the-second")


@pytest.fixture
def talk(settings: Settings) -> Iterator[Conversation]:
    """A client of a local runtime whose requests do not specify a model server by default."""
    with talking(replace(settings, executor="local")) as talk:
        del talk.wire.headers["Runtime-Options"]
        yield talk


def _ask(talk: Conversation, headers: dict[str, str], **fields: Any) -> dict[str, Any]:
    answer = talk.wire.post("/threads/runs", json={"assistant_id": talk.assistant, **fields}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _end(talk: Conversation, run: dict[str, Any]) -> dict[str, Any]:
    path = f"/threads/{run['thread_id']}/runs/{run['id']}"
    return wait_for(lambda: found if (found := talk.wire.get(path).json())["status"] in TERMINAL else None)


def _refusal(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


def test_each_key_is_used_by_its_own_runs_only(talk: Conversation) -> None:
    with ExitStack() as stack:
        # Each of the servers refuses the key of the other.
        servers = [stack.enter_context(ModelServer(api_key=key)) for key in _KEYS]
        for server in servers:
            server.script([{"hold": True, "sticky": True}])
        headers = [
            runtime_options(ModelOptions(base_url=server.base_url, api_key=server.api_key)) for server in servers
        ]
        runs = [_ask(talk, headers[number % 2]) for number in range(10)]
        wait_for(lambda: [len(server.runs) for server in servers] == [5, 5])
        for server in servers:
            server.release()
        assert [_end(talk, run)["status"] for run in runs] == ["completed"] * 10
        assert [len(server.runs) for server in servers] == [5, 5]
        # The same server under another key, and under none, is another one: no connection or key is shared.
        for key, status in ((_KEYS[1], "failed"), (None, "failed"), (_KEYS[0], "completed")):
            model = ModelOptions(base_url=servers[0].base_url, api_key=key)
            assert _end(talk, _ask(talk, runtime_options(model)))["status"] == status


@pytest.mark.stores("sqlite")
def test_keys_are_neither_stored_nor_logged_nor_shown(
    talk: Conversation, settings: Settings, model_server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    model_server.script([{"calls": [{"name": "disk", "arguments": {}}]}])
    headers = runtime_options(replace(settings.model, api_key=_KEYS[0], organization="their-organization"))
    talk.wire.headers.update(headers)
    run = talk.finish()
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    talk.submit(run, (call["id"], "90%"))
    assert talk.until(run, *TERMINAL)["status"] == "completed"
    model_server.api_key = "another"
    failed = talk.finish()
    assert failed["status"] == "failed"
    assert "Incorrect API key" in failed["last_error"]["message"]
    pool = talk.server.app.context.executor
    shown = [str(failed), caplog.text, repr(talk.server.app.context), repr(vars(pool))]
    # The log of SQLite is beside the store.
    files = [path.read_bytes() for path in Path(settings.store).parent.iterdir() if path.is_file()]
    assert b"thread_" in b"".join(files)
    assert not [text for text in shown if _KEYS[0] in text]
    for private in (_KEYS[0], "their-organization"):
        assert not [content for content in files if private.encode() in content]


def test_a_run_without_a_model_server_fails_with_that_reason(talk: Conversation) -> None:
    failed = talk.finish()
    assert failed["status"] == "failed"
    assert "No model server is configured" in failed["last_error"]["message"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("", "header"),
        ("[]", "header"),
        ('{"api_key": "key-of-the-first"', "header"),
        ('{"api_key": ["key-of-the-first"]}', "api_key"),
        ('{"api_key": "key-of-the-first", "timeout": 0}', "timeout"),
        ('{"api_key": "key-of-the-first", "max_retries": -1}', "max_retries"),
        ('{"api_key": "key-of-the-first", "concurrent_runs": 0}', "concurrent_runs"),
        ('{"api_key": "key-of-the-first", "idle_timeout": "1"}', "idle_timeout"),
        ('{"apikey": "key-of-the-first"}', "apikey"),
        ('{"api_key": "key-of-the-first\\nX: y"}', "api_key"),
        ('{"api_key": "key-of-the-first\\u00e9"}', "api_key"),
        ('{"api_key": "key-of-the-first\\ud800"}', "header"),
        ('{"api_key": "%s"}' % ("key-of-the-first" * 513), "api_key"),
        ('{"base_url": "http://model key-of-the-first"}', "base_url"),
        ('{"base_url": "127.0.0.1:18911/v1", "api_key": "key-of-the-first"}', "Use http://127.0.0.1:18911/v1"),
        ('{"base_url": "user:key-of-the-first@localhost/v1"}', "Use http://localhost/v1"),
        ('{"base_url": "http://model\\u0000key-of-the-first"}', "base_url"),
        ('{"organization": "a\\r\\nb", "api_key": "key-of-the-first"}', "organization"),
        ('{"project": "%s", "api_key": "key-of-the-first"}' % ("x" * 8193), "project"),
        ('{"timeout": 1e10, "api_key": "key-of-the-first"}', "less than or equal to 1000000000"),
        ('{"timeout": NaN, "api_key": "key-of-the-first"}', "timeout"),
        ('{"timeout": 1e999, "api_key": "key-of-the-first"}', "timeout"),
        ('{"max_retries": 1000001, "api_key": "key-of-the-first"}', "max_retries"),
        ('{"concurrent_runs": 10001, "api_key": "key-of-the-first"}', "concurrent_runs"),
        ('{"concurrent_runs": %s}' % ("9" * 5000), "header"),
        ('{"idle_timeout": 86401, "api_key": "key-of-the-first"}', "idle_timeout"),
        ('{"api_key": "key-of-the-first", "x": %s}' % ("[" * 10_000 + "]" * 10_000), "header"),
        ('{"%s": 1}' % ("x" * 10_000), "x" * 64 + " is"),
        ('{"api_key": "%s"}' % ("key-of-the-first" * 2500), "at most 32768 characters"),
    ],
)
def test_wrong_options_are_named_and_nothing_is_made(talk: Conversation, options: str, named: str) -> None:
    answer = talk.wire.post(talk.runs, json={"assistant_id": talk.assistant}, headers={"Runtime-Options": options})
    error = _refusal(answer)
    assert error["param"] == "Runtime-Options"
    assert named in error["message"]
    assert "key-of" not in answer.text
    assert talk.wire.get(talk.runs).json()["data"] == []


def test_nulls_and_what_is_left_out_are_the_defaults(talk: Conversation, settings: Settings) -> None:
    options = f'{{"base_url": "{settings.model.base_url}", "api_key": null, "organization": null, "project": null}}'
    assert _end(talk, _ask(talk, {"Runtime-Options": options}))["status"] == "completed"


def test_the_timeout_is_the_runs_own(talk: Conversation, settings: Settings, model_server: ModelServer) -> None:
    model_server.script([{"match": "short", "hang": True}, {"match": "long", "hold": True}])
    runs = []
    for question, timeout in (("short", 0.5), ("long", 600)):
        thread = {"messages": [{"role": "user", "content": question}]}
        runs.append(_ask(talk, runtime_options(replace(settings.model, timeout=timeout)), thread=thread))
    failed = _end(talk, runs[0])
    assert failed["status"] == "failed"
    assert "did not send anything for 0.5 seconds" in failed["last_error"]["message"]
    model_server.release()
    assert _end(talk, runs[1])["status"] == "completed"


def test_the_latest_wishes_count(talk: Conversation, settings: Settings, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    context = talk.server.app.context
    runs = [_ask(talk, runtime_options(settings.model, concurrent_runs=1, idle_timeout=7.5)) for _time in range(3)]
    wait_for(lambda: (context.executor.running(), context.executor.queued()) == (1, 2))
    assert context.idle_timeout == 7.5
    runs.append(_ask(talk, runtime_options(settings.model, concurrent_runs=4)))
    wait_for(lambda: (context.executor.running(), context.executor.queued()) == (4, 0))
    assert context.idle_timeout == 7.5
    model_server.release()
    assert {_end(talk, run)["status"] for run in runs} == {"completed"}


@pytest.mark.parametrize("wishes", ['{"base_url": "http://127.0.0.1:9/v1", "concurrent_runs": 1}', "[", ""])
def test_a_served_runtime_ignores_them(settings: Settings, wishes: str) -> None:
    with talking(settings, **{"Runtime-Options": wishes}) as talk:
        assert talk.finish()["status"] == "completed"
        assert talk.server.app.context.executor.concurrent_runs == 32
