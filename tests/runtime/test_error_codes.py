# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that a client must react to have a code and data, in addition to the four standard keys (docs/runtime.md)."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, sdk

pytestmark = pytest.mark.any_store
_CALL = {"name": "disk", "arguments": "{}"}
_MESSAGE = {"role": "user", "content": "x"}
_KEYS = {"type", "message", "param", "code"}


def _told(answer: httpx2.Response) -> dict[str, Any]:
    """The code and the data of a refusal."""
    error = answer.json()["error"]
    assert answer.status_code == 400, error
    assert set(error) >= _KEYS
    assert error["type"] == "invalid_request_error"
    return {name: value for name, value in error.items() if name not in {"type", "message", "param"}}


@pytest.fixture
def waiting(talk: Conversation, model_server: ModelServer) -> dict[str, Any]:
    """A run that waits for the output of its function call."""
    model_server.script([{"calls": [_CALL]}])
    return talk.finish()


def test_a_thread_with_an_active_run(talk: Conversation, waiting: dict[str, Any]) -> None:
    expected = {"code": "run_active", "run_id": waiting["id"], "run_status": "requires_action"}
    assert _told(talk.wire.post(talk.runs, json={"assistant_id": talk.assistant})) == expected
    assert _told(talk.wire.post(f"/threads/{talk.thread}/messages", json=_MESSAGE)) == expected


def test_a_run_that_has_ended(talk: Conversation) -> None:
    run = talk.finish()
    data = {"run_id": run["id"], "run_status": "completed"}
    assert _told(talk.cancel(run)) == {"code": "run_not_cancellable", **data}
    assert _told(talk.submit(run, ("call_x", "y"))) == {"code": "run_not_waiting", **data}


def test_outputs_of_other_calls(talk: Conversation, waiting: dict[str, Any]) -> None:
    (call,) = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
    told = _told(talk.submit(waiting, ("call_x", "y")))
    assert told == {"code": "tool_outputs_mismatch", "run_id": waiting["id"], "expected": [call["id"]]}


def test_idempotency_keys(wire: httpx2.Client) -> None:
    key = {"Idempotency-Key": "one"}
    assert wire.post("/threads", headers=key).status_code == 200
    assert _told(wire.post("/threads", json={"metadata": {"a": "b"}}, headers=key)) == {
        "code": "idempotency_key_reused"
    }
    assert _told(wire.post("/threads", headers={"Idempotency-Key": ""})) == {"code": "invalid_idempotency_key"}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/assistants/asst_x", "assistant_not_found"),
        ("/threads/thread_x", "thread_not_found"),
        ("/threads/{thread}/messages/msg_x", "message_not_found"),
        ("/threads/{thread}/runs/run_x", "run_not_found"),
        ("/threads/{thread}/runs/{run}/steps/step_x", "run_step_not_found"),
        ("/completions", "unknown_url"),
    ],
)
def test_what_is_not_there(talk: Conversation, path: str, code: str) -> None:
    answer = talk.wire.get(path.format(thread=talk.thread, run=talk.finish()["id"]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


def test_the_sdk_keeps_code_and_data(talk: Conversation, waiting: dict[str, Any]) -> None:
    with sdk(talk.server) as client, pytest.raises(openai.BadRequestError) as caught:
        client.beta.threads.runs.create(talk.thread, assistant_id=talk.assistant)
    assert caught.value.code == "run_active"
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["run_id"] == waiting["id"]
