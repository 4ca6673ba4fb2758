# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is wrong with a request is answered in the wire's shape, with a message that names it (section 9)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from threadworks_runtime.app import Runtime, create_app
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, raw_client

pytestmark = pytest.mark.any_store

_FUNCTION = {"type": "function", "function": {"name": "f"}}
_FUNCTIONS = [{"type": "function", "function": {"name": f"f{number}"}} for number in range(128)]
_ASSISTANT: dict[str, Any] = {"model": "m"}
_MESSAGE: dict[str, Any] = {"role": "user", "content": "x"}
_RUN: dict[str, Any] = {"assistant_id": "asst_x"}


def _schema(**fields: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": fields}}


# What is sent, as (path, body), and the parameter that the answer must name.
_INVALID = [
    ("/assistants", {}, "model"),
    ("/assistants", {"model": 5}, "model"),
    ("/assistants", {"model": ""}, "model"),
    ("/assistants", {**_ASSISTANT, "nmae": "x"}, "nmae"),
    ("/assistants", {**_ASSISTANT, "name": "x" * 257}, "name"),
    ("/assistants", {**_ASSISTANT, "description": "x" * 513}, "description"),
    ("/assistants", {**_ASSISTANT, "instructions": "x" * 256_001}, "instructions"),
    ("/assistants", {**_ASSISTANT, "temperature": 2.01}, "temperature"),
    ("/assistants", {**_ASSISTANT, "temperature": -0.01}, "temperature"),
    ("/assistants", {**_ASSISTANT, "temperature": "1"}, "temperature"),
    ("/assistants", {**_ASSISTANT, "temperature": True}, "temperature"),
    ("/assistants", {**_ASSISTANT, "top_p": 1.01}, "top_p"),
    ("/assistants", {**_ASSISTANT, "metadata": {str(n): "x" for n in range(17)}}, "metadata"),
    ("/assistants", {**_ASSISTANT, "metadata": {"k" * 65: "x"}}, f"metadata.{'k' * 65}"),
    ("/assistants", {**_ASSISTANT, "metadata": {"k": "x" * 513}}, "metadata.k"),
    ("/assistants", {**_ASSISTANT, "metadata": {"k": 1}}, "metadata.k"),
    ("/assistants", {**_ASSISTANT, "metadata": {"k": "a\0b"}}, "metadata.k"),
    ("/assistants", {**_ASSISTANT, "metadata": []}, "metadata"),
    ("/assistants", {**_ASSISTANT, "tool_resources": {"file_search": ["vs"]}}, "tool_resources.file_search"),
    ("/assistants", {**_ASSISTANT, "tools": [_FUNCTION] * 129}, "tools"),
    ("/assistants", {**_ASSISTANT, "tools": [{"type": "browser"}]}, "tools[0].type"),
    ("/assistants", {**_ASSISTANT, "tools": [{}]}, "tools[0].type"),
    ("/assistants", {**_ASSISTANT, "tools": [_FUNCTION, {"type": "function"}]}, "tools[1].function"),
    ("/assistants", {**_ASSISTANT, "tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
    ("/assistants", {**_ASSISTANT, "tools": [{"type": "function", "function": 1}]}, "tools[0].function"),
    (
        "/assistants",
        {**_ASSISTANT, "tools": [{"type": "function", "function": {"name": "a b"}}]},
        "tools[0].function.name",
    ),
    (
        "/assistants",
        {**_ASSISTANT, "tools": [{"type": "function", "function": {"name": "n" * 65}}]},
        "tools[0].function.name",
    ),
    (
        "/assistants",
        {**_ASSISTANT, "tools": [{"type": "file_search", "file_search": {"max_num_results": 51}}]},
        "tools[0].file_search.max_num_results",
    ),
    (
        "/assistants",
        {**_ASSISTANT, "tool_resources": {"code_interpreter": {"file_ids": ["f"] * 21}}},
        "tool_resources.code_interpreter.file_ids",
    ),
    (
        "/assistants",
        {**_ASSISTANT, "tool_resources": {"file_search": {"vector_store_ids": ["a", "b"]}}},
        "tool_resources.file_search.vector_store_ids",
    ),
    (
        "/assistants",
        {**_ASSISTANT, "tool_resources": {"file_search": {"vector_stores": [{}], "vector_store_ids": ["a"]}}},
        "tool_resources.file_search",
    ),
    ("/assistants", {**_ASSISTANT, "response_format": "json"}, "response_format"),
    ("/assistants", {**_ASSISTANT, "response_format": {"type": "xml"}}, "response_format.type"),
    ("/assistants", {**_ASSISTANT, **_schema()}, "response_format.json_schema.name"),
    ("/assistants", {**_ASSISTANT, **_schema(name="a/b")}, "response_format.json_schema.name"),
    ("/assistants", {**_ASSISTANT, **_schema(name="a", schema=[])}, "response_format.json_schema.schema"),
    ("/assistants", {**_ASSISTANT, "reasoning_effort": "extreme"}, "reasoning_effort"),
    ("/threads", {"messages": [{"role": "system", "content": "x"}]}, "messages[0].role"),
    ("/threads", {"messages": [_MESSAGE, {"role": "user"}]}, "messages[1].content"),
    ("/threads", {"messages": None}, "messages"),
    ("/threads/{thread}/messages", {**_MESSAGE, "content": ""}, "content"),
    ("/threads/{thread}/messages", {**_MESSAGE, "content": []}, "content"),
    ("/threads/{thread}/messages", {**_MESSAGE, "content": "x" * 256_001}, "content"),
    (
        "/threads/{thread}/messages",
        {**_MESSAGE, "content": [{"type": "text", "text": "x" * 256_001}]},
        "content[0].text",
    ),
    ("/threads/{thread}/messages", {**_MESSAGE, "content": 5}, "content"),
    ("/threads/{thread}/messages", {**_MESSAGE, "content": [{"type": "text", "text": ""}]}, "content[0].text"),
    ("/threads/{thread}/messages", {**_MESSAGE, "content": [{"type": "video"}]}, "content[0].type"),
    (
        "/threads/{thread}/messages",
        {**_MESSAGE, "content": [{"type": "image_url", "image_url": {"url": "no url"}}]},
        "content[0].image_url.url",
    ),
    ("/threads/{thread}/messages", {**_MESSAGE, "attachments": [{"tools": []}]}, "attachments[0].file_id"),
    ("/threads/{thread}/messages/{message}", {"content": "x"}, "content"),
    ("/threads/{thread}/runs", {}, "assistant_id"),
    ("/threads/{thread}/runs", {**_RUN, "tools": [_FUNCTION] * 21}, "tools"),
    ("/threads/{thread}/runs", {**_RUN, "max_prompt_tokens": 255}, "max_prompt_tokens"),
    ("/threads/{thread}/runs", {**_RUN, "max_completion_tokens": 255}, "max_completion_tokens"),
    ("/threads/{thread}/runs", {**_RUN, "max_completion_tokens": 256.5}, "max_completion_tokens"),
    ("/threads/{thread}/runs", {**_RUN, "truncation_strategy": {"type": "middle"}}, "truncation_strategy.type"),
    ("/threads/{thread}/runs", {**_RUN, "truncation_strategy": {"type": "last_messages"}}, "truncation_strategy"),
    (
        "/threads/{thread}/runs",
        {**_RUN, "truncation_strategy": {"type": "last_messages", "last_messages": 0}},
        "truncation_strategy.last_messages",
    ),
    ("/threads/{thread}/runs", {**_RUN, "tool_choice": "maybe"}, "tool_choice"),
    ("/threads/{thread}/runs", {**_RUN, "tool_choice": {"type": "function"}}, "tool_choice"),
    ("/threads/{thread}/runs", {**_RUN, "parallel_tool_calls": None}, "parallel_tool_calls"),
    ("/threads/{thread}/runs", {**_RUN, "stream": "yes"}, "stream"),
    ("/threads/{thread}/runs", {**_RUN, "thread": {}}, "thread"),
    ("/threads/{thread}/runs?include[]=everything", _RUN, "include[]"),
    ("/threads/runs", {**_RUN, "reasoning_effort": "low"}, "reasoning_effort"),
    ("/threads/runs", {**_RUN, "additional_messages": []}, "additional_messages"),
    ("/threads/runs", {**_RUN, "thread": {"messages": [{**_MESSAGE, "content": ""}]}}, "thread.messages[0].content"),
    ("/threads/{thread}/runs/{run}", {"status": "completed"}, "status"),
    ("/threads/{thread}/runs/{run}/cancel", {"reason": "x"}, "reason"),
    ("/threads/{thread}/runs/{run}/submit_tool_outputs", {}, "tool_outputs"),
    ("/threads/{thread}/runs/{run}/submit_tool_outputs", {"tool_outputs": [{}]}, "tool_outputs[0].tool_call_id"),
]
_AT_THE_LIMIT = [
    ("/assistants", {**_ASSISTANT, "name": "x" * 256, "description": "x" * 512, "instructions": "x" * 256_000}),
    ("/assistants", {**_ASSISTANT, "metadata": {f"{n:064}": "x" * 512 for n in range(16)}}),
    ("/assistants", {**_ASSISTANT, "tools": _FUNCTIONS, "temperature": 2, "top_p": 0}),
    ("/assistants", {**_ASSISTANT, "tools": [{"type": "function", "function": {"name": "n" * 64}}]}),
    ("/threads/{thread}/messages", {**_MESSAGE, "content": "x" * 256_000}),
    ("/threads/{thread}/messages", {**_MESSAGE, "content": [{"type": "text", "text": "x" * 256_000}] * 3}),
]


def _error(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    (error,) = answer.json().values()
    assert set(error) == {"type", "message", "param", "code"}
    return error


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """One for all tests here: what is refused leaves nothing behind."""
    settings = Settings(store=str(tmp_path_factory.mktemp("runtime") / "runtime.db"), executor="served")
    with AppServer(create_app(settings)) as server:
        yield server


@pytest.fixture
def thread(wire: httpx2.Client) -> str:
    return wire.post("/threads", json={}).json()["id"]


@pytest.mark.parametrize(("path", "body", "param"), _INVALID, ids=lambda value: value if isinstance(value, str) else "")
def test_invalid_bodies_name_their_field(
    wire: httpx2.Client, thread: str, path: str, body: dict[str, Any], param: str
) -> None:
    error = _error(wire.post(path.format(thread=thread, run="run_x", message="msg_x"), json=body), 400)
    assert ("instance of" in str(error), error["type"], error["param"]) == (False, "invalid_request_error", param)
    assert f"'{param}'" in error["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/assistants", {**_ASSISTANT, "n" * 1_000_000: "x"}),
        ("/assistants", {**_ASSISTANT, "metadata": {"n" * 1_000_000: "x"}}),
        ("/assistants", {**_ASSISTANT, "tools": [{"type": "n" * 1_000_000}]}),
        ("/assistants", {**_ASSISTANT, "tools": [{"type": "code_interpreter", "n" * 1_000_000: "x"}]}),
        ("/threads/runs", {"assistant_id": "n" * 1_000_000}),
        ("/threads/{thread}/runs", {"assistant_id": "n" * 1_000_000}),
    ],
)
def test_errors_do_not_repeat_long_names(wire: httpx2.Client, thread: str, path: str, body: dict[str, Any]) -> None:
    answer = wire.post(path.format(thread=thread), json=body)
    assert answer.status_code in (400, 404)
    assert "nnn..." in answer.json()["error"]["message"]
    assert len(answer.content) < 600


def test_errors_do_not_repeat_long_queries(wire: httpx2.Client) -> None:
    for query in (f"after={'n' * 50_000}", f"metadata[{'n' * 50_000}]=%00"):
        answer = wire.get(f"/threads?{query}")
        assert answer.status_code == 400
        assert "nnn..." in answer.json()["error"]["message"]
        assert len(answer.content) < 600


@pytest.mark.parametrize(("path", "body"), _AT_THE_LIMIT)
def test_the_limits_themselves_are_allowed(wire: httpx2.Client, thread: str, path: str, body: dict[str, Any]) -> None:
    assert wire.post(path.format(thread=thread), json=body).status_code == 200


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=1&limit=2", "limit"),
        ("order=up", "order"),
        ("after=thread_x", "after"),
        ("before=thread_x", "before"),
        ("metadata[a]=%00", "metadata[a]"),
    ],
)
def test_invalid_queries_name_their_parameter(wire: httpx2.Client, query: str, param: str) -> None:
    error = _error(wire.get(f"/threads?{query}"), 400)
    assert error["param"] == param
    assert f"'{param}'" in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "noun", "id"),
    [
        ("GET", "/assistants/asst_x", "assistant", "asst_x"),
        ("POST", "/assistants/asst_x", "assistant", "asst_x"),
        ("DELETE", "/assistants/asst_x", "assistant", "asst_x"),
        ("GET", "/threads/thread_x", "thread", "thread_x"),
        ("DELETE", "/threads/%00", "thread", "\0"),
        ("GET", "/threads/thread_x/messages", "thread", "thread_x"),
        ("POST", "/threads/thread_x/runs/run_x/cancel", "thread", "thread_x"),
        ("GET", "/threads/{thread}/messages/msg_x", "message", "msg_x"),
        ("DELETE", "/threads/{thread}/messages/{foreign_message}", "message", "{foreign_message}"),
        ("GET", "/threads/{thread}/runs/run_x", "run", "run_x"),
        ("GET", "/threads/{thread}/runs/{foreign_run}", "run", "{foreign_run}"),
        ("POST", "/threads/{thread}/runs/{foreign_run}/cancel", "run", "{foreign_run}"),
        ("GET", "/threads/{thread}/runs/{foreign_run}/steps", "run", "{foreign_run}"),
        ("GET", "/threads/{foreign}/runs/{foreign_run}/steps/step_x", "run step", "step_x"),
    ],
)
def test_unknown_and_foreign_ids(wire: httpx2.Client, thread: str, method: str, path: str, noun: str, id: str) -> None:
    assistant_id = wire.post("/assistants", json=_ASSISTANT).json()["id"]
    foreign = wire.post("/threads", json={"messages": [_MESSAGE]}).json()["id"]
    known = {
        "thread": thread,
        "foreign": foreign,
        "foreign_message": wire.get(f"/threads/{foreign}/messages").json()["data"][0]["id"],
        "foreign_run": wire.post(f"/threads/{foreign}/runs", json={"assistant_id": assistant_id}).json()["id"],
    }
    error = _error(wire.request(method, path.format(**known)), 404)
    assert error["message"] == f"No {noun} found with id '{id.format(**known)}'."


