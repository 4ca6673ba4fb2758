# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists: pages, cursors, filters, and a cost that does not grow with the table (Assistants wire, section 10)."""

from __future__ import annotations

import httpx2
import pytest
from sqlalchemy import Connection, TextClause, event, select, text
from threadworks_runtime.app import Runtime
from threadworks_runtime.store import rows
from threadworks_runtime.store.tables import ASSISTANTS, IS_ACTIVE, IS_QUEUED, MESSAGES, RUNS, THREADS

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation


@pytest.fixture
def made(wire: httpx2.Client) -> list[str]:
    """Ten threads within, most likely, the same second; the even ones are of team a."""
    team = ["a", "b"]
    metadata = [{"team": team[number % 2], "number": str(number)} for number in range(10)]
    return [wire.post("/threads", json={"metadata": pairs}).json()["id"] for pairs in metadata]


def _ids(wire: httpx2.Client, query: str = "", path: str = "/threads") -> list[str]:
    answer = wire.get(f"{path}?{query}").json()
    assert set(answer) == {"object", "data", "first_id", "last_id", "has_more"}
    ids = [found["id"] for found in answer["data"]]
    assert (answer["first_id"], answer["last_id"]) == ((ids[0], ids[-1]) if ids else ("", ""))
    return ids


def test_the_order_is_that_of_insertion(wire: httpx2.Client, made: list[str]) -> None:
    assert _ids(wire) == made[::-1]
    assert _ids(wire, "order=desc") == made[::-1]
    assert _ids(wire, "order=asc") == made


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 3, 5, 10])
def test_pages_in_both_directions_meet_everything_once(
    wire: httpx2.Client, made: list[str], order: str, limit: int
) -> None:
    expected = made if order == "asc" else made[::-1]
    for cursor, edge in (("after", "last_id"), ("before", "first_id")):
        found: list[str] = []
        start = "" if cursor == "after" else f"&before={expected[-1]}"
        while True:
            page = wire.get(f"/threads?order={order}&limit={limit}{start}").json()
            ids = [thread["id"] for thread in page["data"]]
            found = found + ids if cursor == "after" else ids + found
            if not page["has_more"]:
                break
            start = f"&{cursor}={page[edge]}"
        assert found == (expected if cursor == "after" else expected[:-1])


def test_both_cursors_enclose_a_range(wire: httpx2.Client, made: list[str]) -> None:
    assert _ids(wire, f"order=asc&after={made[2]}&before={made[6]}") == made[3:6]
    assert _ids(wire, f"order=asc&after={made[2]}&before={made[6]}&limit=2") == made[3:5]
    assert _ids(wire, f"after={made[6]}&before={made[2]}") == made[5:2:-1]
    assert _ids(wire, f"order=asc&after={made[6]}&before={made[2]}") == []


def test_the_default_page_has_twenty(wire: httpx2.Client) -> None:
    for _time in range(21):
        wire.post("/threads")
    page = wire.get("/threads").json()
    assert (len(page["data"]), page["has_more"]) == (20, True)
    assert len(_ids(wire, "limit=100")) == 21


def test_an_empty_list(wire: httpx2.Client) -> None:
    assert _ids(wire) == []


def test_metadata_filters(wire: httpx2.Client, made: list[str]) -> None:
    assert _ids(wire, "metadata[team]=a&order=asc") == made[::2]
    assert _ids(wire, f"metadata[team]=a&order=asc&limit=2&after={made[2]}") == [made[4], made[6]]
    assert _ids(wire, "metadata[team]=a&metadata[number]=4") == [made[4]]
    assert _ids(wire, "metadata[team]=a&metadata[number]=5") == []
    assert _ids(wire, "metadata[team]=") == []
    wire.post(f"/threads/{made[4]}", json={"metadata": {"team": "c"}})
    assert _ids(wire, "metadata[team]=c") == [made[4]]
    assert made[4] not in _ids(wire, "metadata[team]=a")
    wire.delete(f"/threads/{made[4]}")
    assert _ids(wire, "metadata[team]=c") == []


