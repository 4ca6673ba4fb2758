# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What openai_thread_info finds."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._identity import KNOWN_AFTER_APPLY
from ansible_collections.threadworks.openai.tests.world import Json, World

THREADS, MESSAGES, RUNS = "GET /threads", "GET /threads/*/messages", "GET /threads/*/runs"


@pytest.fixture
def threads(world: World) -> Json:
    """The ids of three threads by their keys."""
    made = {
        key: world.do("thread", key=key, metadata={"team": team}, messages=[{"content": key}]).result["thread_id"]
        for key, team in {"one": "network", "two": "network", "three": "storage"}.items()
    }
    world.ids.clear()
    return made


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, ["three", "two", "one"]),
        ({"limit": 2}, ["three", "two"]),
        ({"key": "two"}, ["two"]),
        ({"key": "nobody"}, []),
        ({"metadata": {"team": "network"}}, ["two", "one"]),
        ({"metadata": {"team": "network"}, "key": "one"}, ["one"]),
        ({"metadata": {"team": "sales"}}, []),
        ({"thread_id": "one"}, ["one"]),
    ],
)
def test_found(world: World, threads: Json, options: Json, keys: list[str], check: bool) -> None:
    if "thread_id" in options:
        options = {"thread_id": threads[options["thread_id"]]}
    done = world.do("thread_info", check=check, **options)
    assert [each["metadata"]["ansible_key"] for each in done.result["threads"]] == keys
    assert not any("messages" in each or "runs" in each for each in done.result["threads"])
    assert (done.result["changed"], done.sent, len(done.read)) == (False, [], 1)


def test_with_messages_and_runs(world: World, threads: Json) -> None:
    assistant_id = world.do("assistant", name="A", model="m").result["assistant_id"]
    asked = {"thread_id": threads["one"], "assistant_id": assistant_id}
    ids = [world.do("run", **asked, key=key).result["run_id"] for key in ("a", "b")]
    done = world.do("thread_info", key="one", messages=True, runs=True)
    (thread,) = done.result["threads"]
    assert [message["text"] for message in thread["messages"]] == ["one", "Reply to: one", "Reply to: one"]
    assert [message["role"] for message in thread["messages"]] == ["user", "assistant", "assistant"]
    assert [run["id"] for run in thread["runs"]] == ids[::-1]
    assert done.read == [THREADS, MESSAGES, RUNS]
    assert world.do("thread_info", messages=True).read == [THREADS, *[MESSAGES] * 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thread_id": "thread_gone"}, "thread_id: No thread found with id 'thread_gone'."),
        ({"key": " "}, "key is empty"),
        ({"limit": 0}, "limit is 0, but must be at least 1."),
        ({"metadata": {"ansible_x": "y"}}, "keys that start with 'ansible_' are reserved for the collection"),
    ],
)
def test_refused(world: World, options: dict[str, Any], message: str) -> None:
    assert message in world.do("thread_info", **options).result["msg"]


def test_check_mode_shows_what_it_has_predicted(world: World) -> None:
    made = world.do("thread", check=True, key="new", messages=[{"content": "Hi"}]).result["thread"]
    assert made["id"] == KNOWN_AFTER_APPLY
    done = world.do("thread_info", check=True, thread_id=made["id"], messages=True)
    ((message,),) = (thread["messages"] for thread in done.result["threads"])
    assert (done.result["threads"], done.read) == ([{**made, "messages": [message]}], [])
    assert message["text"] == "Hi"
    assert world.do("thread_info", key="new").result["threads"] == []
