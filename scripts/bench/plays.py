# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cost of a task: playbooks are timed as a whole, in turn, in several rounds.

The cost of a task is (a play with N tasks - the same play without these tasks) / N, minus the cost of `set_fact`. If
the machine is slow for a while, this affects all playbooks of a round in the same way.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from arena import Arena
from figures import Figure, Goal

_TASKS = 20
_FEW = 10
_FEWEST = 3  # each takes seconds, and is only measured for comparison
_FLOOR = 60

Seconds = Mapping[str, float]


@dataclasses.dataclass(frozen=True)
class Play:
    """A timed playbook.

    Attributes:
        tasks: The tasks as YAML.
        before: The state before the playbook: "stopped" without a local runtime, "fresh" also without a store.
        hosts: "managed" for tasks on a managed host.
    """

    tasks: str
    before: str = ""
    hosts: str = "localhost"


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table: a figure that is calculated from the times of the plays of a round, in seconds."""

    name: str
    unit: str
    plays: tuple[str, ...]
    make: Callable[[Seconds], float]
    goal: Goal | None = None
    before: float | None = None


_SET_FACT = "    - set_fact: {answer: Hello}\n"
_SKIPPED_FACT = "    - {set_fact: {answer: Hello}, when: false}\n"
_PREPARE = """
    - threadworks.openai.openai_assistant: {name: bench, model: none}
      register: assistant
    - threadworks.openai.openai_thread: {key: "bench-{{ round }}", messages: [{content: Hello}]}
      register: thread
    - threadworks.openai.openai_run: {thread_id: "{{ thread.thread_id }}", assistant_id: "{{ assistant.assistant_id }}"}
"""
_RUN = """
    - threadworks.openai.openai_run:
        thread_id: "{{ thread.thread_id }}"
        assistant_id: "{{ assistant.assistant_id }}"
"""
_LOOKUP = """
    - set_fact:
        answer: "{{ lookup('threadworks.openai.openai_thread', 'bench-' ~ round) }}"
"""
_URI = """
    - uri: {url: "{{ lookup('env', 'OPENAI_BASE_URL') }}/models"}
"""
_SKIPPED = "".join(
    f"    - {{threadworks.openai.{module}: {{}}, when: false}}\n"
    for module in ("openai_assistant", "openai_thread", "openai_message", "openai_run", "openai_thread_run")
)
_FIRST_RUN = """
    - threadworks.openai.openai_thread_run:
        assistant_id: "{{ assistant_id }}"
        thread: {messages: [{content: "Hello {{ round }}"}]}
"""
_MODULE = """
    - threadworks.openai.openai_assistant: {name: bench, model: none}
"""
_SDK = "    - bench_sdk:\n"

_PLAYS = {
    "nothing": Play(""),
    "floor": Play(_SET_FACT * _FLOOR),
    "one": Play(_SET_FACT),
    "uri": Play(_URI * _FEW),
    "prepared": Play(_PREPARE),
    "unchanged": Play(_PREPARE + _RUN * _TASKS),
    "new": Play(_PREPARE + (_RUN + "        force: true\n") * _TASKS),
    "lookups": Play(_LOOKUP * _TASKS),
    "plain": Play(_SKIPPED_FACT * 5),
    "skipped": Play(_SKIPPED),
    "first lookup": Play(_LOOKUP, "stopped"),
    "first run": Play(_FIRST_RUN, "stopped"),
    "first task": Play(_MODULE, "fresh"),
    "managed": Play("", hosts="managed"),
    "module": Play(_MODULE * _FEW, hosts="managed"),
    "ping": Play("    - ping:\n" * _FEW, hosts="managed"),
    "sdk": Play(_SDK * _FEWEST, hosts="managed"),
}


def _floor(seconds: Seconds) -> float:
    return (seconds["floor"] - seconds["nothing"]) / _FLOOR


def _beyond(play: str, without: str, times: int) -> Callable[[Seconds], float]:
    """Return the cost of a task in a play, minus the cost of `set_fact`."""
    return lambda seconds: (seconds[play] - seconds[without]) / times - _floor(seconds)


_BASE = ("nothing", "floor")
_uri, _new = _beyond("uri", "nothing", _FEW), _beyond("new", "prepared", _TASKS)

ROWS = (
    Row("set_fact (baseline)", "s", _BASE, _floor),
    Row(
        "overhead of a play before its first task",
        "s",
        ("plain", "skipped"),
        lambda seconds: seconds["skipped"] - seconds["plain"],
        Goal(0.15),
        2.6,
    ),
    Row(
        "first task of a play without a running local runtime (openai_assistant, new store)",
        "s",
        ("one", "first task"),
        lambda seconds: seconds["first task"] - seconds["one"],
        Goal(1.5),
    ),
    Row(
        "first task of a play without a running local runtime (openai_thread_run, wait: true)",
        "s",
        ("one", "first run"),
        lambda seconds: seconds["first run"] - seconds["one"],
        Goal(1.5),
    ),
    Row(
        "first lookup of a play without a running local runtime",
        "s",
        ("one", "first lookup"),
        lambda seconds: seconds["first lookup"] - seconds["one"],
        Goal(1.5),
    ),
    Row(
        "lookup in a play with only lookups",
        "s",
        (*_BASE, "lookups"),
        _beyond("lookups", "nothing", _TASKS),
        Goal(0.04),
        2.6,
    ),
    Row(
        "openai_run, unchanged",
        "s",
        (*_BASE, "prepared", "unchanged"),
        _beyond("unchanged", "prepared", _TASKS),
        Goal(0.025),
        0.044,
    ),
    Row("openai_run, new run", "s", (*_BASE, "prepared", "new"), _new, Goal(0.06), 0.115),
    Row("ansible.builtin.uri, one GET request", "s", (*_BASE, "uri"), _uri),
    Row(
        "uri / new run",
        "",
        (*_BASE, "prepared", "new", "uri"),
        lambda seconds: _uri(seconds) / _new(seconds),
        Goal(8, at_least=True),
        4.6,
    ),
    Row(
        "module on a managed host with runtime_url (openai_assistant, unchanged)",
        "s",
        (*_BASE, "managed", "module"),
        _beyond("module", "managed", _FEW),
        Goal(0.4),
        2.1,
    ),
    Row(
        "ansible.builtin.ping on a managed host",
        "s",
        (*_BASE, "managed", "ping"),
        _beyond("ping", "managed", _FEW),
    ),
    Row(
        "module on a managed host that imports the openai SDK and does nothing",
        "s",
        (*_BASE, "managed", "sdk"),
        _beyond("sdk", "managed", _FEWEST),
    ),
)

# Works like `local`, but action plugins do not treat it as local, and the module is copied as to a managed host.
_CONNECTION = '''
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: bench
short_description: A host that is not this one
description: Runs all commands on this host as if it were a managed host.
author: threadworks.openai contributors
extends_documentation_fragment: [connection_pipelining]
"""