def test_a_run_of_an_unknown_assistant_makes_nothing(wire: httpx2.Client) -> None:
    before = wire.get("/threads?limit=1").json()["data"]
    error = _error(wire.post("/threads/runs", json=_RUN), 404)
    assert error["message"] == "No assistant found with id 'asst_x'."
    assert wire.get("/threads?limit=1").json()["data"] == before


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b'{"model": NaN}',
        b'{"metadata": {"a": "\\ud800"}}',
        b'{"tools": 1e999}',
        b"[" * 5000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"metadata": {"\\udfff": "a"}}',
        b'{"model": "\xed\xa0\x80"}',
        b'{"temperature": Infinity}',
        b'{"temperature": -1e999}',
        b"\xef\xbb\xbf{}",
        b"{}{}",
        b"\0{}",
        b'{"x": %s}' % (b"9" * 5000),
    ],
)
def test_malformed_json(wire: httpx2.Client, body: bytes) -> None:
    error = _error(wire.post("/assistants", content=body, headers={"content-type": "application/json"}), 400)
    assert error["code"] == "invalid_json"


def test_odd_json_that_is_valid(wire: httpx2.Client) -> None:
    as_json = {"content-type": "application/json"}
    # The last one of several counts, as everywhere.
    twice = wire.post("/assistants", content=b'{"model": "a", "model": "b"}', headers=as_json)
    assert twice.json()["model"] == "b"
    parameters = b'{"type": "object", "x": %d, "y": 1e308, "z": %s}' % (2**70, b"[" * 50 + b"]" * 50)
    tool = b'{"type": "function", "function": {"name": "f", "parameters": %s}}' % parameters
    made = wire.post("/assistants", content=b'{"model": "m", "tools": [%s]}' % tool, headers=as_json)
    assert made.status_code in (200, 400), made.text
    if made.status_code == 200:
        read = wire.get(f"/assistants/{made.json()['id']}").json()
        assert read["tools"][0]["function"]["parameters"]["x"] == 2**70


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"5"])
def test_a_body_that_is_no_object(wire: httpx2.Client, body: bytes) -> None:
    answer = wire.post("/threads", content=body, headers={"content-type": "application/json"})
    assert "object" in _error(answer, 400)["message"]


