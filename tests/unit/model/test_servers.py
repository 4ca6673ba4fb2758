# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model servers that runs share, and the connections to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from threadworks_runtime.model import ModelError, ModelServer, ModelServers
from threadworks_runtime.settings import ModelOptions

from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer
from ansible_collections.threadworks.openai.tests.unit.model.conftest import Json, Wait, every

BODY: Json = {"model": "scripted-model", "input": "Hello", "max_output_tokens": 100}


def _options(number: int) -> ModelOptions:
    return ModelOptions(base_url=f"http://127.0.0.1:{number}/v1", api_key="key")


def test_the_same_options_are_the_same_server() -> None:
    servers = ModelServers()
    assert servers.get(_options(1)) is servers.get(_options(1))
    assert servers.get(_options(1)) is not servers.get(_options(2))
    others = [
        ModelOptions(base_url=_options(1).base_url, api_key="other"),
        ModelOptions(base_url=_options(1).base_url),
        ModelOptions(base_url=_options(1).base_url, api_key="key", timeout=5),
    ]
    assert len({servers.get(options) for options in (_options(1), *others)}) == 4


def test_those_that_were_used_last_are_kept() -> None:
    servers = ModelServers()
    kept = servers.get(_options(1))
    for number in range(2, 200):
        servers.get(_options(number))
        assert servers.get(_options(1)) is kept
    assert len(servers._servers) <= 64


def test_options_that_name_no_server_are_refused_each_time() -> None:
    servers = ModelServers()
    for _time in range(2):
        with pytest.raises(ModelError, match="No model server is configured"):
            servers.get(ModelOptions())


def test_answers_that_follow_each_other_come_over_one_connection(
    connect: Callable[..., ModelServer], wait: Wait, model_server: ScriptedServer
) -> None:
    server = connect()
    for _time in range(3):
        wait(every(server.respond(BODY)))
    assert (len(model_server.runs), model_server.connections) == (3, 1)


def test_an_answer_that_is_not_wanted_any_more_gives_its_connection_up(
    connect: Callable[..., ModelServer], wait: Wait, model_server: ScriptedServer
) -> None:
    model_server.script([{"text": "one two three", "hang_after": 5}])
    server = connect()

    async def begin_and_leave() -> None:
        answer = server.respond(BODY)
        await anext(answer)
        await answer.aclose()

    wait(begin_and_leave())
    wait(every(server.respond(BODY)))
    assert (len(model_server.runs), model_server.connections) == (2, 2)


def test_many_at_once_have_a_connection_each(
    connect: Callable[..., ModelServer], wait: Wait, model_server: ScriptedServer
) -> None:
    model_server.script([{"hold": True, "sticky": True}])
    server = connect(timeout=60)

    async def ask_all() -> None:
        asked = [asyncio.create_task(every(server.respond(BODY))) for _number in range(150)]
        while len(model_server.runs) < 150:
            await asyncio.sleep(0.01)
        model_server.release()
        answers = await asyncio.gather(*asked)
        assert {answer[-1]["type"] for answer in answers} == {"response.completed"}

    wait(asyncio.wait_for(ask_all(), 300))


def test_closed_servers_have_no_connections(wait: Wait, model_server: ScriptedServer) -> None:
    servers = ModelServers()
    wait(every(servers.get(ModelOptions(base_url=model_server.base_url)).respond(BODY)))
    assert model_server.open_connections == 1
    wait(servers.close())

    async def closed() -> None:
        while model_server.open_connections:
            await asyncio.sleep(0.01)

    wait(asyncio.wait_for(closed(), 300))