class Connection(Local):
    transport = "bench"
'''
_SDK_MODULE = """
import openai
from ansible.module_utils.basic import AnsibleModule

AnsibleModule({}).exit_json(version=openai.VERSION)
"""


def measure(rounds: int, only: str) -> list[Figure]:
    """Time the plays for the selected rows, and return the figures of the rows."""
    rows = [row for row in ROWS if fnmatch.fnmatch(row.name, only)]
    if not rows:
        return []
    wanted = {name for row in rows for name in row.plays}
    with Arena() as arena, contextlib.ExitStack() as stack:
        timed = _Timed(arena, "managed" in wanted and stack.enter_context(arena.served()).url)
        taken = []
        for number in range(rounds + 1):
            print(f"tasks: round {number} of {rounds}", file=sys.stderr)
            # Not timed: starts the runtime, and creates the objects that other plays read.
            timed.seconds("prepared", number)
            taken.append({name: timed.seconds(name, number) for name in _PLAYS if name in wanted})
    # Round 0 only fills the caches of the file system and of Python.
    return [Figure(row.name, row.unit, [row.make(each) for each in taken[1:]], row.goal, row.before) for row in rows]


class _Timed:
    """The plays as files."""

    def __init__(self, arena: Arena, served: str | bool) -> None:
        self._arena = arena
        self._inventory = self._managed_host(str(served)) if served else []
        self._files = {name: arena.playbook(name, play.tasks, play.hosts) for name, play in _PLAYS.items()}

    def seconds(self, name: str, number: int) -> float:
        """Run a play once and return how long it took."""
        play, environment = _PLAYS[name], {}
        if play.before:
            self._arena.stop_runtime()
        if play.before == "fresh":
            environment["OPENAI_RUNTIME_STORE"] = str(self._arena.folder / f"fresh-{number}.db")
        arguments = ["-e", f"round={number}", "-e", f"assistant_id={self._assistant()}"]
        inventory = self._inventory if play.hosts == "managed" else []
        taken = self._arena.seconds(self._files[name], *arguments, *inventory, **environment)
        if play.before == "fresh":
            self._arena.stop_runtime()
        return taken

    def _assistant(self) -> str:
        """Return the id of the assistant that the play `prepared` has created."""
        return str(self._arena.rows("SELECT id FROM assistants")[0][0]) if self._arena.store.exists() else "none"

    def _managed_host(self, runtime_url: str) -> list[str]:
        folder = self._arena.folder
        _write(folder / "connection" / "bench.py", _CONNECTION)
        _write(folder / "library" / "bench_sdk.py", _SDK_MODULE)
        self._arena.environment["ANSIBLE_CONNECTION_PLUGINS"] = str(folder / "connection")
        self._arena.environment["ANSIBLE_LIBRARY"] = str(folder / "library")
        inventory = folder / "inventory.ini"
        python = "ansible_python_interpreter='{{ ansible_playbook_python }}'"
        inventory.write_text(f"managed ansible_connection=bench {python} openai_runtime_url={runtime_url}\n")
        return ["-i", str(inventory)]


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text.lstrip())
