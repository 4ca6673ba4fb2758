# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task with openai_run means: (what exists) x (what is asked) -> (changed, requests sent, resulting run)."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._run import PARAMETER_NAMES
from ansible_collections.threadworks.openai.tests.unit.plugins.table import polled_once
from ansible_collections.threadworks.openai.tests.world import Done, Json, World

FUNCTION: Json = {"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {}}}}
CREATE, MODIFY, CANCEL = "POST /threads/*/runs", "POST /threads/*/runs/*", "POST /threads/*/runs/*/cancel"
SUBMIT = "POST /threads/*/runs/*/submit_tool_outputs"
OUTPUTS: Json = {"tool_outputs": [{"tool_call_id": "call_1", "output": {"used": "71%"}}]}
RUNS, MESSAGES, RUN = "GET /threads/*/runs", "GET /threads/*/messages", "GET /threads/*/runs/*"


class Thread:
    """A thread with one user message, an assistant, and what happens to them before the task that is looked at."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.assistant_id = world.do("assistant", name="A", model="m").result["assistant_id"]
        self.id = world.do("thread", key="T").result["thread_id"]
        self.say("Hello")

    def say(self, text: str) -> None:
        self.world.do("message", thread_id=self.id, content=text, key=text)

    def run(self, **options: Any) -> Done:
        """A task, which may fail."""
        return self.world.do("run", **self.options(options))

    def options(self, options: Json) -> Json:
        """A task's options, with the ids of this thread."""
        if options.get("run_id") == "newest":
            options = {**options, "run_id": self.runs[-1]["id"]}
        whose = {} if "run_id" in options else {"assistant_id": self.assistant_id}
        return {"thread_id": self.id, **whose, **options}

    def answers(self, *answers: Json) -> None:
        """What the model answers next."""
        self.world.model.script(list(answers))

    @property
    def runs(self) -> list[Json]:
        """Oldest first."""
        return list(self.world.wire.list("threads", self.id, "runs", query={"order": "asc"}))

    def wait_for_model(self, questions: int) -> None:
        """Until the model has been asked so often in all."""
        self.world.wait(lambda: len(self.world.model.runs) == questions)


Given = Callable[[Thread], None]
QUICK: Json = {"text": "Hello"}
# Long enough for the task that is looked at to find the run going, also on a busy machine.
SLOW: Json = {"text": "Hello", "delay": 1.5}


def nothing(thread: Thread) -> None:
    """No run."""


def completed(**options: Any) -> Given:
    def given(thread: Thread) -> None:
        assert thread.run(**options).result["status"] == "completed"

    return given


def ended(status: str, answer: Json, **options: Any) -> Given:
    def given(thread: Thread) -> None:
        thread.answers(answer)
        assert thread.run(**options, fail_on=[]).result["status"] == status

    return given


def failed(**options: Any) -> Given:
    return ended("failed", {"status": 400, "error": {"message": "No."}}, **options)


def answering(answer: Json) -> Given:
    """No run; the model will answer so."""
    return lambda thread: thread.answers(answer)


def incomplete(**options: Any) -> Given:
    return ended("incomplete", {"incomplete": "max_output_tokens"}, **options)


def waiting(**options: Any) -> Given:
    """A run in requires_action."""
    return ended("requires_action", {"calls": [{"name": "disk", "call_id": "call_1"}]}, tools=[FUNCTION], **options)


def expired(thread: Thread) -> None:
    waiting()(thread)
    thread.world.change("UPDATE runs SET expires_at = 1")


def cancelled(thread: Thread) -> None:
    waiting()(thread)
    thread.run(state="cancelled")


def going(answer: Json | None = None, **options: Any) -> Given:
    """A run that is in progress, and completed a moment later."""

    def given(thread: Thread) -> None:
        asked = len(thread.world.model.runs)
        thread.answers(answer or SLOW)
        thread.run(wait=False, **options)
        thread.wait_for_model(asked + 1)

    return given


def hanging(**options: Any) -> Given:
    """A run that is in progress for long."""
    return going({"hang": True}, **options)


def of_somebody(answer: Json | None = None, status: str = "in_progress") -> Given:
    """A run that somebody else made without this collection is going."""

    def given(thread: Thread) -> None:
        thread.answers(answer or SLOW)
        body = {"assistant_id": thread.assistant_id, "temperature": 0.1, "tools": [FUNCTION]}
        thread.world.wire.post("threads", thread.id, "runs", body=body)
        thread.wait_for_model(1)
        thread.world.wait(lambda: thread.runs[-1]["status"] in (status, "completed"))

    return given


def queued(thread: Thread) -> None:
    """A run that waits until the runtime has room for it: a run on another thread takes all there is."""
    narrow = copy.copy(thread.world)
    narrow.wire = thread.world.connected(runtime_concurrent_runs=1)
    asked = len(thread.world.model.runs)
    thread.answers({"hang": True})
    narrow.do("thread_run", assistant_id=thread.assistant_id, key="in the way", wait=False)
    thread.wait_for_model(asked + 1)
    narrow.do("run", wait=False, **thread.options({}))


def over(thread: Thread) -> None:
    thread.world.wait(lambda: thread.runs[-1]["status"] == "completed")


def said_by_assistant(thread: Thread) -> None:
    thread.world.do("message", thread_id=thread.id, role="assistant", content="As I said.")


def both(*steps: Given) -> Given:
    def given(thread: Thread) -> None:
        for step in steps:
            step(thread)

    return given


def said(text: str) -> Given:
    return lambda thread: thread.say(text)


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
PARAMETERS: Json = {
    "model": "n",
    "instructions": "Be kind.",
    "additional_instructions": "And brief.",
    "additional_messages": [{"content": "One more thing."}],
    "tools": [FUNCTION],
    "tool_choice": "none",
    "parallel_tool_calls": False,
    "temperature": 0.5,
    "top_p": 0.5,
    "max_prompt_tokens": 300,
    "max_completion_tokens": 300,
    "truncation_strategy": {"type": "last_messages", "last_messages": 1},
    "response_format": {"type": "json_object"},
    "reasoning_effort": "low",
}
TABLE = {
    "no run": Row(nothing, {}, [CREATE], LOOK, model=1),
    "no run, not waited for": Row(nothing, {"wait": False}, [CREATE], LOOK, model=1, status="queued"),
    "the same, completed": Row(completed(), {}, [], LOOK),
    "the same, queued": Row(queued, {"wait": False}, [], LOOK, status="queued"),
    "the same, going": Row(going(), {}, [], [*LOOK, RUN, MESSAGES]),
    "the same, going, not waited for": Row(hanging(), {"wait": False}, [], LOOK, status="in_progress"),
    "the same, waiting for tool outputs": Row(waiting(), {"tools": [FUNCTION]}, [], LOOK, status="requires_action"),
    "the same, failed": Row(failed(), {}, [CREATE], LOOK, model=1, runs=2),
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
    "back to earlier parameters": Row(both(completed(), completed(top_p=0.5)), {}, [], LOOK, runs=2),
    "metadata given": Row(completed(), {"metadata": {"a": 1}}, [MODIFY], LOOK),
    "metadata changed": Row(completed(metadata={"a": 1, "b": 2}), {"metadata": {"a": 3}}, [MODIFY], LOOK),
    "metadata emptied": Row(completed(metadata={"a": 1}), {"metadata": {}}, [MODIFY], LOOK),
    "metadata repeated": Row(completed(metadata={"a": 1}), {"metadata": {"a": "1"}}, [], LOOK),
    "metadata not given any more": Row(completed(metadata={"a": 1}), {}, [], LOOK),
    "a new user message": Row(both(completed(), said("More?")), {}, [CREATE], LOOK, model=1, runs=2),
    "a new assistant message": Row(both(completed(), said_by_assistant), {}, [], LOOK),
    "a new user message while it failed": Row(both(failed(), said("More?")), {}, [CREATE], LOOK, model=1, runs=2),
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


@pytest.fixture
def thread(world: World) -> Thread:
    return Thread(world)


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
    "no assistant": Refusal(nothing, {"assistant_id": None}, "^assistant_id is missing: .* run_id"),
    "outputs for no run": Refusal(nothing, OUTPUTS, "^tool_outputs needs run_id"),
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
        "incomplete: max_completion_tokens .*",
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


def user(text: str) -> Json:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


LONG = "word " * 300
ASKED: dict[str, tuple[Json, Json]] = {
    "model": ({"model": "n"}, {"model": "n"}),
    "instructions": ({"instructions": "Be kind."}, {"instructions": "Be kind."}),
    "additional_instructions": ({"additional_instructions": "Be brief."}, {"instructions": "Be brief."}),
    "additional_messages": (
        {"additional_messages": [{"content": "And?"}]},
        {"input": [user(LONG), user("Hello"), user("And?")]},
    ),
    "tools": (
        {"tools": [FUNCTION, {"type": "code_interpreter"}]},
        {
            "tools": [
                {"type": "function", **FUNCTION["function"], "strict": False},
                {"type": "code_interpreter", "container": {"type": "auto"}},
            ]
        },
    ),
    "tool_choice": (
        {"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "disk"}}},
        {"tool_choice": {"type": "function", "name": "disk"}},
    ),
    "parallel_tool_calls": ({"tools": [FUNCTION], "parallel_tool_calls": False}, {"parallel_tool_calls": False}),
    "temperature": ({"temperature": 0}, {"temperature": 0}),
    "top_p": ({"top_p": 0.5}, {"top_p": 0.5}),
    "max_prompt_tokens": ({"max_prompt_tokens": 256}, {"input": [user("Hello")]}),
    "max_completion_tokens": ({"max_completion_tokens": 300}, {"max_output_tokens": 300}),
    "truncation_strategy": (
        {"truncation_strategy": {"type": "last_messages", "last_messages": 1}},
        {"input": [user("Hello")]},
    ),
    "response_format": ({"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}),
    "reasoning_effort": ({"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}),
}


@pytest.mark.parametrize(("options", "expected"), ASKED.values(), ids=ASKED.keys())
def test_every_parameter_reaches_the_model(world: World, options: Json, expected: Json) -> None:
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T", messages=[{"content": LONG}, {"content": "Hello"}])
    done = world.do("run", thread_id="newest", assistant_id="newest", fail_on=[], **options)
    assert done.model[0].items() >= expected.items()


def test_no_parameter_is_forgotten_in_these_tables() -> None:
    assert set(PARAMETERS) == set(ASKED) == set(PARAMETER_NAMES) - {"assistant_id"}


NO_QUESTION = "has no message of role user"
ASSISTANT_SAYS: Json = {"role": "assistant", "content": "Hi"}


@pytest.mark.parametrize("check", [True, False])
def test_a_run_without_a_question_gets_a_warning(world: World, check: bool) -> None:
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T", messages=[ASSISTANT_SAYS])
    run: Json = {"thread_id": "newest", "assistant_id": "newest"}
    world.do("run", check=check, **run, additional_messages=[{"content": "Hello"}], key="k")
    assert world.lines == []
    world.predictions.clear()
    world.do("thread", key="U", messages=[ASSISTANT_SAYS])
    world.do("run", check=check, **run, additional_messages=[ASSISTANT_SAYS])
    assert [NO_QUESTION in line for line in world.lines] == [True]
    world.do("thread_run", check=check, assistant_id="newest", thread={"messages": [ASSISTANT_SAYS]})
    world.do("thread_run", check=check, assistant_id="newest")
    assert [NO_QUESTION in line for line in world.lines] == [True] * 3


@pytest.mark.parametrize("answer", [QUICK, {"hang": True}], ids=["completed", "active"])
@pytest.mark.parametrize("key", [None, "k"])
def test_a_run_that_another_task_makes_between_two_requests(
    thread: Thread, monkeypatch: pytest.MonkeyPatch, answer: Json, key: str | None
) -> None:
    """It has put its own message on the thread, which is not a new one."""
    asked: Json = {"additional_messages": [{"content": "And now?"}], "key": key, "wait": answer is QUICK}
    send, made = thread.world.wire.transport.send, []

    def interrupted(request: Any) -> Any:
        if request.path.endswith("/messages") and not made:
            made.append(request)
            thread.answers(answer)
            assert thread.run(**asked).result["changed"]
        return send(request)

    monkeypatch.setattr(thread.world.wire.transport, "send", interrupted)
    done = thread.run(**asked)
    assert (done.result.get("msg"), done.result["changed"], len(thread.runs)) == (None, False, 1)
