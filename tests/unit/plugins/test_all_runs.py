# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""openai_run_info without a thread: the runs of all threads."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._checks import check_time
from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError
from ansible_collections.threadworks.openai.plugins.module_utils._identity import KNOWN_AFTER_APPLY
from ansible_collections.threadworks.openai.tests.unit.plugins.middleware import without_lists_of_runs
from ansible_collections.threadworks.openai.tests.world import Json, World

_LIST = "GET /runs"


@pytest.fixture
def three(world: World) -> dict[str, Json]:
    """The results of three runs on three threads: a completed, a failed, and one that waits for tool outputs."""
    world.do("assistant", name="A", model="m")
    world.model.script(
        [
            {"match": "good", "text": "fine"},
            {"match": "bad", "failed": {"code": "server_error", "message": "no"}},
            {"match": "open", "calls": [{"name": "look", "arguments": {}}]},
        ]
    )
    tools = [{"type": "function", "function": {"name": "look"}}]
    return {
        name: world.do(
            "thread_run",
            assistant_id="A",
            thread={"messages": [{"content": name}]},
            metadata={"of": name},
            tools=tools,
            fail_on=[],
        ).result
        for name in ("good", "bad", "open")
    }


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"status": ["completed", "failed"]}, ["bad", "good"]),
        ({"status": ["queued"]}, []),
        ({"metadata": {"of": "good"}}, ["good"]),
        ({"assistant_id": "A"}, ["open", "bad", "good"]),
        ({"limit": 2}, ["open", "bad"]),
        ({"created_after": "2026-01-01"}, ["open", "bad", "good"]),
        ({"created_before": "2026-01-01T00:00:00Z"}, []),
        ({"created_after": "1", "status": ["failed"], "assistant_id": "A"}, ["bad"]),
    ],
)
def test_filters(world: World, three: dict[str, Json], options: Json, names: list[str], check: bool) -> None:
    done = world.do("run_info", check=check, **options)
    assert [run["run_id"] for run in done.result["runs"]] == [three[name]["run_id"] for name in names]
    assert [run["thread_id"] for run in done.result["runs"]] == [three[name]["thread_id"] for name in names]
    # The list contains the messages, except those of active runs.
    assert done.read.count(_LIST) == 1
    assert "GET /threads/*/runs/*" not in done.read


def test_the_runs_have_their_replies(world: World, three: dict[str, Json]) -> None:
    done = world.do("run_info", status=["completed"])
    (run,) = done.result["runs"]
    assert (run["response"], done.read) == ("fine", [_LIST])
    assert run["messages"] == three["good"]["messages"]


def test_predicted_runs_and_changes_are_included(world: World, three: dict[str, Json]) -> None:
    waiting = three["open"]
    world.do("run", check=True, thread_id=waiting["thread_id"], state="cancelled")
    world.do("thread", check=True, thread_id=three["bad"]["thread_id"], state="absent")
    thread = {"messages": [{"content": "new"}]}
    world.do("thread_run", check=True, assistant_id="A", thread=thread, wait=False)

    def found(**options: Any) -> list[str]:
        return [run["run_id"] for run in world.do("run_info", check=True, **options).result["runs"]]

    assert found(assistant_id="A") == [KNOWN_AFTER_APPLY, waiting["run_id"], three["good"]["run_id"]]
    assert found(status=["cancelled"]) == [waiting["run_id"]]
    assert found(status=["requires_action", "failed"]) == []


def test_other_servers(world: World, three: dict[str, Json]) -> None:
    world.put_before(without_lists_of_runs)
    failed = world.do("run_info", status=["failed"]).result
    assert failed["msg"].startswith("The server cannot list the runs of all threads")
    # The filters of one thread need nothing from the server.
    done = world.do("run_info", thread_id=three["bad"]["thread_id"], status=["failed"], created_after="1")
    assert [run["run_id"] for run in done.result["runs"]] == [three["bad"]["run_id"]]


def test_times_of_one_thread(world: World, three: dict[str, Json]) -> None:
    asked = {"thread_id": three["good"]["thread_id"]}
    made = three["good"]["run"]["created_at"]
    for options, number in (
        ({"created_after": str(made)}, 1),
        ({"created_after": str(made + 1)}, 0),
        ({"created_before": str(made + 1)}, 1),
        ({"created_before": str(made)}, 0),
    ):
        assert len(world.do("run_info", **asked, **options).result["runs"]) == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1795447003", 1795447003),
        ("1795447003.7", 1795447003),
        ("2026-11-26", 1795651200),
        ("2026-11-26T14:30:00Z", 1795703400),
        ("2026-11-26 14:30:00", 1795703400),
        ("2026-11-26T14:30:00+01:00", 1795699800),
    ],
)
def test_formats_of_times(text: str, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert check_time("created_after", text) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "-5", "9" * 400])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(TaskError, match=r"created_after is '.*', but must be a date such as"):
        check_time("created_after", text)
