# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which messages a request contains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from threadworks_runtime.model import AnswerEvent, AnswerFinished, LimitReached

from ansible_collections.threadworks.openai.tests.model_server import ModelServer as ScriptedServer
from ansible_collections.threadworks.openai.tests.unit.model.conftest import Json, build, make_message, make_run

Ask = Callable[..., list[AnswerEvent]]


def words(count: int, start: str, role: str = "user") -> Json:
    """A message of so many words, which the scripted server counts as tokens."""
    return make_message(f"{start} " + "word " * (count - 1), role)


def sent(server: ScriptedServer) -> list[str]:
    """The first word of each message that the server was sent."""
    texts = []
    for item in server.runs[-1]["input"]:
        content = item["content"]
        texts.append((content if isinstance(content, str) else content[0]["text"]).split()[0])
    return texts


THREAD = [words(100, name, role) for name, role in zip("abcde", ["user", "assistant"] * 2 + ["user"], strict=False)]


@pytest.mark.parametrize(("count", "kept"), [(1, "e"), (3, "cde"), (5, "abcde"), (9, "abcde")])
def test_last_messages_exactly(ask: Ask, model_server: ScriptedServer, count: int, kept: str) -> None:
    ask(messages=THREAD, truncation_strategy={"type": "last_messages", "last_messages": count})
    assert sent(model_server) == list(kept)


@pytest.mark.parametrize(("limit", "kept"), [(500, "abcde"), (499, "acde"), (300, "ade"), (256, "ae")])
def test_auto_drops_from_the_middle(ask: Ask, model_server: ScriptedServer, limit: int, kept: str) -> None:
    ask(messages=THREAD, max_prompt_tokens=limit)
    assert sent(model_server) == list(kept)


def test_the_latest_user_message_is_never_dropped(ask: Ask, model_server: ScriptedServer) -> None:
    ask(messages=[*THREAD, words(200, "f"), words(100, "g", "assistant")], max_prompt_tokens=256)
    assert sent(model_server) == ["f"]


def test_what_cannot_fit_is_not_sent(ask: Ask, model_server: ScriptedServer) -> None:
    with pytest.raises(LimitReached) as raised:
        ask(messages=[words(10, "a"), words(300, "b")], max_prompt_tokens=256)
    assert raised.value.reason == "max_prompt_tokens"
    assert model_server.runs == []


def test_last_messages_are_not_dropped_for_a_limit(ask: Ask) -> None:
    strategy = {"type": "last_messages", "last_messages": 3}
    with pytest.raises(LimitReached):
        ask(messages=THREAD, max_prompt_tokens=256, truncation_strategy=strategy)


def test_few_requests_for_counting_many_messages(ask: Ask, model_server: ScriptedServer) -> None:
    ask(messages=[words(10, str(number)) for number in range(500)], max_prompt_tokens=1000)
    assert len(sent(model_server)) == 100
    assert len(model_server.requests) < 15


def test_the_estimate_where_the_server_does_not_count() -> None:
    """900 bytes of text are 300 tokens, and a message is 4 more."""

    async def uncounted(_body: Json) -> None:
        return None

    def limited(limit: int) -> Json:
        messages = [make_message("x" * 900), make_message("y" * 900), make_message("z" * 900)]
        return build(make_run(max_prompt_tokens=limit), messages, count=uncounted)

    assert len(limited(912)["input"]) == 3
    assert len(limited(911)["input"]) == 2
    with pytest.raises(LimitReached):
        limited(303)


def test_a_context_that_is_too_small_for_the_thread(ask: Ask, model_server: ScriptedServer) -> None:
    too_long: Json = {
        "status": 400,
        "error": {"code": 400, "message": "request (500 tokens) exceeds the available context size (400 tokens)"}
        | {"type": "exceed_context_size_error", "n_prompt_tokens": 500, "n_ctx": 400},
    }
    model_server.script([too_long])
    events = ask(messages=THREAD)
    assert isinstance(events[-1], AnswerFinished)
    assert sent(model_server) == ["a", "d", "e"]


@pytest.mark.parametrize("strategy", [{"type": "auto"}, {"type": "last_messages", "last_messages": 5}])
def test_a_context_that_is_too_small_for_the_question(ask: Ask, model_server: ScriptedServer, strategy: Any) -> None:
    error = {"message": "Your input exceeds the context window of this model.", "code": "context_length_exceeded"}
    model_server.script([{"status": 400, "error": error, "sticky": True}])
    with pytest.raises(Exception, match="exceeds the context window") as raised:
        ask(messages=THREAD[-1:], truncation_strategy=strategy)
    assert raised.value.code == "server_error"
