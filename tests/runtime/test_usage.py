# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sums of what runs have used."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import insert, update
from threadworks_runtime.app import Runtime
from threadworks_runtime.store import Store
from threadworks_runtime.store.tables import run_usage
from threadworks_runtime.store.usage import UsageQuery, sum_usage

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime import cpu
from ansible_collections.threadworks.openai.tests.runtime.harness import RUNTIME, Conversation

_DAY = 86400
_MANY = 100_000


def usage(talk: Conversation, *group_by: str, **query: object) -> list[dict[str, Any]]:
    answer = talk.wire.get("/usage", params={"group_by[]": group_by, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_what_runs_have_used_is_added_up(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"cached_tokens": 2, "reasoning_tokens": 1}, {"model": "other"}])
    talk.finish(metadata={"team": "network"})
    talk.finish(metadata={"team": "storage"})
    model_server.script([{"status": 400, "error": {"message": "No."}}])
    talk.finish()
    (total,) = usage(talk)
    # The thread has one message more after each answer: Hello, Reply to: Hello.
    assert {**total, "seconds": 0} == {
        "object": "usage",
        "group": {},
        "runs": 3,
        "input_tokens": 3 + 6,
        "cached_tokens": 2,
        "output_tokens": 3 + 3,
        "reasoning_tokens": 1,
        "rounds": 2,
        "tool_calls": 0,
        "seconds": 0,
        "runs_without_tokens": 0,
        "runs_without_cost": 2,
        "cost": {"amount": "0", "prices_from": None},
    }
    assert [(each["group"], each["runs"]) for each in usage(talk, "model", "status")] == [
        ({"model": "other", "status": "completed"}, 1),
        ({"model": "scripted", "status": "completed"}, 1),
        ({"model": "scripted", "status": "failed"}, 1),
    ]
    assert [(each["group"], each["runs"]) for each in usage(talk, "metadata[team]")] == [
        ({"metadata[team]": "network"}, 1),
        ({"metadata[team]": "storage"}, 1),
        ({"metadata[team]": None}, 1),
    ]
    run = talk.wire.get(talk.runs).json()["data"][0]
    day = time.strftime("%Y-%m-%d", time.gmtime(run["created_at"]))
    (by_day,) = usage(talk, "day", "assistant_id", created_after=1, created_before=10**11)
    assert by_day["group"] == {"day": day, "assistant_id": talk.assistant}
    assert usage(talk, created_before=1) == usage(talk, "day", created_after=10**11) == []
    assert len(usage(talk, "model", limit=1)) == 1


@pytest.mark.any_store
@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"group_by[]": "key"}, "group_by[]"),
        ({"group_by[]": "metadata[]"}, "group_by[]"),
        ({"group_by[]": ["day", "day"]}, "group_by[]"),
        ({"group_by[]": ["metadata[a]", "metadata[b]"]}, "group_by[]"),
        ({"created_after": "-1"}, "created_after"),
        ({"created_after": "x"}, "created_after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"order": "asc"}, "order"),
    ],
)
def test_wrong_queries_are_refused(talk: Conversation, query: dict[str, Any], param: str) -> None:
    answer = talk.wire.get("/usage", params=query)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def fill(store: Store, number: int) -> None:
    """Write runs of a hundred days, with metadata."""

    def row(seq: int) -> Mapping[str, Any]:
        return {
            "run_seq": seq,
            "created_at": seq % 100 * _DAY + seq % _DAY,
            "assistant_id": f"asst_{seq % 7}",
            "model": f"model {seq % 3}",
            "status": "failed" if seq % 10 == 0 else "completed",
            "input_tokens": 2**40,
            "output_tokens": seq,
            "rounds": 1,
            "tool_calls": 0,
            "seconds": 0.5,
            "cost": None if seq % 2 else 10**12 + 1,
            "prices_from": None if seq % 2 else "2026-11-01",
        }

    with store.writing() as connection:
        connection.execute(insert(run_usage), [row(seq) for seq in range(1, number + 1)])


def test_large_costs_are_added_exactly(app: Runtime) -> None:
    store, largest = app.context.store, 2**63 - 1
    fill(store, 4)
    with store.writing() as connection:
        connection.execute(update(run_usage).values(cost=largest))
    with store.reading() as connection:
        ((total,), _more) = sum_usage(connection, UsageQuery())
    assert total["cost"] == 4 * largest
    store.close()


def test_a_hundred_thousand_runs_are_added_up_in_well_under_a_second(app: Runtime) -> None:
    fill(app.context.store, _MANY)
    for group_by in ((), ("day",), ("day", "model", "status"), ("metadata",)):
        _add_up(app.context.store, group_by)
    app.context.store.close()


def _add_up(store: Store, group_by: tuple[str, ...]) -> None:
    fastest = 60.0
    for _attempt in range(3):
        with store.reading() as connection:
            begun = cpu.used(connection)
            groups, _more = sum_usage(connection, UsageQuery(group_by, "team", limit=1000))
            fastest = min(fastest, cpu.used(connection) - begun)
        if fastest < 1:
            break
    print(f"\n{_MANY} runs by {group_by or 'nothing'}: {len(groups)} groups in {fastest:.3f} s")  # noqa: T201
    assert sum(group["runs"] for group in groups) == _MANY
    assert sum(group["output_tokens"] for group in groups) == _MANY * (_MANY + 1) // 2
    assert sum(group["input_tokens"] for group in groups) == 2**40 * _MANY
    assert sum(group["cost"] or 0 for group in groups) == (10**12 + 1) * _MANY // 2
    assert sum(group["with_cost"] for group in groups) == _MANY // 2
    assert fastest < 2


@pytest.mark.any_store
def test_no_price_is_fetched() -> None:
    """The library can fetch newer prices. No network is used, and no thread for it is started."""
    code = (
        "import socket, threading, asyncio\n"
        "def refuse(*_args, **_more): raise SystemExit('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from threadworks_runtime.usage.price_list import list_price, list_date\n"
        "from threadworks_runtime.model.usage import Reported\n"
        "answer = Reported(input_tokens=10, output_tokens=1)\n"
        "print(list_price(answer, ['gpt-5-mini'], 'https://api.openai.com/v1'), list_date())\n"
        "print([thread.name for thread in threading.enumerate()])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=RUNTIME, capture_output=True, text=True, timeout=120, check=True
    )
    price, threads = done.stdout.splitlines()
    assert price.startswith("0.0000045 ")
    assert threads == "['MainThread']"
