# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a model server sends, what is stored can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from threadworks_runtime.app import Runtime
from threadworks_runtime.settings import ModelOptions, Settings
from threadworks_runtime.store import Store, rows
from threadworks_runtime.store.tables import MESSAGES

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.raw_server import RawServer, Reply, answer, stream
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, sdk, talking, wait_for

KEY = "canary-4711-0815"
_HALF = "\ud800"


def test_half_a_surrogate_pair_is_replaced(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": f"one {_HALF} two"}])
    run = talk.finish()
    assert run["status"] == "completed"
    (message,) = talk.messages(run)
    assert message["content"][0]["text"]["value"] == "one ? two"


def test_thread_that_has_one_already_can_be_read(talk: Conversation, app: Runtime) -> None:
    run = talk.finish()
    (message,) = talk.messages(run)
    with app.context.store.writing() as connection:
        row = rows.find(connection, MESSAGES, message["id"])
        row.document["content"][0]["text"]["value"] = _HALF
        rows.save(connection, MESSAGES, row, row.document)
    for path in (f"/threads/{talk.thread}/messages", f"{talk.runs}?include[]=messages"):
        answer = talk.wire.get(path)
        assert (answer.status_code, "ud800" in answer.text, "ufffd" in answer.text) == (200, False, True)


@contextmanager
def _facing(settings: Settings, reply: Reply | bytes, **options: Any) -> Iterator[Conversation]:
    """A conversation with a runtime whose model server answers with any bytes."""
    with RawServer(reply) as raw:
        model = ModelOptions(base_url=raw.base_url, max_retries=0, timeout=20, **options)
        with talking(replace(settings, model=model)) as talk:
            yield talk


def _message(text: str, number: int = 1) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": f"msg_{number}", "content": [part]}


def _whole(*output: dict[str, Any], **fields: Any) -> bytes:
    return answer(json.dumps({"status": "completed", "output": list(output), **fields}))


def _call(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": "disk", **fields}


_NAN = float("nan")
_SEARCH = {"type": "file_search_call", "id": "fs_1", "results": [{"file_id": "file_1", "score": _NAN, "text": "\x00"}]}
_CODE = {
    "type": "code_interpreter_call",
    "id": "ci_1",
    "code": _HALF,
    "outputs": [{"type": "logs", "logs": "\x00\ud8ff"}],
}
_CITED = {"type": "file_citation", "file_id": f"file{_HALF}", "index": 10**400}


@pytest.mark.parametrize(
    "reply",
    [
        _whole(_message(f"a\x00b{_HALF}c\udfff\U0001f600")),
        _whole(_SEARCH, _CODE, _message("Hi")),
        _whole({**_message("Hi"), "content": [{"type": "output_text", "text": "Hi", "annotations": [_CITED]}]}),
        _whole(_message("Hi"), usage={"input_tokens": 10**400, "output_tokens": _NAN, "total_tokens": "many"}),
        _whole(_message("Hi"), usage={"input_tokens": -1, "output_tokens": True}),
        _whole({"type": "reasoning", "id": f"rs{_HALF}", "x": [_NAN, -_NAN, 10**400], _HALF: 1}, _message("Hi")),
        _whole(_call(arguments=f'{{"a": "{_HALF}\\ud800", "b": NaN}}', call_id=f"call{_HALF}\x00")),
        _whole(_call(arguments="[" * 100_000)),
        _whole(_call(name=f"a b/../{_HALF}\x00")),
        stream({"type": "response.output_item.added", "item": _message("")}, "[]", "{}"),
        _whole(error={"message": f"{_HALF}\x00", "code": [1]}),
        answer(json.dumps({"error": {"message": f"a{_HALF}\x1b[2J" + "x" * 10**6}}), status="400 No"),
    ],
)  # fmt: skip
def test_what_is_stored_is_text_and_json(settings: Settings, reply: bytes) -> None:
    with _facing(settings, reply) as talk:
        tools = [{"type": "function", "function": {"name": "disk"}}, {"type": "code_interpreter"}]
        run = talk.finish(tools=tools)
        assert run["status"] in ("completed", "requires_action", "failed")
        assert "unexpected" not in str(run["last_error"])
        # Read as any client does it: strict JSON in UTF-8, and the SDK's types.
        for path in (f"{talk.runs}/{run['id']}", f"{talk.runs}/{run['id']}/steps", f"/threads/{talk.thread}/messages"):
            found = talk.wire.get(path)
            assert found.status_code == 200
            json.dumps(json.loads(found.content.decode(), parse_constant=pytest.fail)).encode()
        with sdk(talk.server) as client:
            threads = client.beta.threads
            steps = list(threads.runs.steps.list(run["id"], thread_id=talk.thread))  # type: ignore[deprecated]
            list(threads.messages.list(talk.thread))
        counts = [count for step in steps if step.usage for count in step.usage.to_dict().values()]
        assert all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts)


def _with_key() -> dict[str, bytes]:
    item = {"type": "message", "id": "msg_1"}
    end = {"type": "response.completed", "response": {"status": "completed"}}
    pieces = [{"type": "response.output_text.delta", "item_id": "msg_1", "delta": char} for char in f"It is {KEY}."]
    return {
        "error event": stream({"type": "error", "error": {"message": KEY, "code": KEY}}),
        "failed": stream({"type": "response.failed", "response": {"status": "failed", "error": {"message": KEY}}}),
        "status line": f"HTTP/1.1 999 {KEY} {KEY}\r\n\r\n".encode(),
        "no status line": f"{KEY}\r\n\r\n".encode(),
        "text": _whole(_message(KEY)),
        "pieces": stream({"type": "response.output_item.added", "item": item}, *pieces, end),
        "call": _whole(_call(call_id=KEY, name=KEY, arguments=json.dumps({KEY: KEY}))),
        "code": _whole({**_CODE, "code": KEY, "outputs": [{"type": "logs", "logs": KEY}]}),
    }


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("kind", list(_with_key()))
def test_a_key_that_comes_back_is_neither_stored_nor_shown(settings: Settings, tmp_path: Path, kind: str) -> None:
    local = replace(settings, executor="local")
    with _facing(local, _with_key()[kind], api_key=KEY) as talk:
        body = {"assistant_id": talk.assistant, "stream": True, "tools": [{"type": "code_interpreter"}]}
        shown = talk.wire.post(talk.runs, json=body).text
        assert "event: done" in shown
    # Together, and in the pieces of a stream.
    assert "-4711-" not in shown
    assert '"value": "1"' not in shown
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"-4711-" not in written


def test_an_answer_without_output_completes_and_keeps_its_warning(settings: Settings) -> None:
    with _facing(settings, _whole()) as talk:
        run = talk.finish()
        assert run["status"] == "completed"
        assert talk.messages(run) == []
        (step,) = talk.steps(run)
        assert (step["status"], step["step_details"]["tool_calls"]) == ("completed", [])
        assert "The model's answer is empty." in step["metadata"].values()


def test_a_stream_that_comes_twice_makes_one_message(settings: Settings) -> None:
    message = _message("Hello")
    events = [
        {"type": "response.output_item.added", "item": {**message, "content": []}},
        {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "Hello"},
        {"type": "response.output_item.done", "item": message},
    ]
    end = {"type": "response.completed", "response": {"status": "completed", "output": [message]}}
    with _facing(settings, stream(*events, *events, end, end)) as talk:
        run = talk.finish()
        assert [found["content"][0]["text"]["value"] for found in talk.messages(run)] == ["Hello"]


@pytest.fixture
def count_writes(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Counts the store's write transactions."""
    count = 0
    write = Store.write

    async def counted(self: Store, work: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        return await write(self, work, **options)

    monkeypatch.setattr(Store, "write", counted)
    return lambda: count


def test_many_calls_in_a_round_are_written_at_once(settings: Settings, count_writes: Callable[[], int]) -> None:
    calls = [_call(number, arguments='{"path": "/"}') for number in range(2000)]
    rounds = iter([_whole(*calls), _whole(_message("Done"))])
    with _facing(settings, lambda _request: [next(rounds)]) as talk:
        before = count_writes()
        run = talk.finish(tools=[{"type": "function", "function": {"name": "disk", "parameters": {"type": "object"}}}])
        asked = run["required_action"]["submit_tool_outputs"]["tool_calls"]
        assert [call["id"] for call in asked] == [call["call_id"] for call in calls]
        assert count_writes() - before < 30
        assert talk.submit(run, *((call["id"], "full") for call in asked)).status_code == 200
        assert talk.until(run, "completed")["usage"]
        (step, _message_step) = talk.steps(run)
        assert {call["function"]["output"] for call in step["step_details"]["tool_calls"]} == {"full"}


def test_calls_of_a_round_that_is_cancelled_are_kept(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"calls": [{"name": "disk"}, {"name": "disk"}], "hold_after": 6}])
    run = talk.start()
    talk.until(run, "in_progress")
    # The first of two calls has come.
    wait_for(lambda: talk.steps(run))
    talk.cancel(run)
    talk.until(run, "cancelled")
    (step,) = talk.steps(run)
    assert step["status"] == "cancelled"
    assert [call["function"]["name"] for call in step["step_details"]["tool_calls"]] == ["disk"]
