# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that goes wrong ends as one of a run's three error codes, with a message that helps."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from threadworks_runtime.model import AnswerEvent, ModelError, ModelServer

from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer
from ansible_collections.threadworks.openai.tests.unit.model.conftest import Json, Wait, every

Ask = Callable[..., list[AnswerEvent]]
Connect = Callable[..., ModelServer]
Failure = Callable[[ModelServer], ModelError]
BODY: Json = {"model": "scripted-model", "input": "Hello", "max_output_tokens": 100}


@pytest.fixture
def failure(wait: Wait) -> Failure:
    """Asks a server, and returns how it fails."""

    def fail(server: ModelServer) -> ModelError:
        with pytest.raises(ModelError) as raised:
            wait(every(server.respond(BODY)))
        return raised.value

    return fail


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({"status": 429, "error": {"message": "Slow down"}}, "rate_limit_exceeded", "429: Slow down"),
        ({"status": 500, "error": {"message": "Out of order"}}, "server_error", "500: Out of order"),
        ({"status": 400, "error": {"message": "No", "code": "content_policy_violation"}}, "invalid_prompt", "No"),
        ({"status": 400, "error": {"message": "Bad", "code": 400}}, "server_error", "400: Bad"),
        ({"status": 404, "error": {"message": "Unknown model"}}, "server_error", "Unknown model.*option model"),
        ({"status": 404, "error": {"message": "No such path"}}, "server_error", "No such path.*POST /responses"),
        ({"text": "Begun", "error": {"message": "Broken", "code": "server_error"}}, "server_error", "Broken"),
        ({"text": "Begun", "error": {"message": "Busy", "code": 429}}, "rate_limit_exceeded", "Busy"),
        ({"failed": {"code": "server_error", "message": "Lost"}}, "server_error", "Lost"),
        ({"failed": {"code": "invalid_prompt", "message": "Odd"}}, "invalid_prompt", "Odd"),
        ({"failed": {"code": "rate_limit_exceeded", "message": "Wait"}}, "rate_limit_exceeded", "Wait"),
        ({"failed": {"code": "bio_policy", "message": "Never"}, "json": True}, "invalid_prompt", "Never"),
        ({"text": "Un", "incomplete": "out_of_luck"}, "server_error", "truncated the answer: out_of_luck"),
        ({"text": "one two three", "break_after": 6}, "server_error", "connection.*failed"),
    ],
)
def test_codes(ask: Ask, model_server: ScriptedServer, answer: Json, code: str, said: str) -> None:
    model_server.script([answer])
    with pytest.raises(ModelError, match=said) as raised:
        ask()
    assert raised.value.code == code
    assert raised.value.status == answer.get("status")


def test_a_wrong_key_is_not_repeated(connect: Connect, failure: Failure, model_server: ScriptedServer) -> None:
    model_server.api_key = "sk-right"
    for key in ("sk-wrong-key-12345", "unusual"):
        error = failure(connect(api_key=key))
        assert error.status == 401
        assert "Incorrect API key provided" in error.message
        assert "OPENAI_API_KEY" in error.message
        assert key not in error.message
        assert "2345" not in error.message


def test_a_server_that_is_down(connect: Connect, failure: Failure) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    error = failure(connect(base_url=f"http://user:secret@127.0.0.1:{port}/v1"))
    assert f"at 127.0.0.1:{port} failed" in error.message
    assert "refused" in error.message
    assert "OPENAI_BASE_URL" in error.message
    assert "secret" not in error.message


def test_a_host_name_that_is_wrong(connect: Connect, failure: Failure) -> None:
    error = failure(connect(base_url="http://no-such-host.invalid/v1"))
    assert "at no-such-host.invalid failed: its name cannot be resolved (" in error.message
    assert "Errno" not in error.message


@pytest.mark.parametrize(("path", "hint"), [("", "has no path"), ("/v1/responses", "Remove /responses"), ("/v2", "")])
def test_a_base_url_with_a_wrong_path(
    connect: Connect, failure: Failure, model_server: ScriptedServer, path: str, hint: str
) -> None:
    message = failure(connect(base_url=model_server.base_url.removesuffix("/v1") + path)).message
    assert " 404: " in message
    assert hint in message if hint else message.endswith("supports POST /responses.")


@pytest.mark.parametrize("answer", [{"hang": True}, {"text": "one two", "hang_after": 5}])
def test_a_server_that_falls_silent(
    connect: Connect, failure: Failure, model_server: ScriptedServer, answer: Json
) -> None:
    """The timeout holds for all attempts together: what was received is not sent again."""
    model_server.script([answer | {"sticky": True}])
    assert "did not send anything for 2 seconds" in failure(connect(timeout=2, max_retries=2)).message
    assert len(model_server.runs) == 1


def test_retries_until_the_answer_begins(
    connect: Connect, failure: Failure, wait: Wait, model_server: ScriptedServer
) -> None:
    busy = {"status": 429, "error": {"message": "Slow down"}, "headers": {"Retry-After-Ms": "1"}}
    model_server.script([busy, busy])
    assert wait(every(connect(max_retries=2).respond(BODY)))[-1]["type"] == "response.completed"
    model_server.reset()
    model_server.script([{"text": "one two", "break_after": 6}])
    assert "connection" in failure(connect(max_retries=2)).message
    assert len(model_server.runs) == 1


@pytest.mark.parametrize("answer", [{"hang": True}, {"text": "one two", "hang_after": 5}])
def test_who_is_cancelled_waits_no_longer_and_hangs_up(
    connect: Connect, wait: Wait, model_server: ScriptedServer, answer: Json
) -> None:
    model_server.script([answer | {"sticky": True}])
    server = connect(timeout=60, max_retries=2)

    async def ask_and_give_up() -> None:
        asking = asyncio.create_task(every(server.respond(BODY)))
        while not model_server.runs:
            await asyncio.sleep(0.01)
        asking.cancel()
        done, _waiting = await asyncio.wait([asking], timeout=300)
        assert done
        assert asking.cancelled()
        while model_server.open_connections:
            await asyncio.sleep(0.01)

    wait(asyncio.wait_for(ask_and_give_up(), 300))
    assert len(model_server.runs) == 1


@pytest.mark.parametrize(
    "base_url", ["127.0.0.1:8080", "ftp://127.0.0.1/v1", "http://", "http://host:port/v1", "http://["]
)
def test_a_base_url_that_is_none(connect: Connect, base_url: str) -> None:
    with pytest.raises(ModelError, match="OPENAI_BASE_URL"):
        connect(base_url=base_url)


@pytest.mark.parametrize("end", ["?key=canary-4711", "#canary-4711", "/?", "?api-version=1"])
def test_a_base_url_with_more_than_a_path(connect: Connect, end: str) -> None:
    with pytest.raises(ModelError, match=r"must not contain a query or a fragment") as raised:
        connect(base_url=f"http://127.0.0.1:1/v1{end}")
    assert "4711" not in raised.value.message


def test_nothing_configured(connect: Connect) -> None:
    with pytest.raises(ModelError, match=r"OPENAI_API_KEY.*OPENAI_BASE_URL"):
        connect(base_url=None)