def test_empty_bodies_of_any_content_type_are_empty_objects(wire: httpx2.Client, thread: str) -> None:
    as_json = {"content-type": "application/json"}
    assert wire.post("/threads", headers=as_json).status_code == 200
    assert wire.post("/threads").status_code == 200
    assert wire.post(f"/threads/{thread}", headers=as_json).status_code == 200
    assert wire.request("DELETE", f"/threads/{thread}", headers=as_json).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_unsupported_content_types(wire: httpx2.Client, content_type: str) -> None:
    answer = wire.post("/threads", content=b"{}", headers={"content-type": content_type})
    assert "application/json" in _error(answer, 415)["message"]


def test_json_with_a_charset_is_json(wire: httpx2.Client) -> None:
    answer = wire.post("/threads", content=b"{}", headers={"content-type": "Application/JSON; charset=utf-8"})
    assert answer.status_code == 200


def test_wrong_methods_and_unknown_urls(wire: httpx2.Client, server: AppServer) -> None:
    answer = wire.put("/threads")
    assert "PUT" in _error(answer, 405)["message"]
    assert "POST" in answer.headers["allow"]
    assert "PUT" in _error(wire.put("/threads/runs"), 405)["message"]
    assert "/v1/completions" in _error(wire.get("/completions"), 404)["message"]
    assert _error(wire.get(f"{server.root}/threads"), 404)


