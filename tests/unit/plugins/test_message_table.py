# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task with openai_message means."""

from __future__ import annotations

import re

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.unit.plugins.table import (
    Given,
    Refusal,
    Row,
    all_of,
    did,
    look_at,
    look_at_refusal,
    nothing,
    polled_once,
)
from ansible_collections.threadworks.openai.tests.world import Json, World

MESSAGES = "/threads/*/messages"
LIST, GET = f"GET {MESSAGES}", f"GET {MESSAGES}/*"
CREATE, MODIFY, DELETE = f"POST {MESSAGES}", f"POST {MESSAGES}/*", f"DELETE {MESSAGES}/*"
T: Json = {"thread_id": "newest"}
HI: Json = {**T, "content": "Hi"}
KEYED: Json = {**HI, "key": "k"}
PARTS: Json = {
    **T,
    "content": [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_file", "image_file": {"file_id": "file_1", "detail": "low"}},
    ],
}
FUNCTION: Json = {"type": "function", "function": {"name": "disk"}}
FILE: Json = {"attachments": [{"file_id": "file_1", "tools": [{"type": "code_interpreter"}]}]}


def on_a_thread(*steps: Given) -> Given:
    return all_of(did("thread", key="T"), *steps)


def said(**options: object) -> Given:
    return on_a_thread(did("message", **options))


TABLE = {
    "none": Row(on_a_thread(), HI, [CREATE], [LIST]),
    "none, everything": Row(
        on_a_thread(), {**PARTS, **FILE, "role": "assistant", "metadata": {"a": 1}, "key": "k"}, [CREATE], [LIST]
    ),
    "the same": Row(said(**HI), HI, [], [LIST]),
    "the same, in parts": Row(said(**HI), {**T, "content": [{"type": "text", "text": "Hi"}]}, [], [LIST]),
    "the same parts": Row(said(**PARTS), PARTS, [], [LIST]),
    "the same, said before others": Row(on_a_thread(did("message", **HI), did("message", **PARTS)), HI, [], [LIST]),
    "other content": Row(said(**HI), {**T, "content": "Ho"}, [CREATE], [LIST]),
    "other white space": Row(said(**HI), {**T, "content": "Hi "}, [CREATE], [LIST]),
    "another role": Row(said(**HI), {**HI, "role": "assistant"}, [CREATE], [LIST]),
    "other attachments": Row(said(**HI), {**HI, **FILE}, [CREATE], [LIST]),
    "the same attachments": Row(said(**HI, **FILE), {**HI, **FILE}, [], [LIST]),
    "attachments not given any more": Row(said(**HI, **FILE), HI, [], [LIST]),
    "metadata given": Row(said(**HI), {**HI, "metadata": {"a": 1}}, [MODIFY], [LIST]),
    "metadata changed": Row(said(**HI, metadata={"a": 1}), {**HI, "metadata": {"b": 1}}, [MODIFY], [LIST]),
    "metadata emptied": Row(said(**HI, metadata={"a": 1}), {**HI, "metadata": {}}, [MODIFY], [LIST]),
    "metadata not given any more": Row(said(**HI, metadata={"a": 1}), HI, [], [LIST]),
    "the same once more, by key": Row(said(**HI), KEYED, [CREATE], [LIST]),
    "the same once more, by another key": Row(said(**KEYED), {**HI, "key": "l"}, [CREATE], [LIST]),
    "the same without the key": Row(said(**KEYED), HI, [CREATE], [LIST]),
    "by key": Row(said(**KEYED), KEYED, [], [LIST]),
    "by key alone": Row(said(**KEYED), {**T, "key": "k"}, [], [LIST]),
    "by key, other content": Row(said(**KEYED), {**KEYED, "content": "Ho"}, [CREATE, DELETE], [LIST]),
    "by key, another role": Row(said(**KEYED), {**KEYED, "role": "assistant"}, [CREATE, DELETE], [LIST]),
    "by key, other attachments": Row(said(**KEYED), {**KEYED, **FILE}, [CREATE, DELETE], [LIST]),
    "by key, back to earlier content": Row(
        on_a_thread(did("message", **KEYED), did("message", **{**KEYED, "content": "Ho"})),
        KEYED,
        [CREATE, DELETE],
        [LIST],
    ),
    "by key, metadata changed": Row(said(**KEYED), {**KEYED, "metadata": {"a": 1}}, [MODIFY], [LIST]),
    "by id": Row(said(**HI), {**T, "message_id": "newest"}, [], [GET]),
    "by id, the same content": Row(said(**HI), {**HI, "message_id": "newest"}, [], [GET]),
    "by id, metadata changed": Row(said(**HI), {**T, "message_id": "newest", "metadata": {"a": 1}}, [MODIFY], [GET]),
    "by id, a key given": Row(said(**HI), {**T, "message_id": "newest", "key": "k"}, [MODIFY], [GET]),
    "by key, which was given up": Row(
        on_a_thread(did("message", **KEYED), did("message", **T, message_id="newest", key="l")),
        KEYED,
        [CREATE, CREATE],
        [LIST],
    ),
    "by key, which was given up, other metadata": Row(
        on_a_thread(did("message", **KEYED), did("message", **T, message_id="newest", key="l")),
        {**KEYED, "metadata": {"a": 1}},
        [CREATE, CREATE],
        [LIST, LIST],
    ),
    "deleted behind our back": Row(
        on_a_thread(did("message", **HI), did("message", **T, message_id="newest", state="absent")),
        HI,
        [CREATE],
        [LIST],
    ),
    "absent, by content": Row(said(**HI), {**HI, "state": "absent"}, [DELETE], [LIST]),
    "absent, by key": Row(said(**KEYED), {**T, "key": "k", "state": "absent"}, [DELETE], [LIST]),
    "absent, by id": Row(said(**HI), {**T, "message_id": "newest", "state": "absent"}, [DELETE], [GET]),
    "absent, none": Row(on_a_thread(), {**HI, "state": "absent"}, [], [LIST]),
    "absent, unknown id": Row(on_a_thread(), {**T, "message_id": "msg_x", "state": "absent"}, [], [GET]),
    "absent, unknown thread": Row(nothing, {"thread_id": "thread_x", "content": "Hi", "state": "absent"}, [], [LIST]),
}


