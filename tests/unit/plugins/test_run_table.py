# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task with openai_run means: (what exists) x (what is asked) -> (changed, requests sent, resulting run)."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.threadworks.openai.tests.unit.plugins.run_states import (
    CANCEL,
    CREATE,
    FUNCTION,
    INDIFFERENT,
    MESSAGES,
    MODIFY,
    OUTPUTS,
    PARAMETERS,
    QUICK,
    RUN,
    RUNS,
    SUBMIT,
    Given,
    Thread,
    both,
    cancelled,
    completed,
    expired,
    failed,
    going,
    hanging,
    incomplete,
    nothing,
    of_somebody,
    over,
    queued,
    said,
    said_by_assistant,
    waiting,
)
from ansible_collections.threadworks.openai.tests.unit.plugins.table import polled_once
from ansible_collections.threadworks.openai.tests.world import Json


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table.

    Args:
        given: Makes what exists.
        asked: The task's options.
        sent: Its changing requests; whether it has `changed` is whether there are any.
        read: Its reading requests.
        model: How often the model is asked by it.
        runs: How many runs there are afterwards.
        status: The resulting run's.
        again: Whether the same task once more changes nothing.
    """

    given: Given
    asked: Json
    sent: list[str]
    read: list[str]
    model: int = 0
    runs: int = 1
    status: str | None = "completed"
    again: bool = True

    @property
    def changed(self) -> bool:
        return bool(self.sent)


LOOK = [RUNS, MESSAGES]
HE_SAID: Json = {"additional_messages": [{"role": "assistant", "content": "As I said."}]}
TABLE = {
    "no run": Row(nothing, {}, [CREATE], LOOK, model=1),
    "no run, not waited for": Row(nothing, {"wait": False}, [CREATE], LOOK, model=1, status="queued"),
    "the same, completed": Row(completed(), {}, [], LOOK),
    "the same, queued": Row(queued, {"wait": False}, [], LOOK, status="queued"),
    "the same, going": Row(going(), {}, [], [*LOOK, RUN, MESSAGES]),
    "the same, going, not waited for": Row(hanging(), {"wait": False}, [], LOOK, status="in_progress"),
    "the same, waiting for tool outputs": Row(waiting(), {"tools": [FUNCTION]}, [], LOOK, status="requires_action"),
    "the same, failed": Row(failed(), {}, [CREATE], LOOK, model=1, runs=2),
    "the same, failed twice": Row(both(failed(), failed()), {}, [CREATE], LOOK, model=1, runs=3),
    "the same, incomplete": Row(incomplete(), {}, [CREATE], LOOK, model=1, runs=2),
    "the same, expired": Row(expired, {"tools": [FUNCTION]}, [CREATE], LOOK, model=1, runs=2),
    "the same, cancelled": Row(cancelled, {"tools": [FUNCTION]}, [CREATE], LOOK, model=1, runs=2),
    "the same, failed after it was completed": Row(both(completed(), failed(force=True)), {}, [], LOOK, runs=2),
    **{
        f"{name} given": Row(completed(), {name: value}, [CREATE], LOOK, model=1, runs=2)
        for name, value in PARAMETERS.items()
    },
    **{
        f"{name} not given any more": Row(completed(**{name: value}), {}, [CREATE], LOOK, model=1, runs=2)
        for name, value in PARAMETERS.items()
    },
    **{f"{name} given": Row(completed(), {name: value}, [], LOOK) for name, value in INDIFFERENT.items()},
    **{
        f"{name} not given any more": Row(completed(**{name: value}), {}, [], LOOK)
        for name, value in INDIFFERENT.items()
    },
    "back to earlier parameters": Row(both(completed(), completed(top_p=0.5)), {}, [], LOOK, runs=2),
    "metadata given": Row(completed(), {"metadata": {"a": 1}}, [MODIFY], LOOK),
    "metadata changed": Row(completed(metadata={"a": 1, "b": 2}), {"metadata": {"a": 3}}, [MODIFY], LOOK),
    "metadata emptied": Row(completed(metadata={"a": 1}), {"metadata": {}}, [MODIFY], LOOK),
    "metadata repeated": Row(completed(metadata={"a": 1}), {"metadata": {"a": "1"}}, [], LOOK),
    "metadata not given any more": Row(completed(metadata={"a": 1}), {}, [], LOOK),
    "a new user message": Row(both(completed(), said("More?")), {}, [CREATE], LOOK, model=1, runs=2),
    "a new assistant message": Row(both(completed(), said_by_assistant), {}, [], LOOK),
    "a new user message while it failed": Row(both(failed(), said("More?")), {}, [CREATE], LOOK, model=1, runs=2),
    "an additional message of the assistant": Row(completed(**HE_SAID), HE_SAID, [], LOOK),
    "an additional message of the assistant, failed": Row(failed(**HE_SAID), HE_SAID, [CREATE], LOOK, model=1, runs=2),
    "key, no run": Row(nothing, {"key": "k"}, [CREATE], LOOK, model=1),
    "key, a run without": Row(completed(), {"key": "k"}, [CREATE], LOOK, model=1, runs=2),
    "no key, a run with": Row(completed(key="k"), {}, [], LOOK),
    "key, completed": Row(completed(key="k"), {"key": "k"}, [], [RUNS, MESSAGES]),
    "key, a new user message": Row(both(completed(key="k"), said("More?")), {"key": "k"}, [], [RUNS, MESSAGES]),
    "key, going": Row(going(key="k"), {"key": "k"}, [], [RUNS, RUN, MESSAGES]),
    "key, failed": Row(failed(key="k"), {"key": "k"}, [CREATE], LOOK, model=1, runs=2),
    "key, changed parameters": Row(completed(key="k"), {"key": "k", "top_p": 0.5}, [CREATE], LOOK, model=1, runs=2),
    "key, back to earlier parameters": Row(
        both(completed(key="k"), completed(key="k", top_p=0.5)), {"key": "k"}, [CREATE], LOOK, model=1, runs=3
    ),
    "key, metadata changed": Row(
        completed(key="k", metadata={"a": 1}), {"key": "k", "metadata": {"b": 1}}, [MODIFY], [RUNS, MESSAGES]
    ),
    "another key": Row(completed(key="k"), {"key": "l"}, [CREATE], LOOK, model=1, runs=2),
    "force": Row(completed(), {"force": True}, [CREATE], LOOK, model=1, runs=2, again=False),
    "force, with a key": Row(
        completed(key="k"), {"key": "k", "force": True}, [CREATE], LOOK, model=1, runs=2, again=False
    ),
    "somebody's run, completed": Row(both(of_somebody(QUICK), over), {}, [CREATE], LOOK, model=1, runs=2),
    "somebody's run, going": Row(of_somebody(), {}, [CREATE, CREATE], [*LOOK, RUN], model=1, runs=2),
    "run_id": Row(both(of_somebody(QUICK), over), {"run_id": "newest"}, [], [RUN, MESSAGES]),
    "run_id, going": Row(of_somebody(), {"run_id": "newest"}, [], [RUN, MESSAGES]),
    "run_id, metadata": Row(
        both(of_somebody(QUICK), over), {"run_id": "newest", "metadata": {"a": 1}}, [MODIFY], [RUN, MESSAGES]
    ),
    "run_id, key": Row(both(of_somebody(QUICK), over), {"run_id": "newest", "key": "k"}, [MODIFY], [RUN, MESSAGES]),
    "run_id, outputs": Row(waiting(), {"run_id": "newest", **OUTPUTS}, [SUBMIT], [RUN], model=1),
    "run_id, outputs, completed": Row(completed(), {"run_id": "newest", **OUTPUTS}, [], [RUN, MESSAGES]),
    "run_id, failed, allowed": Row(failed(), {"run_id": "newest", "fail_on": []}, [], [RUN, MESSAGES], status="failed"),
}
CANCELLATIONS = {
    "queued": Row(queued, {}, [CANCEL], [RUNS, RUN], status="cancelled"),
    "in progress": Row(hanging(), {}, [CANCEL], [RUNS, RUN, MESSAGES], status="cancelled"),
    "waiting for tool outputs": Row(waiting(), {}, [CANCEL], [RUNS, RUN, MESSAGES], status="cancelled"),
    "completed": Row(completed(), {}, [], [RUNS, MESSAGES]),
    "failed": Row(failed(), {}, [], [RUNS, MESSAGES], status="failed"),
    "no run": Row(nothing, {}, [], [RUNS], runs=0, status=None),
    "by run_id": Row(waiting(), {"run_id": "newest"}, [CANCEL], [RUN, MESSAGES], status="cancelled"),
    "by run_id, completed": Row(completed(), {"run_id": "newest"}, [], [RUN, MESSAGES]),
    "by key": Row(waiting(key="k"), {"key": "k"}, [CANCEL], [RUNS, RUN, MESSAGES], status="cancelled"),
    "by key, which an older run has": Row(
        both(completed(key="k"), hanging(top_p=0.5)), {"key": "k"}, [], [RUNS, MESSAGES], runs=2
    ),
    "by another key": Row(waiting(key="k"), {"key": "l"}, [], [RUNS], status=None),
    "many runs": Row(both(*[completed(force=True)] * 3), {}, [], [RUNS, MESSAGES], runs=3),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_run(thread: Thread, row: Row) -> None:
    row.given(thread)
    look_at(thread, row, row.asked)


@pytest.mark.parametrize("row", CANCELLATIONS.values(), ids=CANCELLATIONS.keys())
def test_cancel(thread: Thread, row: Row) -> None:
    row.given(thread)
    look_at(thread, row, {**row.asked, "state": "cancelled"})


def look_at(thread: Thread, row: Row, asked: Json) -> None:
    """Carry the task out, and compare what it did with the row."""
    asked_before = len(thread.world.model.runs)
    done = thread.world.foretold("run", **thread.options(asked))
    assert "failed" not in done.result, done.result
    assert (done.result["changed"], done.sent, polled_once(done.read)) == (row.changed, row.sent, row.read)
    # A run that is not waited for asks the model a moment later.
    thread.wait_for_model(asked_before + row.model)
    assert len(thread.runs) == row.runs
    assert done.result["status"] == row.status
    if row.again:
        again = thread.run(**asked)
        assert (again.result["changed"], again.sent, again.model) == (False, [], [])