@pytest.mark.parametrize("path", ["/threads", "/assistants"])
def test_metadata_filters_are_as_many_as_pairs_can_be(wire: httpx2.Client, path: str) -> None:
    pairs = {f"metadata[{number}]": "x" for number in range(16)}
    assert wire.get(path, params=pairs).json()["data"] == []
    for number in (17, 64, 600):
        answer = wire.get(path, params={f"metadata[{key}]": "x" for key in range(number)})
        assert answer.status_code == 400, answer.text
        error = answer.json()["error"]
        assert error["param"] == "metadata"
        assert "16 pairs" in error["message"]


def test_metadata_filters_hold_for_all_lists_of_things_with_metadata(wire: httpx2.Client, made: list[str]) -> None:
    pairs = {"metadata": {"a b": "ü&="}}
    wanted = "metadata[a%20b]=%C3%BC%26%3D"
    assistant = wire.post("/assistants", json={"model": "m", **pairs}).json()["id"]
    wire.post("/assistants", json={"model": "m"})
    assert _ids(wire, wanted, "/assistants") == [assistant]
    messages = f"/threads/{made[0]}/messages"
    message = wire.post(messages, json={"role": "user", "content": "x", **pairs}).json()["id"]
    wire.post(messages, json={"role": "user", "content": "x"})
    assert _ids(wire, wanted, messages) == [message]
    run = wire.post(f"/threads/{made[0]}/runs", json={"assistant_id": assistant, **pairs}).json()["id"]
    assert _ids(wire, wanted, f"/threads/{made[0]}/runs") == [run]
    assert _ids(wire, wanted, f"/threads/{made[1]}/runs") == []


def test_assistants_are_found_by_their_name(wire: httpx2.Client) -> None:
    def make(name: str | None) -> str:
        return str(wire.post("/assistants", json={"model": "m", "name": name}).json()["id"])

    first, other, again, nameless = make("ü&="), make("Ü&="), make("ü&="), make(None)
    assert _ids(wire, "name=%C3%BC%26%3D", "/assistants") == [again, first]
    assert _ids(wire, f"name=%C3%BC%26%3D&order=asc&after={first}", "/assistants") == [again]
    assert wire.get(f"/assistants?name=%C3%BC%26%3D&after={other}").status_code == 400
    assert wire.post(f"/assistants/{first}", json={"name": "new"}).status_code == 200
    assert wire.post(f"/assistants/{again}", json={"name": None}).status_code == 200
    assert _ids(wire, "name=%C3%BC%26%3D", "/assistants") == []
    assert _ids(wire, "name=new", "/assistants") == [first]
    assert wire.get("/assistants?name=a%00b").status_code == 400
    with_null = make("a\0b")
    assert set(_ids(wire, "", "/assistants")) == {first, other, again, nameless, with_null}


def test_a_cursor_must_be_of_the_same_list(wire: httpx2.Client, made: list[str]) -> None:
    message = {"role": "user", "content": "x"}
    foreign = wire.post(f"/threads/{made[0]}/messages", json=message).json()["id"]
    answer = wire.get(f"/threads/{made[1]}/messages?after={foreign}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "after")


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    ("kind", "page", "owner", "first"),
    [
        (THREADS, rows.Page(), {}, "SCAN threads"),
        (THREADS, rows.Page(metadata={"team": "a"}), {}, "threads_metadata_by_pair (key=? AND value=?)"),
        (ASSISTANTS, rows.Page(), {"name": "a"}, "assistants_by_name (name=?)"),
        (MESSAGES, rows.Page(order="asc"), {"thread_id": "t"}, "messages_by_thread (thread_id=?)"),
        (MESSAGES, rows.Page(), {"thread_id": "t", "run_id": "r"}, "messages_by_run (run_id=? AND thread_id=?)"),
        (RUNS, rows.Page(), {"thread_id": "t"}, "runs_by_thread (thread_id=?)"),
        *(
            (RUNS, page, {"thread_id": "t"}, "runs_metadata_by_pair (thread_id=? AND key=? AND value=?)")
            for page in (rows.Page(metadata={"team": "a"}), rows.Page(metadata={"team": "a", "b": "c"}, order="asc"))
        ),
    ],
)
def test_pages_are_read_from_an_index(
    app: Runtime, kind: object, page: rows.Page, owner: dict[str, str], first: str
) -> None:
    statements = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        statements.append((statement, parameters))

    with app.context.store.reading() as connection:
        event.listen(connection, "before_cursor_execute", note)
        rows.list_page(connection, kind, page, **owner)
        event.remove(connection, "before_cursor_execute", note)
        (statement, parameters), *_others = statements
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert not [step for step in plan if "TEMP B-TREE" in step], plan
    assert first in plan[0], plan


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(("condition", "index"), [(IS_ACTIVE, "runs_active"), (IS_QUEUED, "runs_queued")])
def test_runs_that_have_not_ended_are_read_from_an_index(app: Runtime, condition: TextClause, index: str) -> None:
    statement = str(select(RUNS.table.c.id).where(condition))
    with app.context.store.reading() as connection:
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
    assert f"INDEX {index}" in plan[0], plan


