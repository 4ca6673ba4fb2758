# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the cost of waiting for a model: with `ansible.builtin.uri`, with the collection, and after the last byte."""

from __future__ import annotations

import fnmatch
import statistics
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

from arena import Arena, Served
from figures import Figure, Goal

_HALF = "wait-0.5"
_TASKS = 5
_BY_HAND = "a run by hand with ansible.builtin.uri, model 0.5 s"
_BY_MODULE = "openai_thread_run, model 0.5 s"
_RATIO = "by hand / openai_thread_run"
_LAST_BYTE = "from the last byte of the model server to the end of the task"
_ASSISTANT = f"""
    - threadworks.openai.openai_assistant: {{name: bench, model: {_HALF}}}
"""
_MODULE = """
    - threadworks.openai.openai_thread_run:
        assistant_id: bench
        thread: {messages: [{content: "Hello {{ round }}"}]}
"""
_URI = """
    - uri: &request
        url: "{{ runtime }}/threads"
        method: POST
        body_format: json
        body: {}
        headers: {OpenAI-Beta: assistants=v2}
      register: thread
    - uri:
        <<: *request
        url: "{{ runtime }}/threads/{{ thread.json.id }}/messages"
        body: {role: user, content: "Hello {{ round }}"}
    - uri:
        <<: *request
        url: "{{ runtime }}/threads/{{ thread.json.id }}/runs"
        body: {assistant_id: "{{ assistant }}"}
      register: run
    - uri:
        url: "{{ runtime }}/threads/{{ thread.json.id }}/runs/{{ run.json.id }}"
        headers: {OpenAI-Beta: assistants=v2}
      register: run
      until: run.json.status not in ['queued', 'in_progress']
      retries: 60
      delay: 1
    - uri:
        url: "{{ runtime }}/threads/{{ thread.json.id }}/messages"
        headers: {OpenAI-Beta: assistants=v2}
"""
# Notes when each task has ended, by the machine's monotonic clock.
_CALLBACK = '''
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: bench_ends
type: notification
short_description: When tasks end
description: Writes when each task has ended to a file.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "bench_ends"

    def v2_runner_on_ok(self, result):
        now = time.monotonic()
        with open("ends.txt", "a") as file:
            file.write(f"{now}\\n")
'''


def measure(rounds: int, only: str) -> list[Figure]:
    """Measure the selected figures."""
    names: dict[str, Callable[[Arena, Served, int], list[Figure]]] = {
        _BY_HAND: _by_hand,
        _BY_MODULE: _by_hand,
        _RATIO: _by_hand,
        _LAST_BYTE: _last_byte,
    }
    wanted = [name for name in names if fnmatch.fnmatch(name, only)]
    found: list[Figure] = []
    if wanted:
        with Arena() as arena, arena.served(quick_model=True) as runtime:
            arena.seconds(arena.playbook("assistant", _ASSISTANT), OPENAI_RUNTIME_URL=runtime.url)
            for make in dict.fromkeys(names[name] for name in wanted):
                found += make(arena, runtime, rounds)
    return [figure for figure in found if figure.name in wanted]


def _by_hand(arena: Arena, runtime: Served, rounds: int) -> list[Figure]:
    """The same run by hand and with one task of the collection, on the same server."""
    assistant = arena.rows("SELECT id FROM assistants", arena.served_store)[0][0]
    plays = {"hand": arena.playbook("hand", _URI), "module": arena.playbook("module", _MODULE)}
    plays["nothing"] = arena.playbook("nothing", "")
    taken = []
    for number in range(rounds + 1):
        print(f"by hand: round {number} of {rounds}", file=sys.stderr)
        variables = {"round": str(number), "assistant": assistant, "runtime": runtime.url}
        arguments = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        taken.append(
            {name: arena.seconds(play, *arguments, OPENAI_RUNTIME_URL=runtime.url) for name, play in plays.items()}
        )
    hand, module = ([each[name] - each["nothing"] for each in taken[1:]] for name in ("hand", "module"))
    ratio = [one / other for one, other in zip(hand, module, strict=True)]
    goal = Goal(4, at_least=True)
    return [Figure(_BY_HAND, "s", hand), Figure(_BY_MODULE, "s", module), Figure(_RATIO, "", ratio, goal)]


def _last_byte(arena: Arena, runtime: Served, rounds: int) -> list[Figure]:
    """Measure how long a task continues after its model server has sent everything."""
    plugins = arena.folder / "callback"
    plugins.mkdir()
    (plugins / "bench_ends.py").write_text(_CALLBACK.lstrip())
    environment = {
        "OPENAI_BASE_URL": arena.quick_model(),
        "ANSIBLE_CALLBACK_PLUGINS": str(plugins),
        "ANSIBLE_CALLBACKS_ENABLED": "bench_ends",
    }
    assistant = arena.playbook("local_assistant", _ASSISTANT)
    arena.seconds(assistant, **environment)
    values = []
    for number in range(rounds):
        print(f"last byte: round {number + 1} of {rounds}", file=sys.stderr)
        taken = []
        for task in range(_TASKS + 1):
            play = arena.playbook("waits", _MODULE)
            arena.seconds(play, "-e", f"round=last-{number}-{task}", **environment)
            taken.append(_latest(arena.folder / "ends.txt") - _sent(arena.quick_model()))
        values.append(1000 * statistics.median(taken[1:]))
    return [Figure(_LAST_BYTE, "ms", values, Goal(30), 195)]


def _latest(file: Path) -> float:
    return float(file.read_text().splitlines()[-1])


def _sent(model: str) -> float:
    with urllib.request.urlopen(f"{model.removesuffix('/v1')}/_sent", timeout=10) as answer:
        return float(answer.read())