def active(answer: Json, status: str = "in_progress") -> Given:
    """A run is active on the thread."""

    def given(world: World) -> None:
        on_a_thread(did("message", **HI), did("assistant", name="A", model="m"))(world)
        world.model.script([answer])
        asked = len(world.model.runs)
        run = world.do("run", **T, assistant_id="newest", tools=[FUNCTION], wait=False).result["run_id"]
        path = ("threads", world.ids["thread_id"], "runs", run)
        # It is in progress a moment before the model is asked.
        wait_for(lambda: world.wire.get(*path)["status"] in (status, "completed") and len(world.model.runs) > asked)

    return given


REFUSALS = {
    "unknown thread": Refusal(
        nothing, {"thread_id": "thread_x", "content": "Hi"}, "^thread_id: No thread .*'thread_x'"
    ),
    "unknown id": Refusal(on_a_thread(), {**T, "message_id": "msg_x"}, "^message_id: No message .*'msg_x'"),
    "by id, other content": Refusal(
        said(**HI),
        {**T, "message_id": "newest", "content": "Ho"},
        "^content: the content of message msg_.* is different.* key",
    ),
    "by key alone, none": Refusal(on_a_thread(), {**T, "key": "k"}, "^content is missing"),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_message(world: World, row: Row) -> None:
    look_at(world, "message", row)


@pytest.mark.parametrize("row", REFUSALS.values(), ids=REFUSALS.keys())
def test_message_fails(world: World, row: Refusal) -> None:
    look_at_refusal(world, "message", row)


def test_a_message_of_a_key_that_says_something_else_is_the_newest(world: World) -> None:
    on_a_thread(did("message", **KEYED), did("message", **T, content="Go on"))(world)
    world.do("message", **{**KEYED, "content": "Ho"})
    messages = world.wire.list("threads", world.ids["thread_id"], "messages", query={"order": "asc"})
    assert [message["content"][0]["text"]["value"] for message in messages] == ["Go on", "Ho"]


MORE: Json = {**T, "content": "One more thing"}


@pytest.mark.parametrize("more", [{}, {"key": "k"}])
def test_a_message_waits_for_the_active_run(world: World, more: Json) -> None:
    active({"text": "Hello", "hold": True})(world)
    world.release_after(1)
    done = world.foretold("message", **MORE, **more)
    assert (done.result["changed"], done.sent) == (True, [CREATE, CREATE])
    assert polled_once(done.read) == [LIST, "GET /threads/*/runs/*"]
    messages = world.wire.list("threads", world.ids["thread_id"], "messages", query={"order": "asc"})
    assert [message["content"][0]["text"]["value"] for message in messages] == ["Hi", "Hello", "One more thing"]


@pytest.mark.parametrize(
    ("answer", "status", "asked", "message"),
    [
        (
            {"hang": True},
            "in_progress",
            {"wait": False},
            r"while a run run_\w+ is active.* Set wait: true .*state: cancelled",
        ),
        (
            {"hang": True},
            "in_progress",
            {"wait_timeout": 0.5},
            r"has an active run, run_\w+ \(in_progress\), .* 0.5 seconds \(option wait_timeout\)",
        ),
        (
            {"calls": [{"name": "disk"}]},
            "requires_action",
            {},
            r"has an active run, run_\w+ \(requires_action\), which waits for the outputs of its tool calls\. .*_run",
        ),
    ],
)
def test_a_message_that_does_not_get_its_turn(
    world: World, answer: Json, status: str, asked: Json, message: str
) -> None:
    active(answer, status)(world)
    done = world.do("message", **MORE, **asked)
    assert done.result["failed"]
    assert re.search(message, done.result["msg"]), done.result["msg"]


def test_a_message_that_is_there_does_not_wait(world: World) -> None:
    active({"hang": True})(world)
    done = world.do("message", **HI)
    assert (done.result["changed"], done.sent) == (False, [])
