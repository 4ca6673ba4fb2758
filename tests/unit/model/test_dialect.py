# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is added to a request for the server that it goes to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from threadworks_runtime.model import ModelServer
from threadworks_runtime.model.dialect import speak, without_refused

from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer
from ansible_collections.threadworks.openai.tests.unit.model.conftest import (
    Json,
    Wait,
    build,
    every,
    make_message,
    make_run,
)

FORMAT: Json = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
OPENAI = ["api.openai.com", "eu.api.openai.com", "me.openai.azure.com", "me.services.ai.azure.com"]
OTHERS = ["127.0.0.1", "models.example.org", "api.openai.com.example.org", "notapi.openai.com"]


def request(**changes: object) -> Json:
    return build(make_run(**changes), [make_message("Hello")])


@pytest.mark.parametrize("host", OPENAI)
def test_openai_keeps_nothing_and_gets_no_unknown_field(host: str) -> None:
    body = request(response_format=FORMAT)
    assert speak(body, host=host) == body | {"store": False, "include": ["reasoning.encrypted_content"]}


@pytest.mark.parametrize("host", OTHERS)
def test_others_get_the_format_in_both_styles(host: str) -> None:
    body = request(response_format=FORMAT)
    chat = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}, "strict": False}}
    assert speak(body, host=host) == body | {"response_format": chat}
    assert speak(request(), host=host) == request()


def test_a_gateway_that_refuses_the_chat_style(connect: Callable[..., ModelServer], wait: Wait) -> None:
    with ScriptedServer(openai=True) as strict:
        body = request(response_format={"type": "json_object"})
        events = wait(every(connect(base_url=strict.base_url).respond(body)))
        assert events[-1]["type"] == "response.completed"
        assert ["response_format" in body for body in strict.runs] == [True, False]


def test_a_model_without_encrypted_reasoning() -> None:
    said = "Encrypted content is not supported with this model."
    spoken = speak(request(tools=[{"type": "code_interpreter"}]), host="api.openai.com")
    reduced = without_refused(spoken, param="include", message=said)
    assert reduced == spoken | {"include": ["code_interpreter_call.outputs"]}
    assert reduced is not None
    assert without_refused(reduced, param="model", message="No such model") is None
