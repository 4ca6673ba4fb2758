# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of the runs of all threads (an addition of the runtime)."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, event
from threadworks_runtime.app import Runtime
from threadworks_runtime.status import ACTIVE_STATUSES, RunStatus
from threadworks_runtime.store import rows
from threadworks_runtime.store.all_runs import RunFilter, list_all_runs
from threadworks_runtime.store.tables import RUNS, THREADS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation

_TEAMS = ("a", "b")
_ENDED = set(RunStatus) - set(ACTIVE_STATUSES)
_STATUSES = ("completed", "failed", "cancelled")


@pytest.fixture
def made(app: Runtime) -> list[dict[str, Any]]:
    """Twelve runs on twelve threads, oldest first. The last six were inserted before the others, as by an import."""
    runs = []
    for number in range(12):
        later = number < 6
        runs.append(
            {
                "id": f"run_{number}",
                "object": "thread.run",
                "thread_id": f"thread_{number}",
                "assistant_id": f"asst_{number % 2}",
                "status": _STATUSES[number % 3],
                # Two runs in each second.
                "created_at": 1000 + number // 2 + (100 if later else 0),
                "expires_at": None,
                "metadata": {"team": _TEAMS[number % 2], "number": str(number)},
            }
        )
    with app.context.store.writing() as connection:
        for run in runs:
            rows.insert(connection, THREADS, {"id": run["thread_id"], "metadata": {}})
            columns = {"thread_id": run["thread_id"], "status": run["status"], "expires_at": 1}
            rows.insert(connection, RUNS, run, **columns)
    return runs[6:] + runs[:6]


def _ids(wire: httpx2.Client, query: str = "") -> list[str]:
    answer = wire.get(f"/runs?{query}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"object", "data", "first_id", "last_id", "has_more"}
    ids = [run["id"] for run in body["data"]]
    assert (body["first_id"], body["last_id"]) == ((ids[0], ids[-1]) if ids else ("", ""))
    return ids


def test_runs_of_all_threads_are_listed_newest_first(wire: httpx2.Client, made: list[dict[str, Any]]) -> None:
    ids = [run["id"] for run in made]
    assert _ids(wire) == ids[::-1]
    assert _ids(wire, "order=asc") == ids
    assert wire.get("/runs?limit=1").json()["data"] == [made[-1]]


@pytest.mark.parametrize(
    ("query", "chosen"),
    [
        ("status=failed", lambda run: run["status"] == "failed"),
        ("status=failed&status=cancelled", lambda run: run["status"] in ("failed", "cancelled")),
        ("status=failed,cancelled", lambda run: run["status"] in ("failed", "cancelled")),
        ("status[]=failed&status[]=completed", lambda run: run["status"] in ("failed", "completed")),
        ("status=queued", lambda run: False),
        ("assistant_id=asst_1", lambda run: run["assistant_id"] == "asst_1"),
        ("assistant_id=asst_2", lambda run: False),
        ("metadata[team]=a", lambda run: run["metadata"]["team"] == "a"),
        ("metadata[team]=a&metadata[number]=4", lambda run: run["metadata"]["number"] == "4"),
        ("created_after=1005", lambda run: run["created_at"] >= 1005),
        ("created_before=1005", lambda run: run["created_at"] < 1005),
        ("created_after=1004&created_before=1101", lambda run: 1004 <= run["created_at"] < 1101),
        (
            "status=failed&assistant_id=asst_0&metadata[team]=a&created_before=1100",
            lambda run: run["status"] == "failed" and run["assistant_id"] == "asst_0" and run["created_at"] < 1100,
        ),
        ("api-version=2025-01-01&nonsense=1", lambda run: True),
    ],
)
def test_filters(wire: httpx2.Client, made: list[dict[str, Any]], query: str, chosen: Any) -> None:
    expected = [run["id"] for run in made if chosen(run)]
    assert _ids(wire, f"{query}&order=asc") == expected
    assert _ids(wire, query) == expected[::-1]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 3, 12])
