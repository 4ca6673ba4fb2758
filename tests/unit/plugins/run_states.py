# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The initial states of a test of openai_run: a thread and its runs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.world import Done, Json, World

FUNCTION: Json = {"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {}}}}
CREATE, MODIFY, CANCEL = "POST /threads/*/runs", "POST /threads/*/runs/*", "POST /threads/*/runs/*/cancel"
SUBMIT = "POST /threads/*/runs/*/submit_tool_outputs"
OUTPUTS: Json = {"tool_outputs": [{"tool_call_id": "call_1", "output": {"used": "71%"}}]}
RUNS, MESSAGES, RUN = "GET /threads/*/runs", "GET /threads/*/messages", "GET /threads/*/runs/*"

# A value for each parameter of a run.
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
    "verbosity": "low",
    "reasoning_summary": "auto",
}
# The parameters that do not change the answer.
INDIFFERENT: Json = {"service_tier": "flex", "prompt_cache_key": "k", "safety_identifier": "s"}


class Thread:
    """A thread with one user message, and an assistant. Its methods prepare the state before the tested task."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.assistant_id = world.do("assistant", name="A", model="m").result["assistant_id"]
        self.id = world.do("thread", key="T").result["thread_id"]
        self.say("Hello")

    def say(self, text: str) -> None:
        self.world.do("message", thread_id=self.id, content=text, key=text)

    def run(self, **options: Any) -> Done:
        """Run a task, which can fail."""
        return self.world.do("run", **self.options(options))

    def options(self, options: Json) -> Json:
        """Return the options of a task, with the ids of this thread."""
        if options.get("run_id") == "newest":
            options = {**options, "run_id": self.runs[-1]["id"]}
        whose = {} if "run_id" in options else {"assistant_id": self.assistant_id}
        return {"thread_id": self.id, **whose, **options}

    def answers(self, *answers: Json) -> None:
        """Set the next answers of the model."""
        self.world.model.script(list(answers))

    @property
    def runs(self) -> list[Json]:
        """The runs of the thread, oldest first."""
        return list(self.world.wire.list("threads", self.id, "runs", query={"order": "asc"}))

    def wait_for_model(self, questions: int) -> None:
        """Wait until the model server has received this total number of requests."""
        wait_for(lambda: len(self.world.model.runs) == questions)


Given = Callable[[Thread], None]
QUICK: Json = {"text": "Hello"}
# Held until the tested task has found the active run.
HELD: Json = {"text": "Hello", "hold": True}


def nothing(thread: Thread) -> None:
    """No run."""


def completed(**options: Any) -> Given:
    """A completed run."""

    def given(thread: Thread) -> None:
        assert thread.run(**options).result["status"] == "completed"

    return given


def ended(status: str, answer: Json, **options: Any) -> Given:
    """A run that ends with this status after this answer of the model."""

    def given(thread: Thread) -> None:
        thread.answers(answer)
        assert thread.run(**options, fail_on=[]).result["status"] == status

    return given


def failed(**options: Any) -> Given:
    """A run that the model server refuses."""
    return ended("failed", {"status": 400, "error": {"message": "No."}}, **options)


def answering(answer: Json) -> Given:
    """No run. The model will give this answer."""
    return lambda thread: thread.answers(answer)


def incomplete(**options: Any) -> Given:
    """A run that ends because its answer is too long."""
    return ended("incomplete", {"incomplete": "max_output_tokens"}, **options)


def waiting(**options: Any) -> Given:
    """A run that waits for tool outputs."""
    return ended("requires_action", {"calls": [{"name": "disk", "call_id": "call_1"}]}, tools=[FUNCTION], **options)


def expired(thread: Thread) -> None:
    """A run that expires while it waits for tool outputs."""
    waiting()(thread)
    thread.world.change("UPDATE runs SET expires_at = 1")


def cancelled(thread: Thread) -> None:
    """A run that is cancelled while it waits for tool outputs."""
    waiting()(thread)
    thread.run(state="cancelled")


def going(answer: Json | None = None, **options: Any) -> Given:
    """An active run that completes shortly afterwards."""

    def given(thread: Thread) -> None:
        asked = len(thread.world.model.runs)
        thread.answers(answer or HELD)
        thread.run(wait=False, **options)
        thread.wait_for_model(asked + 1)
        thread.world.release_after(1)

    return given


def hanging(**options: Any) -> Given:
    """An active run that does not end."""
    return going({"hang": True}, **options)


def of_somebody(answer: Json | None = None, status: str = "in_progress") -> Given:
    """An active run that was created without this collection."""

    def given(thread: Thread) -> None:
        thread.answers(answer or HELD)
        body = {"assistant_id": thread.assistant_id, "temperature": 0.1, "tools": [FUNCTION]}
        thread.world.wire.post("threads", thread.id, "runs", body=body)
        thread.wait_for_model(1)
        wait_for(lambda: thread.runs[-1]["status"] in (status, "completed"))
        # Check mode reads it once, and the real task reads it before it waits.
        thread.world.release_after(2)

    return given


def queued(thread: Thread) -> None:
    """A queued run, because a run on another thread occupies the whole pool."""
    narrow = copy.copy(thread.world)
    narrow.wire = thread.world.connected(runtime_concurrent_runs=1)
    asked = len(thread.world.model.runs)
    thread.answers({"hang": True})
    narrow.do("thread_run", assistant_id=thread.assistant_id, key="in the way", wait=False)
    thread.wait_for_model(asked + 1)
    narrow.do("run", wait=False, **thread.options({}))


def over(thread: Thread) -> None:
    """Wait until the newest run is completed."""
    wait_for(lambda: thread.runs[-1]["status"] == "completed")


def said_by_assistant(thread: Thread) -> None:
    """A new message of the assistant."""
    thread.world.do("message", thread_id=thread.id, role="assistant", content="As I said.")


def both(*steps: Given) -> Given:
    """Several states, one after the other."""

    def given(thread: Thread) -> None:
        for step in steps:
            step(thread)

    return given


def said(text: str) -> Given:
    """A new message of the user."""
    return lambda thread: thread.say(text)
