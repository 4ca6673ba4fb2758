# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks with openai_run that fail: (what exists) x (what is asked) -> (the message, requests sent)."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ansible_collections.threadworks.openai.tests.unit.plugins.run_states import (
    CREATE,
    FUNCTION,
    OUTPUTS,
    SUBMIT,
    Given,
    Thread,
    answering,
    cancelled,
    expired,
    failed,
    hanging,
    nothing,
    of_somebody,
    waiting,
)
from ansible_collections.threadworks.openai.tests.world import Json


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A row of the table of tasks that fail.

    Args:
        given: Makes what exists.
        asked: The task's options.
        message: What the task says, as a regular expression.
        sent: Its changing requests.
        foretold: Whether check mode fails in the same way; otherwise it cannot know.
    """

    given: Given
    asked: Json
    message: str
    sent: list[str] = dataclasses.field(default_factory=list)
    foretold: bool = True


FAIL: Json = {"status": 400, "error": {"message": "No such luck."}}
REFUSALS = {
    "unknown thread": Refusal(nothing, {"thread_id": "thread_x"}, r"^thread_id: No thread .*'thread_x'.*runtime_store"),
    "unknown assistant": Refusal(
        nothing, {"assistant_id": "asst_x"}, "^assistant_id: No assistant .*'asst_x'", [CREATE]
    ),
    "unknown run": Refusal(nothing, {"run_id": "run_x"}, "^run_id: No run .*'run_x'"),
    "unknown thread, cancelled": Refusal(
        nothing, {"thread_id": "thread_x", "state": "cancelled"}, "^thread_id: No thread .*'thread_x'"
    ),
    "unknown run, cancelled": Refusal(nothing, {"run_id": "run_x", "state": "cancelled"}, "^run_id: No run .*'run_x'"),
    "no assistant": Refusal(nothing, {"assistant_id": None}, "^assistant_id is missing. .* run_id"),
    "outputs for no run": Refusal(nothing, OUTPUTS, "^tool_outputs requires run_id"),
    "outputs for another call": Refusal(
        waiting(),
        {"run_id": "newest", "tool_outputs": [{"tool_call_id": "call_2", "output": "x"}]},
        r"Expected .*'call_1'.*'call_2'",
        [SUBMIT],
        foretold=False,
    ),
    "it fails": Refusal(answering(FAIL), {}, r"failed: .*No such luck\.$", [CREATE], foretold=False),
    "it fails, adopted": Refusal(failed(), {"run_id": "newest"}, r"failed: .*No\.$"),
    "it is incomplete": Refusal(
        answering({"incomplete": "max_output_tokens"}),
        {},
        "incomplete: the model server limits the length",
        [CREATE],
        foretold=False,
    ),
    "it is cancelled, adopted": Refusal(cancelled, {"run_id": "newest"}, r"ended as cancelled\."),
    "it has expired, adopted": Refusal(expired, {"run_id": "newest"}, r"ended as expired\."),
    "it waits, which is not allowed": Refusal(
        waiting(), {"tools": [FUNCTION], "fail_on": ["requires_action"]}, "requires_action: .* run_id and tool_outputs"
    ),
    "it takes too long": Refusal(
        answering({"hang": True}),
        {"wait_timeout": 2},
        "in_progress after 2 s.*wait_timeout",
        [CREATE],
        foretold=False,
    ),
    "it takes too long, joined": Refusal(
        hanging(), {"wait_timeout": 2}, "in_progress after 2 s.*wait_timeout", foretold=False
    ),
    "somebody's run takes too long": Refusal(
        of_somebody({"hang": True}),
        {"wait_timeout": 2},
        r"another active run, run_\w+ \(in_progress\).* 2 seconds \(option wait_timeout\).*state: cancelled",
        [CREATE],
        foretold=False,
    ),
    "somebody's run waits for tool outputs": Refusal(
        of_somebody({"calls": [{"name": "disk"}]}, "requires_action"),
        {},
        r"another active run, run_\w+ \(requires_action\), .*state: cancelled",
        [CREATE],
        foretold=False,
    ),
}


@pytest.mark.parametrize("row", REFUSALS.values(), ids=REFUSALS.keys())
def test_run_fails(thread: Thread, row: Refusal) -> None:
    row.given(thread)
    options = thread.options(row.asked)
    if row.foretold:
        done = thread.world.foretold("run", **options)
    else:
        assert "failed" not in thread.world.do("run", check=True, **options).result
        done = thread.world.do("run", **options)
    assert done.result["failed"]
    assert re.search(row.message, done.result["msg"]), done.result["msg"]
    assert done.sent == row.sent
