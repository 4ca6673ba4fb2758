# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Budgets: they hold for runs at the same time and on several servers, and a refused run costs nothing."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, select
from threadworks_runtime.app import Runtime, create_app
from threadworks_runtime.schemas.terms import read_terms
from threadworks_runtime.settings import Settings
from threadworks_runtime.store.tables import run_budgets, run_reservations

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    TERMINAL,
    AppServer,
    Conversation,
    raw_client,
    talking,
    wait_for,
)

_CALL = {"calls": [{"name": "disk", "arguments": {"path": "/"}}]}


def budget(**limits: Any) -> dict[str, str]:
    """Return the header of a client with a budget."""
    return {"Runtime-Budget": json.dumps({"name": "team", "per": "day", **limits})}


def used(talk: Conversation) -> list[dict[str, Any]]:
    return [each["used"] for each in talk.wire.get("/budgets").json()["data"]]


def test_a_run_over_the_budget_is_refused_before_the_model_is_asked(
    talk: Conversation, model_server: ModelServer
) -> None:
    talk.wire.headers.update(budget(tokens=6))
    assert talk.finish()["status"] == "completed"
    assert used(talk) == [{"tokens": 6, "cost": "0"}]
    (run,) = talk.wire.get(talk.runs).json()["data"]
    details = talk.wire.get(f"{talk.runs}/{run['id']}", params={"include[]": "details"}).json()["details"]
    (left,) = details["budgets"]
    assert left.pop("resets_at") % 86400 == 0
    assert left == {"name": "team", "per": "day", "tokens": {"limit": 6, "used": 6}, "cost": None}
    before = len(model_server.requests)
    body = {"assistant_id": talk.assistant, "additional_messages": [{"role": "user", "content": "More"}]}
    refused = talk.wire.post(talk.runs, json=body)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["budget"], error["per"]) == (
        400,
        "budget_exceeded",
        "team",
        "day",
    )
    assert (error["used"], error["limit"]) == ({"tokens": 6, "cost": "0"}, {"tokens": 6})
    assert error["free_at"] % 86400 == 0
    assert "6 of 6 tokens" in error["message"]
    with_thread = {"assistant_id": talk.assistant, "thread": {"messages": [{"role": "user", "content": "Hi"}]}}
    assert talk.wire.post("/threads/runs", json=with_thread).json()["error"]["code"] == "budget_exceeded"
    assert len(model_server.requests) == before
    assert len(talk.wire.get(talk.runs).json()["data"]) == 1
    assert len(talk.wire.get(f"/threads/{talk.thread}/messages").json()["data"]) == 2
    # Other budgets, and a higher limit, are not affected.
    for other in (budget(tokens=1000, name="other"), budget(tokens=1000), budget(tokens=1000, per="hour"), {}):
        talk.wire.headers.pop("Runtime-Budget", None)
        talk.wire.headers.update(other)
        assert talk.finish()["status"] == "completed"


@pytest.mark.parametrize("per", ["run", "play", "hour"])
def test_a_run_that_exceeds_the_budget_ends_at_its_next_round(
    talk: Conversation, model_server: ModelServer, per: str
) -> None:
    model_server.script([_CALL])
    talk.wire.headers.update(budget(tokens=4, per=per, **({"play": "p1"} if per == "play" else {})))
    run = talk.finish()
    assert run["status"] == "requires_action"
    (call,) = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    asked = len(model_server.runs)
    talk.submit(run, (call["id"], "95 %"))
    run = talk.until(run, *TERMINAL)
    assert run["status"] == "incomplete"
    details = run["incomplete_details"]
    assert details["reason"] == "budget_exceeded"
    assert details["message"].startswith(f"The budget team per {per} is used up: 5 of 4 tokens.")
    assert len(model_server.runs) == asked
    assert run["usage"]["total_tokens"] == 5
    # The next run has a budget of its own.
    if per == "run":
        assert talk.finish()["status"] == "completed"


def test_a_round_that_the_model_refuses_costs_nothing(talk: Conversation, model_server: ModelServer) -> None:
    talk.wire.headers.update(budget(tokens=1000))
    model_server.script([{"status": 400, "error": {"message": "No."}}])
    assert talk.finish()["status"] == "failed"
    assert used(talk) == [{"tokens": 0, "cost": "0"}]


def test_a_round_that_is_cut_off_counts_with_its_reservation(
    talk: Conversation, model_server: ModelServer, app: Runtime
) -> None:
    talk.wire.headers.update(budget(tokens=1_000_000))
    model_server.script([{"text": "One two three", "hold_after": 6}])
    run = talk.start()
    wait_for(lambda: talk.messages(run))
    with app.context.store.reading() as connection:
        (reserved,) = connection.execute(select(run_reservations.c.tokens)).scalars()
    talk.cancel(run)
    talk.until(run, "cancelled")
    model_server.release()
    assert reserved > 1024
    assert used(talk) == [{"tokens": reserved, "cost": "0"}]


