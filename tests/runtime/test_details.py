# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The details of runs: what the model server reports, and what is unknown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from threadworks_runtime.app import Runtime, create_app
from threadworks_runtime.schemas.terms import read_terms
from threadworks_runtime.settings import ModelOptions, Settings
from threadworks_runtime.store.tables import run_usage

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    AppServer,
    Conversation,
    raw_client,
    runtime_options,
    talking,
    wait_for,
)

_TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")


def details_of(talk: Conversation, run: dict[str, Any]) -> dict[str, Any]:
    return talk.wire.get(f"{talk.runs}/{run['id']}/details").json()


def tokens_of(details: dict[str, Any]) -> list[int | None]:
    return [details[name] for name in _TOKENS]


def test_a_run_of_two_rounds_keeps_what_it_has_used(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script(
        [
            {"calls": [{"name": "disk", "arguments": {"path": "/"}}], "cached_tokens": 1, "service_tier": "flex"},
            {"text": "It is full.", "cached_tokens": 2, "reasoning_tokens": 1, "model": "scripted-2026-11-01"},
        ]
    )
    run = talk.finish()
    waiting = details_of(talk, run)
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    talk.submit(run, (call["id"], "95 %"))
    run = talk.until(run, "completed")
    details = details_of(talk, run)
    # Be brief. Hello / {"path": "/"}; Be brief. Hello 95 % / It is full.
    assert tokens_of(waiting) == [3, 1, 2, 0]
    assert tokens_of(details) == [3 + 5, 1 + 2, 2 + 3, 1]
    assert (details["input_tokens"], details["output_tokens"]) == (
        run["usage"]["prompt_tokens"],
        run["usage"]["completion_tokens"],
    )
    assert (waiting["model"], waiting["service_tier"]) == ("scripted", "flex")
    assert (details["model"], details["service_tier"]) == ("scripted-2026-11-01", "default")
    assert (waiting["rounds"], details["rounds"], details["tool_calls"]) == (1, 2, 1)
    assert 0 <= details["seconds_to_first_token"] <= details["seconds"] < 60
    assert details["seconds_to_first_token"] == waiting["seconds_to_first_token"]
    assert details["cost"] is None
    assert (details["id"], details["object"], details["thread_id"]) == (run["id"], "thread.run.details", talk.thread)
    assert talk.wire.get(f"/runs/{run['id']}/details").json() == details


def test_what_is_not_reported_is_unknown(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "Hi", "usage": None, "service_tier": None}])
    details = details_of(talk, talk.finish())
    assert tokens_of(details) == [None] * 4
    assert details["service_tier"] is None
    model_server.script([{"text": "Hi", "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}}])
    assert tokens_of(details_of(talk, talk.finish())) == [7, None, 3, None]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"input_tokens": 7, "output_tokens": 3, "input_tokens_details": "none"}, [7, None, 3, None]),
        ({"input_tokens": 7, "output_tokens": 3, "input_tokens_details": {"cached_tokens": -1}}, [7, None, 3, None]),
        ({"input_tokens": 7, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 99}}, [7, 7, 3, None]),
        ({"input_tokens": "7", "output_tokens": 3}, [None] * 4),
        ({"input_tokens": 2**40, "output_tokens": 3}, [None] * 4),
    ],
)
@pytest.mark.any_store
def test_invalid_numbers_are_not_counted(
    talk: Conversation, model_server: ModelServer, usage: dict[str, Any], tokens: list[int | None]
) -> None:
    model_server.script([{"text": "Hi", "usage": usage}])
    assert tokens_of(details_of(talk, talk.finish())) == tokens


def test_an_answer_that_cannot_be_used_is_counted(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "not JSON", "ignore": ["format"]}])
    run = talk.finish(response_format={"type": "json_object"})
    assert run["status"] == "failed"
    details = details_of(talk, run)
    assert (details["rounds"], tokens_of(details)) == (1, [3, 0, 2, 0])


def test_a_refused_request_has_used_nothing(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"status": 400, "error": {"message": "No.", "code": "invalid_prompt"}}])
    details = details_of(talk, talk.finish())
    assert (details["rounds"], tokens_of(details)) == (0, [0] * 4)
    assert details["cost"] == {"amount": "0", "prices_from": None}
    assert details["model"] is None


def test_a_round_that_is_cut_off_is_unknown(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "One two three", "hold_after": 6}])
    run = talk.start()
    wait_for(lambda: talk.messages(run))
    talk.cancel(run)
    talk.until(run, "cancelled")
    model_server.release()
    details = details_of(talk, run)
    assert (details["rounds"], tokens_of(details)) == (1, [None] * 4)


