# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task shows with --diff: the fields before and after the change."""

from __future__ import annotations

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.world import Json, World

PARTS: Json = {"content": [{"type": "text", "text": "Look"}, {"type": "text", "text": "here"}]}


def _diff(world: World, resource: str, **options: object) -> tuple[Json, Json]:
    """Return the fields before and after a task, as check mode and the real task show them."""
    done = world.foretold(resource, **options)
    assert "failed" not in done.result, done.result
    return done.result["diff"]["before"], done.result["diff"]["after"]


def test_of_assistants(world: World) -> None:
    made: Json = {"name": "A", "model": "m", "temperature": 0.5, "reasoning_effort": "low", "metadata": {"a": "1"}}
    assert _diff(world, "assistant", **made) == ({}, made)
    kept = {**made, "top_p": 1.0, "response_format": "auto"}
    before, after = _diff(world, "assistant", name="A", metadata={"a": "2"}, reasoning_effort="high")
    assert (before, after) == (kept, {**kept, "metadata": {"a": "2"}, "reasoning_effort": "high"})
    assert _diff(world, "assistant", name="A", state="absent") == (after, {})
    assert _diff(world, "assistant", name="A", state="absent") == ({}, {})


def test_of_threads_and_messages(world: World) -> None:
    assert _diff(world, "thread", key="T", metadata={"a": "1"}) == ({}, {"key": "T", "metadata": {"a": "1"}})
    assert _diff(world, "thread", key="T") == ({"key": "T", "metadata": {"a": "1"}},) * 2
    assert _diff(world, "thread", key="T", metadata={}) == ({"key": "T", "metadata": {"a": "1"}}, {"key": "T"})
    on = {"thread_id": world.ids["thread_id"]}
    hi = {"role": "user", "content": "Hi"}
    assert _diff(world, "message", **on, content="Hi") == ({}, hi)
    assert _diff(world, "message", **on, content="Hi") == (hi, hi)
    assert _diff(world, "message", **on, **PARTS, key="k") == (
        {},
        {"role": "user", "content": ["Look", "here"], "key": "k"},
    )
    assert _diff(world, "message", **on, content="Ho", key="k") == (
        {"role": "user", "content": ["Look", "here"], "key": "k"},
        {"role": "user", "content": "Ho", "key": "k"},
    )
    assert _diff(world, "thread", key="T", state="absent") == ({"key": "T"}, {})


def test_of_thread_runs(world: World) -> None:
    world.do("assistant", name="A", model="m")
    asked: Json = {"assistant_id": world.ids["assistant_id"], "thread": {"messages": [{"content": "Hi"}]}}
    world.do("thread_run", **asked)
    with_metadata = {"thread": {**asked["thread"], "metadata": {"a": "1"}}}
    before, after = _diff(world, "thread_run", **{**asked, **with_metadata})
    assert (before.get("metadata"), after["metadata"]) == (None, {"a": "1"})
    # If the run changes too, its difference is shown.
    before, after = _diff(
        world, "thread_run", **{**asked, "thread": {**asked["thread"], "metadata": {}}, "metadata": {"b": "2"}}
    )
    assert after["metadata"] == {"b": "2"}


def test_of_a_run_that_is_cancelled(world: World) -> None:
    world.model.script([{"hang": True}])
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T")
    run = {"thread_id": world.ids["thread_id"], "assistant_id": world.ids["assistant_id"]}
    run_id = world.do("run", **run, wait=False).result["run_id"]
    wait_for(lambda: world.model.runs)
    before, after = _diff(world, "run", **run, state="cancelled")
    assert (before, after) == ({run_id: {"status": "in_progress"}}, {run_id: {"status": "cancelled"}})
    assert _diff(world, "run", **run, state="cancelled") == ({}, {})
