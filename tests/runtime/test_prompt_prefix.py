# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of a thread begin with the same bytes in each run, so that model servers can reuse their prompt caches."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any

from threadworks_runtime.settings import ModelOptions, Settings

from ansible_collections.threadworks.openai.tests.raw_server import RawServer, answer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, talking

_CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "disk", "arguments": '{"b": 1, "a": 2}'}
_FORMAT = {"name": "f", "schema": {"type": "object", "properties": {"z": {}, "a": {}}}}


def _reply(*output: dict[str, Any]) -> bytes:
    return answer(json.dumps({"status": "completed", "output": output}))


def _say(text: str) -> bytes:
    return _reply({"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": text}]})


def _until_the_end_of_the_input(body: bytes) -> bytes:
    """A request, up to the bracket that closes its input."""
    sent = json.dumps(json.loads(body)["input"], separators=(",", ":"), ensure_ascii=False).encode()
    assert body.count(sent) == 1
    return body[: body.index(sent) + len(sent) - 1]


def _converse(talk: Conversation) -> None:
    """Four runs, one of them with two rounds, with other options each time."""
    tools = [
        {
            "type": "function",
            "function": {"name": name, "parameters": {"type": "object", "properties": {"b": {}, "a": {}}}},
        }
        for name in ("memory", "disk")
    ]
    talk.wire.post(f"/assistants/{talk.assistant}", json={"tools": tools, "temperature": 0.5})
    talk.finish()
    talk.wire.post(f"/threads/{talk.thread}/messages", json={"role": "user", "content": "Grüße \U0001f600 ]}"})
    run = talk.finish(temperature=1, max_completion_tokens=5000)
    assert talk.submit(run, ("call_1", "full")).status_code == 200
    assert talk.until(run, "completed", "failed")["status"] == "completed"
    talk.finish(top_p=0.5, additional_messages=[{"role": "user", "content": "More", "metadata": {"a": "b"}}])
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    talk.wire.post(f"/threads/{talk.thread}/messages", json={"role": "user", "content": [image]})
    response_format = {"type": "json_schema", "json_schema": _FORMAT}
    talk.finish(response_format=response_format, reasoning_effort="low", metadata={"a": "b"})


def test_requests_of_a_thread_begin_with_the_same_bytes(either: Settings) -> None:
    replies = iter([_say("Hello \u00fc"), _reply(_CALL), _say("Full."), _say("Still full."), _say("{}")])
    with RawServer(lambda _request: [next(replies)]) as raw:
        model = ModelOptions(base_url=raw.base_url, max_retries=0, timeout=20)
        with talking(replace(either, model=model)) as talk:
            _converse(talk)
        bodies = [request.partition(b"\r\n\r\n")[2] for request in raw.requests]
    assert len(bodies) == 5
    for number, (earlier, later) in enumerate(itertools.pairwise(bodies)):
        known = _until_the_end_of_the_input(earlier)
        if number == 2:
            # The calls of an earlier run are sent without what the server has added to them.
            known = known[: known.index(b',{"type":"function_call"')]
        assert later.startswith(known), f"{known!r}\n{later!r}"
        assert later[len(known) :].startswith(b",{")
        # All that comes before it is the same in all runs.
        head = known[: known.index(b'"input":')]
        assert set(json.loads(head.rstrip(b",") + b"}")) == {"model", "instructions", "tools"}
