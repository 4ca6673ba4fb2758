# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task with openai_thread_run means: (what exists) x (what is asked) -> (changed, requests sent, result)."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.unit.plugins.table import Given, all_of, did, polled_once
from ansible_collections.threadworks.openai.tests.world import Json, World

FUNCTION: Json = {"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {}}}}
CREATE, AGAIN = "POST /threads/runs", "POST /threads/*/runs"
MODIFY, MODIFY_THREAD = "POST /threads/*/runs/*", "POST /threads/*"
CANCEL, DELETE = "POST /threads/*/runs/*/cancel", "DELETE /threads/*"
FIND, THREAD, RUNS = "GET /threads", "GET /threads/*", "GET /threads/*/runs"
RUN, MESSAGES = "GET /threads/*/runs/*", "GET /threads/*/messages"
# What it takes to see that a run stands: its thread, and itself with its messages.
SEEN = [FIND, RUNS]

HI: Json = {"assistant_id": "newest", "thread": {"messages": [{"content": "Hi"}]}}
KEYED: Json = {**HI, "key": "k"}
FILES: Json = {"code_interpreter": {"file_ids": ["file_1"]}}


def thread(*texts: str, **more: object) -> Json:
    """The options of a thread that says this."""
    return {**HI, "thread": {"messages": [{"content": text} for text in texts], **more}}


PARAMETERS: Json = {
    "model": "n",
    "instructions": "Be kind.",
    "tools": [FUNCTION],
    "tool_choice": "none",
    "tool_resources": FILES,
    "parallel_tool_calls": False,
    "temperature": 0.5,
    "top_p": 0.5,
    "max_prompt_tokens": 300,
    "max_completion_tokens": 300,
    "truncation_strategy": {"type": "last_messages", "last_messages": 1},
    "response_format": {"type": "json_object"},
}
OTHER_THREADS: Json = {
    "no message": thread(),
    "another message": thread("Ho"),
    "one message more": thread("Hi", "Ho"),
    "another role": {**HI, "thread": {"messages": [{"content": "Hi", "role": "assistant"}]}},
    "attachments": {**HI, "thread": {"messages": [{"content": "Hi", "attachments": [{"file_id": "file_1"}]}]}},
    "a message's metadata": {**HI, "thread": {"messages": [{"content": "Hi", "metadata": {"a": "1"}}]}},
    "the thread's tool_resources": thread("Hi", tool_resources=FILES),
}


def ran(answer: Json | None = None, **options: object) -> Given:
    """What an earlier task has made; it may have failed."""

    def given(world: World) -> None:
        world.do("assistant", name="A", model="m")
        world.model.script([answer] if answer else [])
        world.do("thread_run", **{**HI, **options})

    return given


def failed(**options: object) -> Given:
    return ran({"status": 400, "error": {"message": "No."}}, **options)


def waiting(**options: object) -> Given:
    return ran({"calls": [{"name": "disk"}]}, tools=[FUNCTION], **options)


def going(answer: Json, **options: object) -> Given:
    def given(world: World) -> None:
        ran(answer, wait=False, **options)(world)
        wait_for(lambda: len(world.model.runs) == 1)
        world.release_after(1)

    return given


def expire(world: World) -> None:
    """Let the time of all runs be over."""
    world.change("UPDATE runs SET expires_at = 1")


def answering(answer: Json) -> Given:
    """The model gives this answer next."""
    return lambda world: world.model.script([answer])


def said_more(world: World) -> None:
    """Somebody has added to the thread since."""
    world.do("message", thread_id="newest", content="More?")


def somebody_ran(world: World) -> None:
    """Somebody else's run is completed on the thread."""
    world.do("run", thread_id="newest", assistant_id="newest", key="other")


def somebody_runs(world: World) -> None:
    """Another client's run is active on the thread."""
    asked = len(world.model.runs)
    world.model.script([{"hold": True}])
    world.do("run", thread_id="newest", assistant_id="newest", key="other", wait=False)
    wait_for(lambda: len(world.model.runs) > asked)
    world.release_after(1)


def somebody_hangs(world: World) -> None:
    """Another client's run is active on the thread, and does not end."""
    asked = len(world.model.runs)
    world.model.script([{"hang": True}])
    world.do("run", thread_id="newest", assistant_id="newest", key="other", wait=False)
    wait_for(lambda: len(world.model.runs) > asked)


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table. `changed` is true if, and only if, it sends changing requests.

    Args:
        given: Makes what exists.
        asked: The task's options.
        sent: Its changing requests.
        read: Its reading requests.
        model: How often the model is asked by it.
        threads: How many threads there are afterwards.
        status: The resulting run's.
        again: Whether the same task once more changes nothing.
    """

    given: Given
    asked: Json
    sent: list[str]
    read: list[str]
    model: int = 0
    threads: int = 1
    status: str | None = "completed"
    again: bool = True


TABLE = {
    "none": Row(did("assistant", name="A", model="m"), HI, [CREATE], [FIND], model=1),
    "none, no thread": Row(
        did("assistant", name="A", model="m"), {"assistant_id": "newest"}, [CREATE], [FIND], model=1
    ),
    "the same, completed": Row(ran(), HI, [], SEEN),
    "the same, going": Row(going({"hold": True}), HI, [], [FIND, RUNS, RUN, MESSAGES]),
    "the same, going, not waited for": Row(
        going({"hang": True}), {**HI, "wait": False}, [], SEEN, status="in_progress"
    ),
    "the same, waiting for tool outputs": Row(
        waiting(), {**HI, "tools": [FUNCTION]}, [], SEEN, status="requires_action"
    ),
    "the same, failed": Row(failed(), HI, [AGAIN], [FIND, RUNS], model=1),
    "the same, failed twice": Row(
        all_of(failed(), answering({"status": 400, "error": {"message": "No."}}), did("thread_run", **HI)),
        HI,
        [AGAIN],
        [FIND, RUNS],
        model=1,
    ),
    "the same, incomplete": Row(ran({"incomplete": "max_output_tokens"}), HI, [AGAIN], [FIND, RUNS], model=1),
    "the same, cancelled": Row(
        all_of(waiting(), did("thread_run", **HI, tools=[FUNCTION], state="cancelled")),
        {**HI, "tools": [FUNCTION]},
        [AGAIN],
        [FIND, RUNS],
        model=1,
    ),
    "the same, expired": Row(all_of(waiting(), expire), {**HI, "tools": [FUNCTION]}, [AGAIN], [FIND, RUNS], model=1),
    "the same, a new message on the thread": Row(all_of(ran(), said_more), HI, [], SEEN),
    **{
        f"{name} given": Row(ran(), {**HI, name: value}, [CREATE], [FIND], model=1, threads=2)
        for name, value in PARAMETERS.items()
    },
    **{
        f"{name} not given any more": Row(ran(**{name: value}), HI, [CREATE], [FIND], model=1, threads=2)
        for name, value in PARAMETERS.items()
    },
    **{
        f"another thread: {name}": Row(ran(), asked, [CREATE], [FIND], model=1, threads=2)
        for name, asked in OTHER_THREADS.items()
    },
    "metadata changed": Row(ran(metadata={"a": 1}), {**HI, "metadata": {"b": 1}}, [MODIFY], SEEN),
    "metadata not given any more": Row(ran(metadata={"a": 1}), HI, [], SEEN),
    "the thread's metadata changed": Row(ran(), thread("Hi", metadata={"a": 1}), [MODIFY_THREAD], SEEN),
    "the thread's metadata not given any more": Row(ran(**thread("Hi", metadata={"a": 1})), HI, [], SEEN),
    "both metadata changed": Row(
        ran(), {**thread("Hi", metadata={"a": 1}), "metadata": {"b": 1}}, [MODIFY_THREAD, MODIFY], SEEN
    ),
    "key, none": Row(ran(), KEYED, [CREATE], [FIND], model=1, threads=2),
    "key, completed": Row(ran(**KEYED), KEYED, [], SEEN),
    "key, failed": Row(failed(**KEYED), KEYED, [AGAIN], [FIND, RUNS], model=1),
    "key, another message": Row(ran(**KEYED), {**thread("Ho"), "key": "k"}, [CREATE], [FIND, RUNS], 1, 2),
    "key, changed parameters": Row(ran(**KEYED), {**KEYED, "top_p": 0.5}, [CREATE], [FIND, RUNS], 1, 2),
    "key, back to earlier parameters": Row(
        all_of(ran(**KEYED), did("thread_run", **KEYED, top_p=0.5)), KEYED, [CREATE], [FIND, RUNS], 1, 3
    ),
    "another key": Row(ran(**KEYED), {**HI, "key": "l"}, [CREATE], [FIND], model=1, threads=2),
    "the same with tool_resources, failed": Row(
        failed(tool_resources=FILES), {**HI, "tool_resources": FILES}, [CREATE], [FIND, RUNS], model=1, threads=2
    ),
    "the same, failed, somebody's run going": Row(
        all_of(failed(), somebody_runs), HI, [AGAIN, AGAIN], [FIND, RUNS, RUN], model=1
    ),
    "force": Row(ran(), {**HI, "force": True}, [CREATE], [], model=1, threads=2, again=False),
    "by thread_id": Row(ran(), {**HI, "thread_id": "newest"}, [], [THREAD, RUNS]),
    "by thread_id, failed": Row(failed(), {**HI, "thread_id": "newest"}, [AGAIN], [THREAD, RUNS], model=1),
    "by thread_id, somebody's run since": Row(
        all_of(ran(), somebody_ran), {**HI, "thread_id": "newest"}, [], [THREAD, RUNS]
    ),
    "by thread_id, force": Row(
        ran(), {**HI, "thread_id": "newest", "force": True}, [AGAIN], [THREAD, RUNS], model=1, again=False
    ),
    "deleted behind our back": Row(
        all_of(ran(), did("thread", thread_id="newest", state="absent")), HI, [CREATE], [FIND], model=1
    ),
    "cancelled, going": Row(
        going({"hang": True}), {**HI, "state": "cancelled"}, [CANCEL], [FIND, RUNS, RUN, MESSAGES], status="cancelled"
    ),
    "cancelled, completed": Row(ran(), {**HI, "state": "cancelled"}, [], SEEN),
    "cancelled, none": Row(
        did("assistant", name="A", model="m"), {**HI, "state": "cancelled"}, [], [FIND], threads=0, status=None
    ),
    "cancelled, by key alone": Row(
        waiting(key="k"), {"key": "k", "state": "cancelled"}, [CANCEL], [*SEEN, RUN, MESSAGES], status="cancelled"
    ),
    "cancelled, by thread_id alone": Row(
        all_of(ran(), somebody_hangs),
        {"thread_id": "newest", "state": "cancelled"},
        [CANCEL],
        [THREAD, RUNS, RUN, MESSAGES],
        status="cancelled",
    ),
    "cancelled, by thread_id and key": Row(
        all_of(ran(**KEYED), somebody_hangs),
        {"thread_id": "newest", "key": "k", "state": "cancelled"},
        [],
        [THREAD, RUNS],
    ),
    "cancelled, by thread_id, other parameters": Row(
        all_of(ran(), somebody_hangs),
        {"thread_id": "newest", "key": "other", "state": "cancelled"},
        [CANCEL],
        [THREAD, RUNS, RUN, MESSAGES],
        status="cancelled",
    ),
    "absent": Row(ran(), {**HI, "state": "absent"}, [DELETE], [FIND], threads=0, status=None),
    "absent, going": Row(going({"hang": True}), {**HI, "state": "absent"}, [DELETE], [FIND], threads=0, status=None),
    "absent, none": Row(
        did("assistant", name="A", model="m"), {**HI, "state": "absent"}, [], [FIND], threads=0, status=None
    ),
    "absent, by key alone": Row(
        ran(**KEYED), {"key": "k", "state": "absent"}, [DELETE], [FIND], threads=0, status=None
    ),
    "absent, by key, a thread with that key": Row(
        did("thread", key="k"), {"key": "k", "state": "absent"}, [], [FIND], status=None
    ),
    "absent, by thread_id": Row(
        ran(), {"thread_id": "newest", "state": "absent"}, [DELETE], [THREAD], threads=0, status=None
    ),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_thread_run(world: World, row: Row) -> None:
    row.given(world)
    asked_before = len(world.model.runs)
    done = world.foretold("thread_run", **row.asked)
    assert "failed" not in done.result, done.result
    assert (done.result["changed"], done.sent, polled_once(done.read)) == (bool(row.sent), row.sent, row.read)
    assert len(world.model.runs) == asked_before + row.model
    assert len(list(world.wire.list("threads"))) == row.threads
    assert done.result.get("status") == row.status
    if row.again:
        again = world.do("thread_run", **row.asked)
        assert (again.result["changed"], again.sent, again.model) == (False, [], [])


@pytest.mark.parametrize(
    ("given", "asked", "message"),
    [
        (ran(), {"thread": {"messages": [{"content": "Hi"}]}}, "^assistant_id is missing. .* key or thread_id"),
        (ran(), {**KEYED, "assistant_id": None}, r"^assistant_id is missing\. Set it to create a run\."),
        (ran(), {**HI, "assistant_id": "asst_x"}, "^assistant_id: No assistant .*'asst_x'"),
        (ran(), {**HI, "thread_id": "thread_x"}, "^thread_id: No thread .*'thread_x'"),
        (ran(), {**thread("Ho"), "thread_id": "newest"}, "^thread_id: thread thread_.* has no run with .* openai_run"),
    ],
)
def test_thread_run_fails(world: World, given: Given, asked: Json, message: str) -> None:
    given(world)
    done = world.foretold("thread_run", **asked)
    assert done.result["failed"]
    assert re.search(message, done.result["msg"]), done.result["msg"]
    assert len(list(world.wire.list("threads"))) == 1


def test_the_newest_of_several_threads_is_reused(world: World) -> None:
    ran()(world)
    newest = world.do("thread_run", **HI, force=True).result["thread_id"]
    assert world.do("thread_run", **HI).result["thread_id"] == newest
