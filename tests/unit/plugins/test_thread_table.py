# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task with openai_thread means."""

from __future__ import annotations

import pytest

from ansible_collections.threadworks.openai.tests.unit.plugins.table import (
    Given,
    Refusal,
    Row,
    all_of,
    did,
    look_at,
    look_at_refusal,
    nothing,
)
from ansible_collections.threadworks.openai.tests.world import Json, World

LIST, GET = "GET /threads", "GET /threads/*"
CREATE, MODIFY, DELETE = "POST /threads", "POST /threads/*", "DELETE /threads/*"
K: Json = {"key": "k"}
FILES: Json = {"tool_resources": {"code_interpreter": {"file_ids": ["file_1"]}}}
HELLO: Json = {"messages": [{"content": "Hello"}]}


def of_somebody(**body: object) -> Given:
    """A thread that was made without this collection."""

    def given(world: World) -> None:
        world.ids["thread_id"] = world.wire.post("threads", body=body)["id"]

    return given


TABLE = {
    "none": Row(nothing, K, [CREATE], [LIST]),
    "none, everything": Row(nothing, {**K, **FILES, **HELLO, "metadata": {"a": 1}}, [CREATE], [LIST]),
    "the same": Row(did("thread", **K), K, [], [LIST]),
    "another key": Row(did("thread", **K), {"key": "l"}, [CREATE], [LIST]),
    "metadata given": Row(did("thread", **K), {**K, "metadata": {"a": 1}}, [MODIFY], [LIST]),
    "metadata changed": Row(did("thread", **K, metadata={"a": 1}), {**K, "metadata": {"b": True}}, [MODIFY], [LIST]),
    "metadata emptied": Row(did("thread", **K, metadata={"a": 1}), {**K, "metadata": {}}, [MODIFY], [LIST]),
    "metadata not given any more": Row(did("thread", **K, metadata={"a": 1}), K, [], [LIST]),
    "tool_resources given": Row(did("thread", **K), {**K, **FILES}, [MODIFY], [LIST]),
    "tool_resources changed": Row(did("thread", **K, **FILES), {**K, "tool_resources": {}}, [MODIFY], [LIST]),
    "tool_resources not given any more": Row(did("thread", **K, **FILES), K, [], [LIST]),
    # They are its first messages; what is said later is openai_message's matter.
    "messages changed": Row(did("thread", **K, **HELLO), {**K, "messages": [{"content": "Bye"}]}, [], [LIST]),
    "deleted behind our back": Row(
        all_of(did("thread", **K, **FILES), did("thread", thread_id="newest", state="absent")), K, [CREATE], [LIST]
    ),
    "by id": Row(of_somebody(metadata={"a": "1"}), {"thread_id": "newest"}, [], [GET]),
    "by id, metadata changed": Row(of_somebody(), {"thread_id": "newest", "metadata": {"a": 1}}, [MODIFY], [GET]),
    "by id, a key given": Row(of_somebody(), {"thread_id": "newest", **K}, [MODIFY], [GET]),
    "by key, given by id before": Row(all_of(of_somebody(), did("thread", thread_id="newest", **K)), K, [], [LIST]),
    "the key was given up": Row(
        all_of(did("thread", **K), did("thread", thread_id="newest", key="l")), K, [CREATE, CREATE], [LIST]
    ),
    "the key was given up, other metadata": Row(
        all_of(did("thread", **K), did("thread", thread_id="newest", key="l")),
        {**K, "metadata": {"a": 1}},
        [CREATE, CREATE],
        [LIST, LIST],
    ),
    "absent": Row(did("thread", **K), {**K, "state": "absent"}, [DELETE], [LIST]),
    "absent, none": Row(nothing, {**K, "state": "absent"}, [], [LIST]),
    "absent, by id": Row(did("thread", **K), {"thread_id": "newest", "state": "absent"}, [DELETE], [GET]),
    "absent, unknown id": Row(nothing, {"thread_id": "thread_x", "state": "absent"}, [], [GET]),
}
REFUSALS = {
    "unknown id": Refusal(nothing, {"thread_id": "thread_x"}, "^thread_id: No thread .*'thread_x'.*runtime_store"),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_thread(world: World, row: Row) -> None:
    look_at(world, "thread", row)


@pytest.mark.parametrize("row", REFUSALS.values(), ids=REFUSALS.keys())
def test_thread_fails(world: World, row: Refusal) -> None:
    look_at_refusal(world, "thread", row)


def test_a_thread_that_is_made_anew_is_another_one(world: World) -> None:
    first = world.do("thread", **K, **HELLO).result["thread_id"]
    world.do("thread", **K, state="absent")
    second = world.do("thread", **K, metadata={"a": 1}).result
    assert second["changed"]
    assert second["thread_id"] != first
    assert list(world.wire.list("threads", second["thread_id"], "messages")) == []


def test_the_thread_of_a_thread_run_with_the_same_key_is_another_one(world: World) -> None:
    world.do("assistant", name="A", model="m")
    made = world.do("thread_run", **K, assistant_id="newest").result["thread_id"]
    assert world.do("thread", **K).result["thread_id"] != made
    assert not world.do("thread_run", **K, assistant_id="newest").result["changed"]