@pytest.mark.stores("sqlite")
def test_deep_pages_cost_what_the_first_costs(app: Runtime, wire: httpx2.Client, made: list[str]) -> None:
    thread = made[0]
    with app.context.store.writing() as connection:
        template = {"id": "", "metadata": {}}
        for number in range(3000):
            document = {**template, "id": f"msg_{number}"}
            rows.insert(connection, MESSAGES, document, thread_id=thread)

    def work(query: str) -> int:
        with app.context.store.reading() as connection:
            steps = 0

            def count() -> int:
                nonlocal steps
                steps += 1
                return 0

            raw = connection.connection.dbapi_connection
            raw.set_progress_handler(count, 10)
            rows.list_page(connection, MESSAGES, rows.Page(after=query, limit=20), thread_id=thread)
            raw.set_progress_handler(None, 0)
            connection.execute(text("SELECT 1"))
        return steps

    near, far = work("msg_2990"), work("msg_30")
    assert far <= near * 1.5 + 5, (near, far)


def _written(talk: Conversation, query: str) -> list[list[str] | None]:
    """Return the texts of the messages of each run in the list, or ``None`` for a run without messages."""
    runs = talk.wire.get(f"{talk.runs}?{query}").json()["data"]
    shown = [run.pop("messages", None) for run in runs]
    assert runs == [talk.read(run) for run in runs]
    return [part and [message["content"][0]["text"]["value"] for message in part] for part in shown]


def test_runs_are_listed_with_their_messages_for_those_who_ask(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script(
        [
            {"text": "one"},
            {"text": "two", "calls": [{"name": "disk", "arguments": {}}]},
            {"text": "three"},
            {"status": 400, "error": {"message": "no"}},
        ]
    )
    talk.finish()
    waiting = talk.finish()
    (call,) = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
    talk.submit(waiting, (call["id"], "90%"))
    talk.until(waiting, "completed")
    assert talk.finish()["status"] == "failed"
    asked = "include[]=messages"
    assert _written(talk, f"order=asc&{asked}") == [["one"], ["two", "three"], []]
    assert _written(talk, f"limit=2&{asked}") == [[], ["two", "three"]]
    assert _written(talk, f"limit=1&order=asc&{asked}&{asked}") == [["one"]]
    assert _written(talk, "order=asc") == [None, None, None]
    (run, *_others) = talk.wire.get(f"{talk.runs}?order=asc&{asked}").json()["data"]
    assert run["messages"] == talk.messages(run)


def test_nothing_else_is_included_in_a_list_of_runs(talk: Conversation) -> None:
    answer = talk.wire.get(f"{talk.runs}?include[]=steps")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "include[]")
    assert "'messages'" in answer.json()["error"]["message"]


def test_runs_that_are_over_are_listed_as_such_with_their_messages(
    talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"text": "one", "calls": [{"name": "disk", "arguments": {}}]}])
    run = talk.finish()
    assert run["status"] == "requires_action"
    talk.let_expire(run)
    (listed,) = talk.wire.get(f"{talk.runs}?include[]=messages").json()["data"]
    assert listed["status"] == "expired"
    assert [message["content"][0]["text"]["value"] for message in listed["messages"]] == ["one"]
