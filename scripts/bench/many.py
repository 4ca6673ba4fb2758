# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many runs at once: the resources that 500 runs use, and the duration of 100 runs."""

from __future__ import annotations

import fnmatch
import math
import sys
import time
from collections.abc import Callable

import procfs
from arena import Arena, wait
from figures import Figure, Goal

_MANY = 500
_HUNDRED = 100
_POOL = 32
_WINDOW = 20.0
_ASSISTANT = """
    - threadworks.openai.openai_assistant: {name: bench, model: none}
      register: assistant
"""
_LOOP = f"""
    - threadworks.openai.openai_thread_run:
        assistant_id: "{{{{ assistant.assistant_id }}}}"
        key: "run-{{{{ item }}}}"
        thread: {{messages: [{{content: "Question {{{{ item }}}}"}}]}}
        wait: false
      loop: "{{{{ range({_MANY}) | list }}}}"
"""
_TASK = """
    - threadworks.openai.openai_thread_run:
        assistant_id: "{{ assistant.assistant_id }}"
        key: "run-{{ round }}-%d"
        thread: {messages: [{content: "Question %d"}]}
        wait: false
      register: run_%d
"""
_WAIT = """
    - threadworks.openai.openai_run_info:
        runs: "{{ query('vars', *(range(100) | map('string') | map('regex_replace', '^', 'run_'))) }}"
        wait: true
"""
_SET_FACT = "    - set_fact: {answer: Hello}\n"


def measure(rounds: int, only: str) -> list[Figure]:
    """Measure the selected figures."""
    chosen = [(names, make) for names, make in _MEASUREMENTS if any(fnmatch.fnmatch(name, only) for name in names)]
    figures = [figure for names, make in chosen for figure in make(names, rounds)]
    return [figure for figure in figures if fnmatch.fnmatch(figure.name, only)]


def _pool_of_500(names: tuple[str, ...], _rounds: int) -> list[Figure]:
    """Measure 500 runs that only wait for the model."""
    print("500 runs at once", file=sys.stderr)
    with Arena(OPENAI_RUNTIME_CONCURRENT_RUNS=str(_MANY)) as arena:
        arena.script([{"match": "Question", "delay": 60, "sticky": True}])
        started = arena.seconds(arena.playbook("many", _ASSISTANT + _LOOP))
        wait(lambda: len(arena.asked()) == _MANY, "The model server was not asked 500 times", 60)
        pids = arena.processes()
        used, began = _cpu(pids), time.monotonic()
        time.sleep(_WINDOW)
        share = 100 * (_cpu(pids) - used) / (time.monotonic() - began)
        if _active(arena) != _MANY:
            print(f"Only {_active(arena)} runs were active until the end of the measurement.", file=sys.stderr)
        waiting = sum(procfs.resident(pid) for pid in pids)
        processes = len(arena.processes())
        wait(lambda: not _active(arena), "500 runs did not end", 180)
        highest = sum(procfs.peak(pid) for pid in pids)
        failed = _MANY - _completed(arena)
    values = (processes, waiting, highest, share, failed, started)
    return _figures(names, values, ("", "MiB", "MiB", "% of a core", "", "s"), (1, 400, 400, 5, 0, None))


def _default_pool(names: tuple[str, ...], _rounds: int) -> list[Figure]:
    """Measure 500 runs, of which 32 are executed at once. The model answers after 2 seconds."""
    print("500 runs in the default pool", file=sys.stderr)
    with Arena() as arena:
        arena.script([{"match": "Question", "delay": 2, "sticky": True}])
        arena.seconds(arena.playbook("many", _ASSISTANT + _LOOP))
        pids, queued = arena.processes(), _active(arena) - _POOL
        wait(lambda: not _active(arena), "500 runs did not end", 180)
        highest = sum(procfs.peak(pid) for pid in pids)
        order = [int(str(body["input"]).rpartition("Question ")[2].partition("'")[0]) for body in arena.asked()]
        failed = _MANY - _completed(arena)
    moved = max(abs(place - number) for place, number in enumerate(order))
    # Runs that start at the same time reach the model server in any order.
    values = (highest, moved, failed, queued)
    return _figures(names, values, ("MiB", "places", "", ""), (150, _POOL, 0, None))


