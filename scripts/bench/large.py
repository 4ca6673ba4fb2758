# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cost of a task in a store of 100,000 runs, compared with a store that is nearly empty."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import filled
from arena import ROOT, Arena
from figures import Figure, Goal

_THREADS = 10_000
_TURNS = 10  # runs in each of them
_DEEP = 1_000  # runs in one thread
_SAID = 4  # messages of a client before each of these
_ASSISTANTS = 1_000
_TASKS = 40
_FLOOR = "    - set_fact: {answer: Hello}\n"

# The content of the stores: threads of 10 runs, and a thread with 5 messages for each run.
_FILL = f"""
    - threadworks.openai.openai_assistant: {{name: bench, model: none}}
      register: assistant
    - threadworks.openai.openai_thread: {{key: short}}
      register: short
    - include_tasks: turn.yml
      loop: "{{{{ range({_TURNS}) | list }}}}"
    - threadworks.openai.openai_thread:
        key: deep
        messages: "{{{{ [{{'content': 'Something to know.'}}] * {_SAID} }}}}"
      register: deep
    - threadworks.openai.openai_run: {{thread_id: "{{{{ deep.thread_id }}}}", assistant_id: bench}}
"""
_TURN = """
- threadworks.openai.openai_message: {thread_id: short, content: "Question {{ item }}"}
- threadworks.openai.openai_run: {thread_id: short, assistant_id: bench}
"""
_RUN = """
    - threadworks.openai.openai_run:
        thread_id: "{{ %s }}"
        assistant_id: "{{ assistant }}"
"""
# A new run would be a different measurement.
_UNCHANGED = "      register: result\n      failed_when: result is changed\n"
_NEW = "        force: true\n"
_NOT_WAITED = """
    - threadworks.openai.openai_thread_run:
        assistant_id: "{{ assistant }}"
        thread: {messages: [{content: "Hello {{ round }} %d"}]}
        wait: false
"""
_LAST = "        truncation_strategy: {type: last_messages, last_messages: 10}\n"
_BY_NAME = "    - threadworks.openai.openai_assistant: {name: bench, model: none}\n"


@dataclasses.dataclass(frozen=True)
class _Row:
    """A figure: tasks in the large store, compared with the same or other tasks in the store that is nearly empty."""

    name: str
    tasks: str
    goal: float
    before: float | None = None
    compared: str = ""


_SHORT_RUN, _DEEP_RUN = _RUN % "short", _RUN % "deep"
_REQUESTS_RUN = "requests for one openai_run, unchanged, on a thread of 1,000 runs"
_REQUESTS_NAME = "requests for one openai_assistant, unchanged, 1,000 assistants"
_ROWS = (
    _Row("openai_run, unchanged, store of 100,000 runs / nearly empty", (_SHORT_RUN + _UNCHANGED) * _TASKS, 1.3, 11.7),
    _Row(
        "openai_run, unchanged, on a thread of 1,000 runs and 5,000 messages / 10 runs",
        (_DEEP_RUN + _UNCHANGED) * _TASKS,
        1.5,
        22,
        (_SHORT_RUN + _UNCHANGED) * _TASKS,
    ),
    _Row("openai_assistant by name, 1,000 assistants / one", (_BY_NAME + _UNCHANGED) * _TASKS, 1.3, 16),
    _Row("openai_run, new run, store of 100,000 runs / nearly empty", (_SHORT_RUN + _NEW) * _TASKS, 1.3),
    _Row(
        "openai_thread_run with wait: false, store of 100,000 runs / nearly empty",
        "".join(_NOT_WAITED % number for number in range(_TASKS)),
        1.3,
    ),
    _Row(
        "openai_run, new run with last_messages: 10, on a thread of 5,000 messages / 20 messages",
        (_DEEP_RUN + _NEW + _LAST) * _TASKS,
        1.3,
        None,
        (_SHORT_RUN + _NEW + _LAST) * _TASKS,
    ),
)


def measure(rounds: int, only: str) -> list[Figure]:
    """Measure the selected figures."""
    rows = [row for row in _ROWS if fnmatch.fnmatch(row.name, only)]
    counted = [name for name in (_REQUESTS_RUN, _REQUESTS_NAME) if fnmatch.fnmatch(name, only)]
    if not rows and not counted:
        return []
    with Arena() as arena, _stores(arena) as stores:
        # Counted first: the other figures add many runs to the thread, without a new question.
        counts = [figure for figure in _requests(arena, stores) if figure.name in counted] if counted else []
        return [*(_ratios(arena, stores, rows, rounds) if rows else ()), *counts]