def test_the_reservation_of_a_run_that_is_gone_does_not_block_others(talk: Conversation, app: Runtime) -> None:
    talk.wire.headers.update(budget(tokens=100_000))
    assert talk.finish()["status"] == "completed"
    with app.context.store.writing() as connection:
        key = connection.execute(select(run_budgets.c.key)).scalar_one()
        row = {"budget": key, "run_id": "run_gone", "tokens": 50, "cost": 0, "is_alone": True}
        connection.execute(insert(run_reservations).values(row))
    assert talk.finish()["status"] == "completed"
    assert used(talk)[0]["tokens"] == 6 + 50 + 9
    with app.context.store.reading() as connection:
        assert connection.execute(select(run_reservations)).all() == []


def test_a_cost_is_a_limit_and_needs_a_price(settings: Settings, model_server: ModelServer) -> None:
    limits = '{"name": "money", "cost": 0.000006, "per": "month"}'
    priced = read_terms('{"scripted": {"input": 1, "output": 1}}', limits)
    with talking(replace(settings, terms=priced)) as talk:
        assert talk.finish()["status"] == "completed"
        refused = talk.wire.post(talk.runs, json={"assistant_id": talk.assistant}).json()["error"]
        assert refused["used"] == {"tokens": 6, "cost": "0.000006"}
        assert refused["limit"] == {"cost": "0.000006"}
    with talking(replace(settings, terms=read_terms("", limits.replace("money", "other")))) as talk:
        asked = len(model_server.runs)
        failed = talk.finish()
        assert failed["status"] == "failed"
        assert "the price of the model is unknown" in failed["last_error"]["message"]
        assert len(model_server.runs) == asked


def test_a_round_that_may_cost_more_than_any_budget_runs_alone(settings: Settings, model_server: ModelServer) -> None:
    terms = read_terms('{"scripted": {"input": 1000000, "output": 1000000}}', '{"name": "m", "cost": 9, "per": "day"}')
    with talking(replace(settings, terms=terms)) as talk:
        assert talk.finish(max_completion_tokens=2**53)["status"] == "completed"


@pytest.mark.any_store
@pytest.mark.parametrize(
    "header", ["", "{}", '{"name": "x", "per": "day"}', '{"name": "x", "per": "play", "tokens": 1}']
)
def test_a_wrong_budget_is_refused(talk: Conversation, header: str) -> None:
    answer = talk.wire.post(talk.runs, json={"assistant_id": talk.assistant}, headers={"Runtime-Budget": header})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "Runtime-Budget")


@pytest.mark.parametrize("limit", [700, 4000, 20_000])
def test_sixty_four_runs_on_two_servers_exceed_a_budget_by_less_than_a_round(
    settings: Settings, model_server: ModelServer, limit: int
) -> None:
    """With the largest limit many rounds run at the same time, with the smallest one they run one after the other."""
    # Few deltas, which take as long as those of ninety words.
    usage = {"input_tokens": 1, "output_tokens": 90, "total_tokens": 91}
    model_server.script([{"text": "word word word", "delta_delay": 0.03, "usage": usage, "sticky": True}])
    shared = replace(
        settings,
        concurrent_runs=32,
        lease=60,  # a run that loses its lease costs more than it has used
        terms=read_terms("", json.dumps({"name": "all", "tokens": limit, "per": "month"})),
    )
    with ExitStack() as stack:
        servers = [stack.enter_context(AppServer(create_app(shared))) for _server in range(2)]
        wires = [stack.enter_context(raw_client(server)) for server in servers]
        assistant = wires[0].post("/assistants", json={"model": "scripted"}).json()["id"]
        runs = [_start(wires[number % 2], assistant) for number in range(64)]
        for run in (run for run in runs if run):
            wait_for(lambda run=run: _read(wires[0], run)["status"] in TERMINAL)
        ended = [_read(wires[0], run) for run in runs if run]
        (spent,) = [each["used"]["tokens"] for each in wires[0].get("/budgets").json()["data"]]
    asked = model_server.runs
    statuses = [run["status"] for run in ended]
    answered = statuses.count("completed")
    largest = max(run["usage"]["total_tokens"] for run in ended)
    print(  # noqa: T201
        f"\nlimit {limit}: {answered} runs completed, {statuses.count('incomplete')} incomplete, "
        f"{runs.count(None)} refused; {spent} tokens used, {max(spent - limit, 0)} over the limit; a round has "
        f"{largest}"
    )
    assert spent == sum(run["usage"]["total_tokens"] for run in ended)
    assert len(asked) == answered
    assert answered + statuses.count("incomplete") + runs.count(None) == 64
    if answered < 64:
        assert limit <= spent < limit + largest
    assert {run["incomplete_details"]["reason"] for run in ended if run["status"] == "incomplete"} <= {
        "budget_exceeded"
    }


def _start(wire: httpx2.Client, assistant: str) -> dict[str, Any] | None:
    body = {"assistant_id": assistant, "thread": {"messages": [{"role": "user", "content": "Hello"}]}}
    answer = wire.post("/threads/runs", json=body)
    if answer.status_code == 400:
        assert answer.json()["error"]["code"] == "budget_exceeded"
        return None
    run: dict[str, Any] = answer.json()
    return run


def _read(wire: httpx2.Client, run: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = wire.get(f"/threads/{run['thread_id']}/runs/{run['id']}").json()
    return found
