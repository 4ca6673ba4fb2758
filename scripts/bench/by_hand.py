# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the cost of waiting for a model: with `ansible.builtin.uri`, and with the collection."""

from __future__ import annotations

import fnmatch
import sys

from arena import Arena, Served
from figures import Figure, Goal

_HALF = "wait-0.5"
_BY_HAND = "run by hand with ansible.builtin.uri, model 0.5 s"
_BY_MODULE = "openai_thread_run, model 0.5 s"
_RATIO = "by hand / openai_thread_run"
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


def measure(rounds: int, only: str) -> list[Figure]:
    """Measure the selected figures."""
    wanted = [name for name in (_BY_HAND, _BY_MODULE, _RATIO) if fnmatch.fnmatch(name, only)]
    if not wanted:
        return []
    with Arena() as arena, arena.served(quick_model=True) as runtime:
        arena.seconds(arena.playbook("assistant", _ASSISTANT), OPENAI_RUNTIME_URL=runtime.url)
        return [figure for figure in _by_hand(arena, runtime, rounds) if figure.name in wanted]


def _by_hand(arena: Arena, runtime: Served, rounds: int) -> list[Figure]:
    """Measure the same run by hand and with one task of the collection, on the same server."""
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
