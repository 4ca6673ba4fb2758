# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode: what it predicts of one task after the other is what they then do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._identity import KNOWN_AFTER_APPLY
from ansible_collections.threadworks.openai.tests.unit.plugins.table import Given, all_of, did, nothing
from ansible_collections.threadworks.openai.tests.world import Done, Json, World

Step = Callable[[World, bool], Done]

FUNCTION: Json = {"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {}}}}
JSON: Json = {"response_format": {"type": "json_object"}}
T: Json = {"thread_id": "newest"}
RUN: Json = {**T, "assistant_id": "newest"}
THREAD_RUN: Json = {"assistant_id": "newest", "thread": {"messages": [{"content": "Hi"}]}}


def step(resource: str, **options: Any) -> Step:
    """A task of the play. The id "newest" is replaced with that of the latest result."""
    return lambda world, check: world.do(resource, check=check, **options)


def on(number: int, resource: str, **options: Any) -> Step:
    """A task on one of several threads, by its number."""
    return lambda world, check: world.do(resource, check=check, thread_id=world.ids[f"thread {number}"], **options)


def thread(number: int) -> Step:
    """Make one of several threads."""

    def task(world: World, check: bool) -> Done:
        done = world.do("thread", check=check, key=f"T{number}")
        world.ids[f"thread {number}"] = done.result["thread_id"]
        return done

    return task


ASSISTANT = did("assistant", name="A", model="m")
ON_A_THREAD = all_of(ASSISTANT, did("thread", key="T", messages=[{"content": "Hi"}]))
ANSWERED = all_of(ON_A_THREAD, did("run", **RUN))


def answering(*answers: Json) -> Given:
    """What the model will answer."""
    return lambda world: world.model.script(list(answers))


PLAYS: dict[str, tuple[Given, list[Step], list[bool]]] = {
    "a new message, then the run": (
        ANSWERED,
        [step("message", **T, content="More?"), step("run", **RUN), step("run", **RUN)],
        [True, True, False],
    ),
    "the same message, then the run": (
        ANSWERED,
        [step("message", **T, content="Hi"), step("run", **RUN)],
        [False, False],
    ),
    "everything is new": (
        nothing,
        [
            step("assistant", name="A", model="m"),
            step("thread", key="T"),
            step("message", **T, content="Hi"),
            step("message", **T, content="Hi"),
            step("run", **RUN),
            step("run", **RUN),
            step("run", **RUN, metadata={"a": "1"}),
            step("run", **RUN, temperature=0.5),
            step("message", **T, content="More?"),
            step("run", **RUN),
        ],
        [True, True, True, False, True, False, True, True, True, True],
    ),
    "first messages of a new thread": (
        ASSISTANT,
        [
            step("thread", key="T", messages=[{"content": "Hi"}, {"content": "Ho", "role": "assistant"}]),
            step("message", **T, content="Hi"),
            step("message", **T, content="Ho", role="assistant"),
            step("message", **T, content="Ho"),
            step("run", **RUN),
        ],
        [True, False, False, True, True],
    ),
    "several new threads": (
        ASSISTANT,
        [
            *map(thread, range(3)),
            *(on(number, "message", content="Hi") for number in range(3)),
            on(1, "run", assistant_id="newest"),
            on(2, "run", assistant_id="newest"),
            on(1, "run", assistant_id="newest"),
        ],
        [True] * 8 + [False],
    ),
    "a changed assistant": (
        ASSISTANT,
        [
            step("assistant", name="A", temperature=0.5, reasoning_effort="low"),
            step("assistant", name="A", temperature=0.5, reasoning_effort="low"),
            step("assistant", assistant_id="newest", name="B"),
            step("assistant", name="B", metadata={"a": "1"}),
            step("assistant", name="A", model="n"),
            step("assistant", name="B", state="absent"),
            step("assistant", name="B", state="absent"),
        ],
        [True, False, True, True, True, True, False],
    ),
    "changed metadata": (
        ANSWERED,
        [
            step("thread", **T, metadata={"a": "1"}),
            step("thread", key="T", metadata={"a": "1"}),
            step("thread", **T, key="U"),
            step("thread", key="U"),
            step("thread", key="T"),
        ],
        [True, False, True, False, True],
    ),
    "a deleted thread": (
        ANSWERED,
        [
            step("message", **T, content="More?"),
            step("thread", key="T", state="absent"),
            step("thread", key="T", state="absent"),
            step("message", **T, content="More?", state="absent"),
            step("message", **T, content="More?"),
            step("run", **RUN),
            step("run_info", **T),
            step("thread_info", **T),
            step("thread", key="T", messages=[{"content": "Hi"}]),
            step("run", **RUN),
        ],
        [True, True, False, False, False, False, False, False, True, True],
    ),
    "a deleted assistant": (
        ON_A_THREAD,
        [
            step("assistant", name="A", state="absent"),
            step("run", **RUN),
            step("thread_run", **THREAD_RUN),
            step("thread_info"),
        ],
        [True, False, False, False],
    ),
    "a message that is replaced and deleted": (
        all_of(ON_A_THREAD, did("message", **T, key="k", content="One"), did("run", **RUN)),
        [
            step("message", **T, key="k", content="Two"),
            step("run", **RUN),
            step("message", **T, key="k", content="Two", metadata={"a": "1"}),
            step("message", **T, key="k", state="absent"),
            step("message", **T, key="k", state="absent"),
            step("message", **T, message_id="newest"),
        ],
        [True, True, True, True, False, False],
    ),
    "messages that a run adds": (
        ON_A_THREAD,
        [
            step("run", **RUN, additional_messages=[{"content": "And?"}]),
            step("run", **RUN, additional_messages=[{"content": "And?"}]),
            step("run", **RUN),
            step("message", **T, content="And?"),
        ],
        [True, False, True, False],
    ),
    "a run that is started and then waited for": (
        ON_A_THREAD,
        [
            step("run", **RUN, wait=False, key="k"),
            step("run", **RUN, key="k"),
            step("run", **RUN, key="k", state="cancelled"),
            step("run", **T, run_id="newest", steps=True),
        ],
        [True, False, False, False],
    ),
    "runs as JSON": (
        all_of(ON_A_THREAD, answering(*[{"text": "{}"}] * 2)),
        [
            step("run", **RUN, **JSON),
            step("thread_run", **THREAD_RUN, **JSON),
            step("thread_run", **THREAD_RUN, **JSON),
        ],
        [True, True, False],
    ),
    "thread runs": (
        ASSISTANT,
        [
            step("thread_run", **THREAD_RUN),
            step("thread_run", **THREAD_RUN),
            step("thread_run", **THREAD_RUN, metadata={"a": "1"}),
            step("thread_run", **THREAD_RUN, key="k"),
            step("thread_run", **THREAD_RUN, key="k", temperature=0.5),
            step("thread_run", **THREAD_RUN, key="k", temperature=0.5, thread_id="newest"),
            step("thread_run", key="k", state="cancelled"),
            step("message", **T, content="More?"),
            step("run", **RUN),
            step("thread_run", key="k", state="absent"),
            step("thread_run", key="k", state="absent"),
        ],
        [True, False, True, True, True, False, False, True, True, True, False],
    ),
    "a run that waits for outputs": (
        all_of(
            ON_A_THREAD,
            answering({"calls": [{"name": "disk", "call_id": "call_1"}]}, {"text": "Done"}),
            did("run", **RUN, tools=[FUNCTION]),
        ),
        [
            step("run", **T, run_id="newest", tool_outputs=[{"tool_call_id": "call_1", "output": "71%"}]),
            step("run", **RUN, tools=[FUNCTION]),
            step("run", **T, run_id="newest", key="k"),
            step("run", **RUN, key="k", tools=[FUNCTION]),
            step("run", **T, state="cancelled"),
        ],
        [True, False, True, False, False],
    ),
    "a run that is cancelled": (
        all_of(
            ON_A_THREAD,
            answering({"calls": [{"name": "disk", "call_id": "call_1"}]}),
            did("run", **RUN, tools=[FUNCTION]),
        ),
        [
            step("run", **T, state="cancelled"),
            step("run", **T, state="cancelled"),
            step("run", **RUN, tools=[FUNCTION]),
        ],
        [True, False, True],
    ),
}


@pytest.mark.parametrize(("given", "steps", "changed"), PLAYS.values(), ids=PLAYS.keys())
def test_a_play_is_predicted(world: World, given: Given, steps: list[Step], changed: list[bool]) -> None:
    given(world)
    # A run that waits for outputs displays a warning.
    world.warnings.clear()
    asked, ids = len(world.model.runs), dict(world.ids)
    checks = [task(world, True) for task in steps]
    assert [(check.sent, check.model) for check in checks] == [([], [])] * len(steps)
    assert len(world.model.runs) == asked
    world.ids = ids
    done = [task(world, False) for task in steps]
    assert [each.result["changed"] for each in done] == changed, [each.result.get("msg") for each in done]
    for number, (check, real) in enumerate(zip(checks, done, strict=True)):
        assert _shape(check.result) == _shape(real.result), number
        assert len(check.result.get("threads", [])) == len(real.result.get("threads", [])), number
        for name in ("failed", "changed", "msg", "diff", "status", "required_action"):
            assert _masked(check.result.get(name)) == _masked(real.result.get(name)), (number, name)
    assert world.warnings == []


def _masked(value: Any) -> Any:
    """A value in which an id that is not known yet is like any other."""
    return re.sub(r"(asst|thread|msg|run)_\w{20,}|\(known after apply( \d+)?\)", "*", repr(value))


def _shape(result: Json) -> Json:
    """The keys of a result and of the objects in it."""
    return {
        name: sorted(value) if name in ("assistant", "thread", "message", "run") and value else None
        for name, value in result.items()
    }


def test_what_nobody_can_know(world: World) -> None:
    ON_A_THREAD(world)
    result = world.do("run", check=True, **RUN, **JSON, steps=True).result
    assert (result["status"], result["run"]["status"], result["run_id"]) == (
        "completed",
        "completed",
        KNOWN_AFTER_APPLY,
    )
    assert (result["response"], result["output"], result["steps"]) == (KNOWN_AFTER_APPLY, None, [])
    assert result["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    (message,) = result["messages"]
    assert (message["role"], message["run_id"]) == ("assistant", result["run_id"])


def test_a_run_that_is_not_waited_for_is_queued_and_then_completed(world: World) -> None:
    ON_A_THREAD(world)
    assert [world.do("run", check=True, **RUN, wait=False).result["status"] for _try in "ab"] == ["queued", "completed"]


def test_a_thing_that_was_predicted_elsewhere(world: World) -> None:
    """Check mode does not fail there, and says that it does not know."""
    ASSISTANT(world)
    done = world.do("message", check=True, thread_id=KNOWN_AFTER_APPLY, content="Hi")
    assert done.result["changed"]
    (line,) = world.warnings
    assert re.match(r"The thread '\(known after apply\)' does not exist yet\. It was predicted", line)
    for resource in ("assistant", "message", "run"):
        where = {} if resource == "assistant" else {"thread_id": KNOWN_AFTER_APPLY}
        result = world.do(resource, check=True, **where, **{f"{resource}_id": "(known after apply 7)"}).result
        assert not result.get("failed"), result
        assert f"The {resource} '(known after apply 7)'" in world.warnings[-1]


def test_its_id_is_not_used_for_another_thing(world: World) -> None:
    elsewhere = "(known after apply 2)"
    world.do("message", check=True, thread_id=elsewhere, content="Hi")
    made = [world.do("thread", check=True, key=key).result["thread_id"] for key in "ab"]
    assert made == [KNOWN_AFTER_APPLY, "(known after apply 3)"]


def test_in_a_real_run_it_is_no_id(world: World) -> None:
    assert world.do("message", thread_id=KNOWN_AFTER_APPLY, content="Hi").result["failed"]
