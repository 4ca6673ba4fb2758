# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The number of requests that a task sends, as counted by a served runtime."""

from __future__ import annotations

import fnmatch
import itertools
import sys

from arena import Arena
from figures import Figure, Goal

_NEW, _UNCHANGED = "requests for one openai_thread_run, new", "requests for one openai_thread_run, unchanged"
_ASSISTANT = """
    - threadworks.openai.openai_assistant: {name: bench, model: none}
"""
_RUN = """
    - threadworks.openai.openai_thread_run:
        assistant_id: "{{ assistant_id }}"
        thread: {messages: [{content: Hello}]}
"""


def measure(_rounds: int, only: str) -> list[Figure]:
    """Count the requests of a task with a new run, and of the same task when it is repeated."""
    if not any(fnmatch.fnmatch(name, only) for name in (_NEW, _UNCHANGED)):
        return []
    print("requests", file=sys.stderr)
    with Arena() as arena, arena.served() as runtime:
        variables = {"OPENAI_RUNTIME_URL": runtime.url}
        arena.seconds(arena.playbook("assistant", _ASSISTANT), **variables)
        assistant = arena.rows("SELECT id FROM assistants", arena.served_store)[0][0]
        playbook, counts = arena.playbook("run", _RUN), [runtime.requests()]
        for _each in range(2):
            arena.seconds(playbook, "-e", f"assistant_id={assistant}", **variables)
            counts.append(runtime.requests())
    new, unchanged = (float(after - before) for before, after in itertools.pairwise(counts))
    return [Figure(_NEW, "", [new], Goal(2), 2), Figure(_UNCHANGED, "", [unchanged], Goal(2), 3)]