@pytest.mark.parametrize("wanted", ["", "&status=failed,completed", "&metadata[team]=b", "&created_after=1004"])
def test_pages_in_both_directions_return_each_run_once(
    wire: httpx2.Client, made: list[dict[str, Any]], order: str, limit: int, wanted: str
) -> None:
    expected = _ids(wire, f"order={order}{wanted}")
    assert len(expected) > 3
    for cursor, edge in (("after", "last_id"), ("before", "first_id")):
        found: list[str] = []
        start = "" if cursor == "after" else f"&before={expected[-1]}"
        while True:
            page = wire.get(f"/runs?order={order}&limit={limit}{wanted}{start}").json()
            ids = [run["id"] for run in page["data"]]
            found = found + ids if cursor == "after" else ids + found
            if not page["has_more"]:
                break
            start = f"&{cursor}={page[edge]}"
        assert found == (expected if cursor == "after" else expected[:-1])


@pytest.mark.any_store
@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("status=done", "status"),
        ("status=failed,done", "status"),
        ("created_after=yesterday", "created_after"),
        ("created_before=-1", "created_before"),
        ("created_after=1&created_after=2", "created_after"),
        ("assistant_id=a%00b", "assistant_id"),
        ("after=run_x", "after"),
        ("before=a%00b", "before"),
        ("limit=0", "limit"),
        ("include[]=everything", "include[]"),
    ],
)
def test_invalid_filters_are_refused(wire: httpx2.Client, query: str, param: str) -> None:
    answer = wire.get(f"/runs?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_runs_are_listed_with_their_messages(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one"}])
    run = talk.finish()
    (listed,) = talk.wire.get("/runs?include[]=messages").json()["data"]
    assert listed.pop("messages") == talk.messages(run)
    assert listed == talk.read(run)


def test_a_run_has_its_current_status_in_each_list(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"calls": [{"name": "disk", "arguments": {}}]}])
    run = talk.finish()
    assert _ids(talk.wire, "status=requires_action") == [run["id"]]
    talk.let_expire(run)
    assert _ids(talk.wire, "status=requires_action,queued") == []
    assert _ids(talk.wire, "status=expired") == [run["id"]]


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    ("wanted", "page", "index"),
    [
        (RunFilter(), rows.Page(), "runs_by_time"),
        (RunFilter(created_after=5), rows.Page(order="asc"), "runs_by_time (created_at>?)"),
        (RunFilter(frozenset(_ENDED)), rows.Page(), "runs_by_status (status=?)"),
        (RunFilter(frozenset(_ENDED), created_after=5), rows.Page(), "runs_by_status (status=? AND created_at>?)"),
        (RunFilter(assistant_id="asst_1", created_before=5), rows.Page(), "runs_by_assistant (assistant_id=? AND"),
        (RunFilter(), rows.Page(metadata={"a": "b", "c": "d"}), "runs_metadata_by_time (key=? AND value=?)"),
        (RunFilter(created_after=5), rows.Page(metadata={"a": "b"}), "runs_metadata_by_time (key=? AND value=? AND"),
    ],
)
def test_pages_are_read_from_an_index(app: Runtime, wanted: RunFilter, page: rows.Page, index: str) -> None:
    statements = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        statements.append((statement, parameters))

    with app.context.store.reading() as connection:
        event.listen(connection, "before_cursor_execute", note)
        list_all_runs(connection, page, wanted)
        event.remove(connection, "before_cursor_execute", note)
        assert statements
        for statement, parameters in statements:
            plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert not [step for step in plan if "TEMP B-TREE" in step], plan
            assert index in plan[0], plan


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("page", [rows.Page(), rows.Page(after="run_3"), rows.Page(order="asc", before="run_3")])
def test_active_runs_are_read_from_their_own_index(app: Runtime, made: list[dict[str, Any]], page: rows.Page) -> None:
    statements = []
    with app.context.store.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2:4]))
        list_all_runs(connection, page, RunFilter(frozenset({RunStatus.QUEUED, RunStatus.CANCELLING}), created_after=5))
        statement, parameters = statements[-1]
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert "INDEX runs_active" in plan[0], plan