def _ratios(arena: Arena, stores: _Stores, rows: list[_Row], rounds: int) -> Iterator[Figure]:
    plays = {}
    for number, row in enumerate(rows):
        plays[f"{number} large"] = (stores.large, arena.playbook(f"large-{number}", row.tasks))
        plays[f"{number} small"] = (stores.small, arena.playbook(f"small-{number}", row.compared or row.tasks))
    plays["nothing"] = (stores.small, arena.playbook("nothing", ""))
    plays["floor"] = (stores.small, arena.playbook("floor", _FLOOR * _TASKS))
    taken = []
    for number in range(rounds + 1):
        print(f"large store: round {number} of {rounds}", file=sys.stderr)
        taken.append({name: stores.seconds(arena, *play, number) for name, play in plays.items()})
    for number, row in enumerate(rows):
        # Round 0 only starts the runtimes and fills the caches.
        values = [
            (seconds[f"{number} large"] - seconds["floor"]) / (seconds[f"{number} small"] - seconds["floor"])
            for seconds in taken[1:]
        ]
        yield Figure(row.name, "", values, Goal(row.goal), row.before)


def _requests(arena: Arena, stores: _Stores) -> list[Figure]:
    counts = []
    with arena.served(store=stores.large) as runtime:
        for name, tasks in (("deep", _DEEP_RUN + _UNCHANGED), ("named", _BY_NAME + _UNCHANGED)):
            playbook, before = arena.playbook(f"count-{name}", tasks), runtime.requests()
            stores.seconds(arena, stores.large, playbook, 0, OPENAI_RUNTIME_URL=runtime.url)
            counts.append(float(runtime.requests() - before))
    return [Figure(_REQUESTS_RUN, "", counts[:1], Goal(3), 11), Figure(_REQUESTS_NAME, "", counts[1:], Goal(1), 10)]


@dataclasses.dataclass(frozen=True)
class _Stores:
    """The two stores, and the ids of their objects.

    Attributes:
        small: The store that is nearly empty.
        large: The store with 100,000 runs.
        names: The ids of the assistant and the two threads, which are in both stores.
    """

    small: Path
    large: Path
    names: dict[str, str]

    def seconds(self, arena: Arena, store: Path, playbook: Path, number: int, **environment: str) -> float:
        """Run a playbook with one of the stores, and return how long it took."""
        variables = {**self.names, "round": str(number)}
        arguments = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        return arena.seconds(playbook, *arguments, OPENAI_RUNTIME_STORE=str(store), **environment)


@contextlib.contextmanager
def _stores(arena: Arena) -> Iterator[_Stores]:
    """Create the stores in `build/`, which can have more space than a directory for temporary files."""
    print(f"large store: creating {_THREADS * _TURNS} runs", file=sys.stderr)
    (arena.folder / "turn.yml").write_text(_TURN.lstrip())
    arena.seconds(arena.playbook("fill", _FILL))
    arena.stop_runtime()
    ids = {name: f"SELECT seq FROM threads_metadata WHERE value = '{name}'" for name in ("short", "deep")}
    names = {name: arena.rows(f"SELECT id FROM threads WHERE seq = ({query})")[0][0] for name, query in ids.items()}
    numbered = filled.number_ids(arena.store)
    # The parameters of the runs contain the assistant's id, so the id is kept.
    names = {**{name: numbered[id] for name, id in names.items()}, "assistant": _assistant(arena)}
    folder = ROOT / "build" / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    large = folder / "large.db"
    try:
        shutil.copyfile(arena.store, large)
        filled.copy_threads(large, names["short"], _THREADS)
        filled.copy_turns(large, names["deep"], _DEEP - 1)
        filled.copy_assistant(large, names["assistant"], "bench", _ASSISTANTS - 1)
        yield _Stores(arena.store, large, names)
    finally:
        shutil.rmtree(folder)


def _assistant(arena: Arena) -> str:
    return str(arena.rows("SELECT id FROM assistants")[0][0])
