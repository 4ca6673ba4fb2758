# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that answer with what is no answer, or with too much of it: each fails the run with a reason that helps."""

from __future__ import annotations

import gzip
import itertools
import json
import resource
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from threadworks_runtime.model import AnswerEvent, AnswerFinished, MessageFinished, ModelError, ModelServer
from threadworks_runtime.model.round import execute_round
from threadworks_runtime.settings import ModelOptions

from ansible_collections.threadworks.openai.tests.raw_server import RawServer, Reply, answer, stream
from ansible_collections.threadworks.openai.tests.unit.model.conftest import Json, Wait, every, make_message, make_run

_MIB = 1024 * 1024
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
_END: Json = {"type": "response.completed", "response": {"status": "completed"}}


def _ask(wait: Wait, base_url: str, **options: Any) -> list[AnswerEvent]:
    server = ModelServer(ModelOptions(**({"base_url": base_url, "max_retries": 0, "timeout": 20} | options)))
    try:
        return wait(every(execute_round(server, make_run(), [make_message("Hello")], private={})))
    finally:
        wait(server.close())


def _failure(wait: Wait, reply: Reply | bytes, **options: Any) -> ModelError:
    with RawServer(reply) as raw, pytest.raises(ModelError) as raised:
        _ask(wait, raw.base_url, **options)
    return raised.value


def _message(text: Any, **fields: Any) -> Json:
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "msg_1", "content": [part]}
    return {"status": "completed", "output": [item], **fields}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer("<!doctype html><title>Welcome</title>" + "x" * 100_000, kind="text/html"), 'an HTML page, "Welcome"'),
        (answer("<html><h1>Gateway</h1>" + "x" * 9_000, status="502 No", kind="text/html"), 'HTML page, "Gateway"'),
        (answer(""), "an empty answer"),
        (answer("[1, 2]"), "JSON that is not a response"),
        (answer("{}"), "JSON that is not a response"),
        (answer('{"choices": []}'), "JSON that is not a response"),
        (answer("null"), "JSON that is not a response"),
        (answer("Hello"), "not JSON"),
        (answer(b'{"status": "\xff"}'), "not UTF-8"),
        (answer("[" * 200_000), "nested too deeply"),
        (answer('{"status": "completed", "x": ' + "[" * 500 + "]" * 500 + "}"), "nested more than"),
        (answer('{"status": "meditating"}'), "status meditating"),
        (answer('{"error": {"message": "No GPU is free"}}'), "No GPU is free"),
        (answer('{"status": "completed", "output": 5}'), "cannot be processed"),
        (answer(json.dumps(_message(["no", "text"]))), "cannot be processed"),
        (answer(json.dumps({"status": "completed", "output": ["x"]})), "cannot be processed"),
        (stream("[1]", _END), "an event that is not a JSON object"),
        (stream("{not json}"), "not JSON"),
        (stream({"type": "response.completed"}), "'response' is missing in an event response.completed"),
        (stream({"type": "response.output_item.added", "item": None}), "cannot be processed"),
        (stream({"type": ["x"]}, {"type": {}}), "was interrupted before its end"),
        (stream({"type": "error", "error": [1, {"a": "b" * 10_000}]}), "with an error"),
        (answer(json.dumps({"error": {"message": "m" * 1_000_000}}), status="400 No"), "400: mmm"),
        (answer(json.dumps({"error": ["a\u0000b\u001b[31m"]}), status="418 No"), "418: "),
        (answer(gzip.compress(b"{}"), "Content-Encoding: gzip"), "compressed"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, "connection.*failed"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "connection.*failed"),
    ],
)  # fmt: skip
def test_what_is_no_answer(wait: Wait, reply: bytes, said: str) -> None:
    error = _failure(wait, reply)
    assert error.code == "server_error"
    assert len(error.message) < 1000
    assert error.message.isprintable()
    assert "Error(" not in error.message
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(error.message)


def _endless(piece: bytes) -> Reply:
    return lambda _request: itertools.chain([_HEAD], itertools.repeat(piece))


def _deltas() -> bytes:
    delta = {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "a" * 4000}
    return f"data: {json.dumps(delta)}\n\n".encode() * 20


def _added(_request: bytes) -> Iterator[bytes]:
    yield _HEAD
    yield b'data: {"type": "response.output_item.added", "item": {"type": "message", "id": "msg_1"}}\n\n'
    yield from itertools.repeat(_deltas())


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(json.dumps(_message("x" * 50 * _MIB))), "more than 8 MiB"),
        (answer("x" * 50 * _MIB, status="500 No"), "more than 8 MiB"),
        (answer(json.dumps(_message("x" * 3 * _MIB))), "more than 2097152 characters"),
        (_endless(b"data: " + b"x" * 65_536), "more than 8 MiB"),
        (_endless(b": still here\n" * 4096), "more than 8 MiB"),
        (_endless(b'data: {"type": "response.in_progress", "x": "%b"}\n\n' % (b"x" * 4096) * 20), "more than 256 MiB"),
        (_added, "more than 2097152 characters"),
    ],
    ids=["json", "error", "text", "line", "comments", "events", "deltas"],
)
def test_what_is_too_much(wait: Wait, reply: Reply | bytes, said: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = _failure(wait, reply)
    assert (error.code, said in error.message) == ("server_error", True), error.message
    # What this process sends is in it too.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024


def test_too_many_calls(wait: Wait) -> None:
    calls = [{"type": "function_call", "call_id": f"call_{number}", "name": "f"} for number in range(5000)]
    error = _failure(wait, answer(json.dumps({"status": "completed", "output": calls})))
    assert "more than 4096 messages and tool calls" in error.message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -5, 10**30, "many", True, [1], {"x": 1}, 1.5])