def test_the_beta_header_is_needed(wire: httpx2.Client, server: AppServer) -> None:
    del wire.headers["OpenAI-Beta"]
    error = _error(wire.get("/threads"), 400)
    assert error["code"] == "invalid_beta"
    assert "You must provide the 'OpenAI-Beta' header to access the Assistants API." in error["message"]
    assert wire.get(f"{server.root}/healthz").json()["status"] == "ok"


def test_oversized_bodies(settings: Settings) -> None:
    with AppServer(create_app(replace(settings, max_body=100))) as server, raw_client(server) as wire:
        assert wire.post("/threads", json={"metadata": {"a": "x" * 70}}).status_code == 200
        error = _error(wire.post("/threads", json={"metadata": {"a": "x" * 100}}), 413)
        assert "100 bytes" in error["message"]
        assert wire.get("/threads").status_code == 200
        pieces = iter([b'{"metadata": {"a": "', b"x" * 100, b'"}}'])
        chunked = wire.post("/threads", content=pieces, headers={"content-type": "application/json"})
        assert "100 bytes" in _error(chunked, 413)["message"]
        assert len(wire.get("/threads").json()["data"]) == 1


def test_the_token(settings: Settings) -> None:
    with AppServer(create_app(replace(settings, token="s3cret"))) as server:
        for sent in ("", "Bearer", "Bearer wrong", "s3cret", "Basic s3cret"):
            with raw_client(server, Authorization=sent) as wire:
                for path in ("/threads", "/unknown"):
                    error = _error(wire.get(path), 401)
                    assert error["code"] == "invalid_api_key"
                    assert "token of the server (RUNTIME_TOKEN)" in error["message"]
                assert wire.get(f"{server.root}/healthz").status_code == 200
        with raw_client(server, Authorization="Bearer s3cret") as wire:
            assert wire.get("/threads").status_code == 200