def _hundred(names: tuple[str, ...], rounds: int) -> list[Figure]:
    """Measure 100 tasks that each start a run of a second, and a task that waits for all of them."""
    taken: dict[str, list[float]] = {"ideal": [], "taken": [], "ratio": []}
    tasks = "".join(_TASK % (number, number, number) for number in range(_HUNDRED))
    with Arena() as arena:
        arena.script([{"match": "Question", "delay": 1, "sticky": True}])
        plays = {
            "nothing": arena.playbook("nothing", ""),
            "floor": arena.playbook("floor", _SET_FACT * (_HUNDRED + 1)),
            "prepared": arena.playbook("prepared", _ASSISTANT),
            "runs": arena.playbook("runs", _ASSISTANT + tasks + _WAIT),
        }
        arena.seconds(plays["prepared"])
        for number in range(rounds):
            print(f"100 runs: round {number + 1} of {rounds}", file=sys.stderr)
            seconds = {name: arena.seconds(play, "-e", f"round={number}") for name, play in plays.items()}
            taken["ideal"].append(math.ceil(_HUNDRED / _POOL) + seconds["floor"] - seconds["nothing"])
            taken["taken"].append(seconds["runs"] - seconds["prepared"])
            taken["ratio"].append(taken["taken"][-1] / taken["ideal"][-1])
    return [
        Figure(names[0], "", taken["ratio"], Goal(1.5)),
        Figure(names[1], "s", taken["taken"]),
        Figure(names[2], "s", taken["ideal"]),
    ]


def _figures(
    names: tuple[str, ...], values: tuple[float, ...], units: tuple[str, ...], goals: tuple[float | None, ...]
) -> list[Figure]:
    return [
        Figure(name, unit, [float(value)], None if goal is None else Goal(goal), _BEFORE.get(name))
        for name, value, unit, goal in zip(names, values, units, goals, strict=True)
    ]


def _cpu(pids: list[int]) -> float:
    return sum(procfs.cpu_seconds(pid) for pid in pids)


def _active(arena: Arena) -> int:
    query = "SELECT count(*) FROM runs WHERE status IN ('queued', 'in_progress', 'cancelling')"
    return int(arena.rows(query)[0][0])


def _completed(arena: Arena) -> int:
    return int(arena.rows("SELECT count(*) FROM runs WHERE status = 'completed'")[0][0])


_MEASUREMENTS: tuple[tuple[tuple[str, ...], Callable[[tuple[str, ...], int], list[Figure]]], ...] = (
    (
        (
            "500 runs at once: processes",
            "500 runs at once: memory while waiting",
            "500 runs at once: largest memory",
            "500 runs at once: CPU while waiting",
            "500 runs at once: not completed",
            "500 runs at once: time to start them",
        ),
        _pool_of_500,
    ),
    (
        (
            "500 runs, default pool: largest memory",
            "500 runs, default pool: places out of order at the model server",
            "500 runs, default pool: refused or not completed",
            "500 runs, default pool: queued at the end of the play",
        ),
        _default_pool,
    ),
    (
        (
            "100 runs of 1 s in one play / ideal",
            "100 runs of 1 s in one play: 100 tasks with wait: false, and one that waits",
            "100 runs of 1 s in one play: ideal (4 s and 101 set_fact tasks)",
        ),
        _hundred,
    ),
)
_BEFORE = {
    "500 runs at once: processes": 1000.0,
    "500 runs at once: memory while waiting": 10240.0,
    "500 runs at once: CPU while waiting": 220.0,
}