@pytest.mark.parametrize("name", ["input_tokens", "output_tokens", "total_tokens"])
def test_usage_that_is_no_number_of_tokens(wait: Wait, name: str, value: Any) -> None:
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, name: value}
    with RawServer(answer(json.dumps(_message("Hi", usage=usage)))) as raw:
        end = _ask(wait, raw.base_url)[-1]
    assert isinstance(end, AnswerFinished)
    assert end.reason is None
    counts = end.usage.values()
    assert all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts)
    # What JSON does not have, or no reader of it, is taken for missing.
    if not isinstance(value, float | int) or value in (-5, 1.5) or value is True:
        assert "does not report how many tokens" in end.warnings[0]


def test_numbers_and_texts_that_json_does_not_have(wait: Wait) -> None:
    body = json.dumps(_message("a\ud800b\x00c", created_at=float("nan"), x=[10**400, float("inf")]))
    with RawServer(answer(body)) as raw:
        events = _ask(wait, raw.base_url)
    (content,) = (event.content for event in events if isinstance(event, MessageFinished))
    assert content[0]["text"]["value"] == "a?b\x00c"
    assert isinstance(events[-1], AnswerFinished)
    json.dumps(events[-1].items, allow_nan=False).encode()


def test_a_redirect_to_another_server_is_not_followed(wait: Wait) -> None:
    with RawServer(answer(json.dumps(_message("Stolen")))) as other:
        for status in (301, 302, 307, 308):
            moved = answer("", f"Location: {other.base_url}/responses", status=f"{status} Moved")
            error = _failure(wait, moved, max_retries=2)
            assert f"redirects to {other.base_url}/responses ({status})" in error.message
            assert "base_url" in error.message
        assert other.requests == []


def test_a_redirect_within_the_server_is_followed(wait: Wait) -> None:
    def reply(request: bytes) -> list[bytes]:
        if request.startswith(b"POST /v1/responses "):
            return [answer("", "Location: /api/v1/responses", status="308 Moved")]
        return [answer(json.dumps(_message("Here")))]

    with RawServer(reply) as raw:
        assert isinstance(_ask(wait, raw.base_url)[-1], AnswerFinished)
        bodies = [request.partition(b"\r\n\r\n")[2] for request in raw.requests]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


def test_redirects_without_end_are_given_up(wait: Wait) -> None:
    with RawServer(answer("", "Location: /v1/responses", status="307 Moved")) as raw:
        with pytest.raises(ModelError, match="redirects to"):
            _ask(wait, raw.base_url, max_retries=2)
        assert len(raw.requests) == 4


def test_a_prompt_that_is_always_too_long_is_given_up(wait: Wait) -> None:
    error = {"message": "This model's context length is exceeded", "code": "context_length_exceeded", "n_ctx": 2**60}
    with RawServer(answer(json.dumps({"error": error}), status="400 No")) as raw:
        server = ModelServer(ModelOptions(base_url=raw.base_url, max_retries=0, timeout=20))
        messages = [make_message("word " * 100) for _number in range(100)]
        with pytest.raises(ModelError, match="context length is exceeded"):
            wait(every(execute_round(server, make_run(), messages, private={})))
        wait(server.close())
        assert len([request for request in raw.requests if request.startswith(b"POST /v1/responses ")]) == 10


def test_no_connection_in_time(wait: Wait, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threadworks_runtime.model.transport.CONNECT_SECONDS", 0.3)
    monkeypatch.setattr("threadworks_runtime.model.server.CONNECT_SECONDS", 0.3)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = f"127.0.0.1:{listener.getsockname()[1]}"
        # A full queue: the system does not accept connections any more.
        waiting = [socket.socket() for _number in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        with pytest.raises(
            ModelError, match=rf"{place} could not be reached: no connection within 0.3 seconds, 2 times"
        ):
            _ask(wait, f"http://{place}/v1", timeout=90, max_retries=1)
        for client in waiting:
            client.close()


@pytest.mark.parametrize(("path", "is_said"), [("", True), ("/", True), ("/v1", False), ("/openai/v1/", False)])
def test_base_url_without_a_path(wait: Wait, path: str, is_said: bool) -> None:
    for reply in (
        answer("<html>Hi", kind="text/html"),
        answer("404 page not found", status="404 No", kind="text/plain"),
    ):
        with RawServer(reply) as raw, pytest.raises(ModelError) as raised:
            _ask(wait, f"http://{raw.place}{path}")
        assert ("below /v1" in raised.value.message) is is_said, raised.value.message


@pytest.mark.parametrize("options", [{"api_key": "line\nbreak-in-key"}, {"api_key": "schlüssel"}, {"project": "\x00"}])
def test_a_value_that_no_header_can_have(wait: Wait, options: Json) -> None:
    ((name, value),) = options.items()
    with pytest.raises(ModelError, match=f"^{name} contains a character") as raised:
        _ask(wait, "http://127.0.0.1:9/v1", **options)
    assert value not in raised.value.message


@pytest.mark.parametrize("proxy", ["socks9://127.0.0.1:1", "http://127.0.0.1:no"])
def test_a_proxy_that_is_none(wait: Wait, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(ModelError, match="environment variables for proxies"):
        _ask(wait, "http://model.example.invalid/v1")