@pytest.mark.stores("sqlite", "postgresql")
def test_a_lost_store_is_said_without_its_details(settings: Settings, app: Runtime) -> None:
    with AppServer(app) as server, raw_client(server) as wire:
        with app.context.store.writing() as connection:
            for table in ("threads_metadata", "steps", "runs_metadata", "runs", "messages_metadata", "messages"):
                connection.exec_driver_sql(f"DROP TABLE {table}")
            connection.exec_driver_sql("DROP TABLE threads")
        error = _error(wire.get("/threads"), 503)
        assert (error["type"], settings.store in error["message"]) == ("server_error", False)


def test_a_failure_of_the_runtime_is_said_without_its_text(
    wire: httpx2.Client, server: AppServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_request: object) -> None:
        raise RuntimeError("the content")

    caplog.set_level(logging.DEBUG, "threadworks")
    monkeypatch.setattr(server.app.context.store, "read", fail)
    answer = wire.get("/threads", headers={"Authorization": "Bearer the-key"})
    assert _error(answer, 500)["type"] == "server_error"
    assert [each.levelname for each in caplog.records if "RuntimeError" in each.getMessage()] == ["ERROR"]
    told = f"{answer.text}{answer.headers}{caplog.text}"
    assert not [each for each in ("the content", "the-key", "Traceback") if each in told]