def test_a_run_includes_its_details_on_request(talk: Conversation, model_server: ModelServer) -> None:
    plain = talk.finish()
    asked = {"include[]": "details"}
    details = details_of(talk, plain)
    shown = {name: details[name] for name in details.keys() - {"id", "object", "thread_id"}}
    path = f"{talk.runs}/{plain['id']}"
    with_details = {**plain, "details": shown}
    assert talk.wire.get(path, params=asked).json() == with_details
    assert talk.wire.post(path, params=asked, json={}).json() == with_details
    assert talk.wire.get(talk.runs, params=asked).json()["data"] == [with_details]
    both = talk.wire.get(talk.runs, params={"include[]": ["details", "messages"]}).json()["data"]
    assert [each.keys() - plain.keys() for each in both] == [{"details", "messages"}]
    created = talk.wire.post(talk.runs, params=asked, json={"assistant_id": talk.assistant}).json()
    assert created["details"]["rounds"] in (0, 1)
    refused = talk.wire.get(path, params={"include[]": "costs"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "include[]")


@pytest.mark.parametrize("include", [{}, {"include[]": "details"}])
def test_the_events_of_a_stream_have_details_on_request(
    talk: Conversation, model_server: ModelServer, include: dict[str, str]
) -> None:
    answer = talk.wire.post(talk.runs, params=include, json={"assistant_id": talk.assistant, "stream": True})
    events = [piece.split("\n") for piece in answer.text.split("\n\n") if piece.startswith("event: thread.run.")]
    runs = [
        (name.removeprefix("event: thread.run."), json.loads(data.removeprefix("data: ")))
        for name, data in events
        if ".step" not in name
    ]
    has_details = {name: "details" in run for name, run in runs}
    expected = bool(include)
    assert has_details == {"created": False, "queued": False, "in_progress": expected, "completed": expected}
    if include:
        assert tokens_of(runs[-1][1]["details"]) == [3, 0, 3, 0]


def test_each_run_that_has_ended_has_a_row(talk: Conversation, app: Runtime, model_server: ModelServer) -> None:
    done = talk.finish(metadata={"team": "network"})
    model_server.script([{"hold": True}])
    cancelled = talk.start()
    talk.cancel(cancelled)
    talk.until(cancelled, "cancelled")
    model_server.release()
    assert talk.wire.delete(f"/threads/{talk.thread}").status_code == 200
    with app.context.store.reading() as connection:
        rows = connection.execute(select(run_usage).order_by(run_usage.c.run_seq)).all()
    assert [(row.status, row.model, row.assistant_id, row.created_at) for row in rows] == [
        ("completed", "scripted", talk.assistant, done["created_at"]),
        ("cancelled", "scripted", talk.assistant, cancelled["created_at"]),
    ]
    assert (rows[0].input_tokens, rows[0].output_tokens, rows[0].rounds) == (3, 3, 1)


def test_the_prices_of_the_client_are_those_of_the_run(settings: Settings, model_server: ModelServer) -> None:
    prices = json.dumps({"scripted": {"input": 1, "cached": 0.5, "output": 10}})
    local = replace(settings, executor="local", model=ModelOptions())
    model_server.script([{"cached_tokens": 2}])
    with AppServer(create_app(local)) as server:
        with raw_client(server, **runtime_options(settings.model, prices=prices)) as wire:
            talk = Conversation(wire, server)
            details = details_of(talk, talk.finish())
            # 1 new token, 2 cached tokens and 3 tokens of the answer.
            assert details["cost"] == {"amount": "0.000032", "prices_from": None}
            (total,) = wire.get("/usage").json()["data"]
            assert (total["cost"], total["runs_without_cost"]) == (details["cost"], 0)
        with raw_client(server, **runtime_options(settings.model, prices="{}")) as wire:
            talk = Conversation(wire, server)
            assert details_of(talk, talk.finish())["cost"] is None
            (total,) = wire.get("/usage").json()["data"]
            assert (total["cost"]["amount"], total["runs_without_cost"]) == ("0.000032", 1)
        with raw_client(server, **runtime_options(settings.model, prices='{"m": {"input": "x"}}')) as wire:
            refused = wire.post(talk.runs, json={"assistant_id": talk.assistant})
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, "Runtime-Options")


def test_a_served_runtime_has_its_own_prices(settings: Settings) -> None:
    priced = replace(settings, terms=read_terms('{"scripted": {"input": 0, "output": 0}}', ""))
    with talking(priced) as talk:
        assert details_of(talk, talk.finish())["cost"] == {"amount": "0", "prices_from": None}


@pytest.mark.any_store
def test_a_cost_that_cannot_be_right_is_unknown(settings: Settings, model_server: ModelServer) -> None:
    per_token = read_terms('{"scripted": {"input": 999999, "output": 999999}}', "")
    model_server.script([{"usage": {"input_tokens": 10**10, "output_tokens": 10**10, "total_tokens": 0}}])
    with talking(replace(settings, terms=per_token)) as talk:
        run = talk.finish()
        assert (run["status"], details_of(talk, run)["cost"]) == ("completed", None)
        assert talk.wire.get("/usage").json()["data"][0]["input_tokens"] == 10**10
